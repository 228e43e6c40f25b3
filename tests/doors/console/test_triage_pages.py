"""The queue of groups: quick in a storm, every decision from one form, and what was typed is never lost."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from desk.triage import arrive, group_of
from doors.console.house import HIKESHI, HOSTILE, as_actor, signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.alerts import groups, judging
from hikeshi.desk.alerts.models import Alert, Group, Suppression
from hikeshi.desk.incidents.models import Incident


@pytest.fixture
def client(other: Person) -> Client:
    return signed_in(other)


def _decide(client: Client, group: Group, decision: str, **more: object) -> HttpResponseBase:
    typed = {"decision": decision, "reason": "the scanner's address", "version": group.version} | more
    answer: HttpResponseBase = client.post(f"/alerts/groups/{group.pk}/decide/", typed)
    return answer


def _text(answer: HttpResponseBase) -> str:
    return answer.getvalue().decode()


def _storm(count: int) -> None:
    now = timezone.now()
    Group.objects.bulk_create(
        Group(
            fingerprint=f"f{n}", source="t", title=f"Cause number {n}.", kind="k", size=1, first_at=now, last_at=now,
            answer_by=now + timedelta(seconds=n // 3), suggested_severity=2,
        )
        for n in range(count)
    )  # fmt: skip


def test_the_first_group_is_open_and_after_a_verdict_the_next(client: Client) -> None:
    second, first = group_of(HIKESHI, severity=5), group_of(HIKESHI, cause="i-0def", severity=9)
    assert f'id="decide" method="post" action="/alerts/groups/{first.pk}/' in _text(client.get("/alerts/"))
    answer = _decide(client, first, "false", why_false="rule_wrong")
    assert answer["Location"] == f"/alerts/groups/{second.pk}/?propose={first.pk}#group"
    assert Group.objects.get(pk=first.pk).why == "rule_wrong"
    page = _text(client.get(answer["Location"].partition("#")[0]))
    assert "instance=i-0def" in page
    assert not Suppression.objects.exists()


def test_a_proposal_is_one_click_more(client: Client) -> None:
    group = group_of(HIKESHI)
    answer = _decide(client, group, "benign", why_benign="scanner_of_ours")
    page = _text(client.get(answer["Location"].partition("#")[0]))
    match = [unescape(one) for one in re.findall(r'name="match" value="([^"]+)"', page)]
    made = client.post("/alerts/suppressions/", {"match": match, "reason": "ours", "days": "30"})
    assert made.status_code == 302
    hidden = group_of(HIKESHI, 2)
    assert hidden.state == "suppressed"
    assert f"/alerts/groups/{hidden.pk}/" in _text(client.get("/alerts/?show=suppressed"))
    row = Suppression.objects.get()
    assert "ours" in _text(client.get("/alerts/suppressions/"))
    client.post(f"/alerts/suppressions/{row.pk}/end/", {"reason": "mended"})
    assert "ended by suzuki" in _text(client.get("/alerts/suppressions/"))
    client.post(f"/alerts/groups/{hidden.pk}/unhide/", {"reason": "look"})
    assert Group.objects.get(pk=hidden.pk).state == "waiting"


def test_a_broad_suppression_is_refused_and_what_was_typed_stays(client: Client) -> None:
    answer = client.post("/alerts/suppressions/", {"match": "source=sqs", "reason": "everything", "days": "30"})
    assert answer.status_code == 403
    assert "source=sqs" in _text(answer)
    assert "everything" in _text(answer)


def test_groups_selected_in_the_list_get_the_same(client: Client) -> None:
    rows = [group_of(HIKESHI, cause=f"i-0{n}") for n in range(3)]
    also = [f"{row.pk}:{row.version}" for row in rows[1:]]
    assert _decide(client, rows[0], "benign", why_benign="known_change", also=also).status_code == 302
    assert set(Group.objects.values_list("state", flat=True)) == {"judged"}


def test_a_second_judge_sees_both_texts(client: Client, commander: Person) -> None:
    group = group_of(HIKESHI)
    judging.judge([group], actor=as_actor(commander), verdict="true", why="confirmed_compromise", reason="seen it")
    answer = _decide(client, group, "false", why_false="rule_wrong")
    assert answer.status_code == 409
    assert "kondo judged" in _text(answer)
    assert "the scanner&#x27;s address" in _text(answer)


def test_what_is_refused_keeps_what_was_typed(client: Client) -> None:
    group = group_of(HIKESHI)
    for decision in ("false", "link", "snooze", "ask", "nonsense", "declare"):
        answer = _decide(client, group, decision, severity="9", hours="9999", version="x")
        assert answer.status_code == 403, decision
        assert "the scanner&#x27;s address</textarea>" in _text(answer)
    assert Group.objects.get().state == "waiting"


def test_declare_link_snooze_ask_and_assign(responder: Person, incident: Incident) -> None:
    client = signed_in(responder)
    rows = [group_of(HIKESHI, cause=f"i-0{n}") for n in range(4)]
    answer = _decide(client, rows[0], "declare", severity="1", why_true="confirmed_compromise")
    assert answer["Location"] == f"/incidents/{Incident.objects.latest('pk').name}/"
    assert _decide(client, rows[1], "link", incident=incident.name, why_true="confirmed_compromise").status_code == 302
    assert incident.alerts.count() == 1
    page = _text(client.get(f"/alerts/groups/{rows[1].pk}/"))
    assert incident.name in page
    client.post(f"/alerts/groups/{rows[1].pk}/unlink/", {"incident": incident.name, "reason": "no"})
    assert incident.alerts.count() == 0
    assert _decide(client, rows[2], "snooze", hours="1").status_code == 302
    assert f"/alerts/groups/{rows[2].pk}/" in _text(client.get("/alerts/?show=snoozed"))
    client.post(f"/alerts/groups/{rows[2].pk}/wake/")
    assert _decide(client, rows[3], "ask", to="web team").status_code == 302
    question = rows[3].questions.get()
    client.post(f"/alerts/groups/{rows[3].pk}/answer/", {"question": question.pk, "answer": "It was not us."})
    assert "It was not us." in _text(client.get(f"/alerts/groups/{rows[3].pk}/"))
    client.post(f"/alerts/groups/{rows[3].pk}/assign/", {"person": "sato"})
    assert f"/alerts/groups/{rows[3].pk}/" in _text(client.get("/alerts/?show=mine"))


def test_related_groups_are_merged_and_taken_apart(client: Client) -> None:
    first, second = group_of(HIKESHI), group_of(HIKESHI, cause="i-0def")
    assert "address 203.0.113.66" in _text(client.get(f"/alerts/groups/{first.pk}/"))
    typed = {"version": first.version, "also": f"{second.pk}:{second.version}", "reason": "one machine"}
    client.post(f"/alerts/groups/{first.pk}/merge/", typed)
    assert "×2" in _text(client.get("/alerts/"))
    client.post(f"/alerts/groups/{second.pk}/unmerge/", {"reason": "two"})
    assert set(Group.objects.values_list("state", flat=True)) == {"waiting"}


def test_hostile_text_stays_text(client: Client) -> None:
    group = group_of(HIKESHI)
    _decide(client, group, "false", why_false="rule_wrong", reason=HOSTILE)
    for address in (f"/alerts/groups/{group.pk}/?propose={group.pk}", f"/alerts/suppressions/?like={group.pk}"):
        assert "<script>alert" not in _text(client.get(address))


def test_pages_follow_each_other_without_gap_or_repeat(client: Client) -> None:
    _storm(75)
    seen, address = [], "/alerts/"
    while address:
        page = _text(client.get(address))
        seen += [int(n) for n in re.findall(r"<b>Cause number (\d+)\.</b>", page)]
        more = re.search(r'href="(/alerts/\?show=waiting&amp;after=[^"]+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == list(range(75))


def test_the_page_asks_as_much_of_3000_groups_as_of_one_and_enters_the_index(client: Client) -> None:
    counted = []
    for many in (1, 3000):
        _storm(many) if many > 1 else group_of(HIKESHI)
        with CaptureQueriesContext(connection) as asked:
            client.get("/alerts/")
        counted.append(len(asked))
    assert counted[1] <= counted[0] + 2 <= 45
    assert "999+" in _text(client.get("/alerts/"))
    if connection.vendor == "sqlite":
        plan = groups.listed("waiting", as_actor(Person.objects.get(username="suzuki")), Group.objects.all())[
            :30
        ].explain()
        assert "group_queue" in plan
        assert "TEMP B-TREE" not in plan


def test_the_alerts_of_a_group_come_in_pages(client: Client) -> None:
    arrive(HIKESHI)
    group = Group.objects.get()
    Alert.objects.bulk_create(
        Alert(key=f"k{n}", group=group, source="s", title=f"Alert {n}.", kind="k", received_at=timezone.now())
        for n in range(30)
    )
    page = _text(client.get(f"/alerts/groups/{group.pk}/"))
    assert "Alert 29." in page
    assert "Alert 9." not in page
    before = re.search(r"alerts=(\d+)", page)
    assert before
    assert "Alert 9." in _text(client.get(f"/alerts/groups/{group.pk}/?alerts={before[1]}"))


def test_an_observer_sees_and_does_nothing(outsider: Person) -> None:
    group, client = group_of(HIKESHI), signed_in(outsider)
    assert client.get(f"/alerts/groups/{group.pk}/").status_code == 404
    assert _decide(client, group, "false", why_false="rule_wrong").status_code == 403
    assert client.get("/alerts/suppressions/").status_code == 404


@pytest.mark.parametrize(
    "query", ["show=nothing", "after=x", "after=1.1", f"after={'9' * 30}.1", "propose=x", "alerts=0", "part=none"]
)
def test_addresses_that_mean_nothing_do_no_harm(client: Client, query: str) -> None:
    group_of(HIKESHI)
    assert client.get(f"/alerts/?{query}").status_code == 200
