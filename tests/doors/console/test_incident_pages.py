"""Details, secrecy and the page for counsel: what is refused shows the page again, a conflict with all texts."""

from __future__ import annotations

from doors.console.house import HIKESHI, House, as_actor, signed_in
from hikeshi.desk.incidents import counsel, verbs as incidents
from hikeshi.desk.incidents.models import Incident


def _fresh(house: House) -> Incident:
    return Incident.objects.get(pk=house.incident.pk)


def _root(house: House) -> str:
    return f"/incidents/{house.incident.name}/"


def test_a_title_changed_by_somebody_else_shows_both_and_writes_nothing(house: House) -> None:
    client, row = signed_in(house.commander), _fresh(house)
    typed = {"version": row.version, "was_title": row.title, "title": "Two servers mine", "reason": ""}
    Incident.objects.filter(pk=row.pk).update(title="One server mines")
    before = _fresh(house)
    client.post(f"{_root(house)}details/edit/", {**typed, "was_title": "x", "title": "Three servers mine"})
    answer = client.post(f"{_root(house)}details/edit/", typed)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert 'class="conflict"' in text
    assert "Use mine" in text
    assert "Use saved" in text
    assert 'id="by-hand-title"' in text
    assert _fresh(house).title == "Three servers mine"
    mine = client.post(f"{_root(house)}details/edit/", {**typed, "version": before.version + 1})
    assert (mine.status_code, _fresh(house).title) == (302, "Two servers mine")


def test_only_what_was_touched_is_written(house: House) -> None:
    client, row = signed_in(house.commander), _fresh(house)
    shown = {
        "title": row.title,
        "marking": row.marking,
        "occurred_at": "",
        "detected_at": "2026-11-07T03:12:00",
        "code_name": "",
    }
    typed = {
        **shown,
        **{f"was_{name}": value for name, value in shown.items()},
        "version": str(row.version),
        "marking": "red",
    }
    assert client.post(f"{_root(house)}details/edit/", typed).status_code == 302
    assert (_fresh(house).marking, _fresh(house).detected_at) == ("red", row.detected_at)


def test_two_summaries_that_do_not_touch_are_taken_together(house: House) -> None:
    client, row = signed_in(house.responder), _fresh(house)
    incidents.summarise(row, "One server. No data left.", actor=as_actor(house.responder))
    seen = _fresh(house).version
    incidents.summarise(_fresh(house), "Two servers. No data left.", actor=HIKESHI)
    answer = client.post(f"{_root(house)}act/summary/", {"version": seen, "summary": "One server. Some data left."})
    assert answer.status_code == 409
    assert "Two servers. Some data left." in answer.content.decode()


def test_incidents_are_linked_and_merged_from_the_page(house: House) -> None:
    client = signed_in(house.commander)
    other = incidents.declare("Elsewhere", 2, actor=HIKESHI, reason="r", simulated=True)
    details = f"{_root(house)}details/"
    assert client.post(f"{details}link/", {"other": other.name, "kind": "same_actor"}).status_code == 302
    assert other.name in client.get(details).content.decode()
    assert client.post(f"{details}merge/", {"other": other.name, "reason": "one attacker"}).status_code == 302
    assert _fresh(house).merged_into == other
    assert "goes on in another incident" in client.get(details).content.decode()
    assert house.incident.name not in client.get("/").content.decode().split("All incidents")[0]
    assert client.post(f"{details}unmerge/", {"reason": "two"}).status_code == 302
    assert client.post(f"{details}merge/", {"other": "INC-1999-001", "reason": "x"}).status_code == 403


def test_a_note_for_counsel_is_seen_by_its_writer_alone(house: House) -> None:
    client = signed_in(house.responder)
    assert client.post(f"{_root(house)}counsel/", {"text": "We knew in March."}).status_code == 302
    assert "We knew in March." in client.get(f"{_root(house)}counsel/").content.decode()
    assert "We knew in March." not in signed_in(house.admin).get(f"{_root(house)}counsel/").content.decode()
    assert counsel.readable(house.incident, actor=as_actor(house.responder)).count() == 1


def test_restricting_from_the_page_and_the_banner_of_a_broken_glass(house: House) -> None:
    signed_in(house.commander).post(
        f"{_root(house)}secrecy/restrict/", {"reason": "an insider", "version": _fresh(house).version}
    )
    admin = signed_in(house.admin)
    assert admin.get(_root(house)).status_code == 404
    assert admin.post("/audit/glass/", {"incident": house.incident.name, "reason": ""}).status_code == 403
    assert admin.post("/audit/glass/", {"incident": house.incident.name, "reason": "nobody answers"}).status_code == 302
    text = signed_in(house.responder).get(_root(house)).content.decode()
    assert "by force" in text
    assert "nobody answers" in text
