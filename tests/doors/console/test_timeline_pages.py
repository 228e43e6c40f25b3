"""The timeline's page: events, filters, marks, one event, paging."""

from __future__ import annotations

import gzip
import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, strategies as st

from doors.console.house import HIKESHI, HOSTILE, House, cloudtrail, signed_in
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.timelines import verbs as timelines
from hikeshi.doors.console import escalation as attempts, search, timeline as page
from hikeshi.doors.console.search import Search, at, key_of
from trail_writer import Trail


def look(house: House, query: str = "") -> str:
    answer = signed_in(house.responder).get(f"/incidents/{house.incident.name}/timeline/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def events(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'<a href="(\?[^"]*event=[^"]*)"', text)]


def test_events_are_listed_with_the_attacker_s_marked(house: House) -> None:
    text = look(house)
    assert len(events(text)) == 4
    assert text.count("GetCallerIdentity") >= 1
    assert text.count('<span class="lane-a"><span class="sr">attacker</span></span>') >= 3
    assert 'class="f-plum"' in text


def test_filters_narrow_and_their_chips_take_them_out(house: House) -> None:
    text = look(house, "?src_ip=192.0.2.10")
    assert len(events(text)) == 1
    assert "src_ip: 192.0.2.10" in text
    assert len(events(look(house, "?q=CreateUser"))) == 1
    assert len(events(look(house, "?start=2026-11-07+03:02&end=2026-11-07+03:04"))) == 2  # the reader's zone is Tokyo


def test_what_makes_no_sense_in_an_address_is_left_out(house: House) -> None:
    assert len(events(look(house, "?start=yesterday&after=x&event=%00&evil=1&t=none"))) == 4


def test_one_event_shows_its_raw_record_as_text(house: House) -> None:
    first = events(look(house))[0].split("#")[0]
    text = look(house, first)
    assert 'id="event"' in text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "userAgent" in text


RULE = "title: Made a user\nlevel: high\ntags: [attack.t1136.003]\nlogsource: {product: aws, service: cloudtrail}\n"


def test_what_rules_hit_is_listed_and_leads_to_the_events(house: House, tmp_path: Path) -> None:
    (tmp_path / "made.yml").write_text(RULE + "detection: {s: {eventName: CreateUser}, condition: s}\n")
    (tmp_path / "broken.yml").write_text("title: [")
    [hit] = timelines.detect(house.incident.timelines.get(), [tmp_path], actor=HIKESHI)
    text = look(house)
    assert "T1136.003" in text
    assert "1 of 2 rules hit" in text
    assert "broken.yml" in text
    assert f"hit={hit.pk}" in text
    chosen = look(house, f"?hit={hit.pk}")
    assert len(events(chosen)) == 1
    assert "CreateUser" in chosen
    assert len(events(look(house, "?hit=x"))) == len(events(look(house, "?hit=99999"))) == 4


def test_our_own_rules_are_asked_from_the_page(house: House) -> None:
    client, address = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/detect/"
    assert client.post(address, {"t": house.incident.timelines.get().name}).status_code == 302
    assert house.incident.timelines.get().detection["events"] == 4
    assert client.post(address, {"t": "nope"}).status_code == 404


def test_pages_follow_each_other_without_loss(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PER_PAGE", 3)
    monkeypatch.setattr(search, "PER_PAGE", 3)
    text = look(house)
    later = html.unescape(re.findall(r'<a href="([^"]*after=[^"]*)">Later events', text)[0])
    rest = look(house, later)
    keys = [link.split("event=")[1] for link in events(text) + events(rest)]
    assert len(keys) == len(set(keys)) == 4


def test_a_mark_is_made_and_taken_back(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/"
    typed = {"t": "main", "kind": "responder", "what": "src_ip=192.0.2.10", "reason": "our own office"}
    assert client.post(root + "mark/", typed | {"reason": ""}).status_code == 403
    assert client.post(root + "mark/", typed).status_code == 302
    mark = house.timeline.marks.get(kind="responder")
    assert (mark.events, mark.made_by) == (1, "sato")
    assert client.post(root + "unmark/", {"mark": mark.pk}).status_code == 302
    assert not house.timeline.marks.filter(kind="responder").exists()


def test_a_field_that_is_none_of_the_schema_s_is_refused(house: House) -> None:
    root = f"/incidents/{house.incident.name}/timeline/mark/"
    typed = {"t": "main", "kind": "attacker", "what": "1=1; drop table x --=1", "reason": "x"}
    assert signed_in(house.responder).post(root, typed).status_code == 403


def test_a_timeline_is_asked_for_from_the_page(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/"
    assert client.post(root + "ask/", {"t": "second"}).status_code == 403
    assert client.post(root + "ask/", {"t": "second", "item": house.item.name}).status_code == 302
    assert "is being built" in look(house, "?t=second")
    timelines.build(house.incident.timelines.get(name="second"), actor=HIKESHI)
    assert len(events(look(house, "?t=second"))) == 4


def test_clocks_are_put_right_from_the_page_and_shown(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/"
    asked = {"t": "second", "item": house.item.name, "skew": "cloudtrail=+3.5s\r\n", "zone": "Asia/Tokyo"}
    assert client.post(root + "ask/", asked | {"skew": "cloudtrail=soon"}).status_code == 403
    assert client.post(root + "ask/", asked).status_code == 302
    timelines.build(house.incident.timelines.get(name="second"), actor=HIKESHI)
    text = look(house, "?t=second")
    assert (
        text.count("cloudtrail=+3.5s") == text.count("*=Asia/Tokyo") == 2
    )  # told, and in the form to be kept or taken out


def test_a_mapping_is_typed_into_the_page_and_stands_there_to_be_kept(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/"
    text = "name: mine\r\nformat: json\r\ntime: {field: eventTime}\r\n"
    asked = {"t": "second", "item": house.item.name, "mapped": ["EV-001/*", ""], "mapping": [text, ""]}
    assert client.post(root + "ask/", asked | {"mapping": ["name: mine", ""]}).status_code == 422
    assert client.post(root + "ask/", asked).status_code == 302
    second = house.incident.timelines.get(name="second")
    assert [one["mapping"] for one in second.assumed] == [text.replace("\r\n", "\n")]
    timelines.build(second, actor=HIKESHI)
    page = look(house, "?t=second")
    assert page.count("EV-001/*") == 2
    assert "\nname: mine\nformat: json\n" in page


def note(house: House, kind: str, text: str = "", **more: str) -> str:
    """What the page shows after one event was given a note; `more` is the state of the page it came from."""
    key = events(look(house))[0].split("event=")[1].split("#")[0]
    typed = {"t": "main", "event": key, "uid": key.split(".")[1], "kind": kind, "text": text, **more}
    client = signed_in(house.responder)
    answer = client.post(f"/incidents/{house.incident.name}/timeline/note/", typed)
    assert answer.status_code == 302
    assert key in answer["Location"]
    return client.get(answer["Location"]).content.decode()


def test_an_event_is_starred_tagged_and_commented_and_that_is_taken_back(house: House) -> None:
    note(house, "star")
    note(house, "tag", "Exfil")
    text = note(house, "comment", HOSTILE, src_ip="203.0.113.66")
    assert 'aria-pressed="true"' in text
    assert "#exfil" in text
    assert "&lt;img src=x" in text
    assert "<img" not in text
    assert "src_ip: 203.0.113.66" in text  # the filters are still there
    assert len(events(look(house, "?tag=exfil"))) == len(events(look(house, "?starred=1"))) == 1
    assert events(look(house, "?tag=other")) == []
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/unnote/"
    for row in house.timeline.notes.all():
        wanted = 403 if row.kind == "comment" else 302
        assert client.post(root, {"note": row.pk}).status_code == wanted
    assert client.post(root, {"note": house.timeline.notes.get().pk, "reason": "wrong"}).status_code == 302
    assert not house.timeline.notes.exists()
    assert client.post(root, {"note": "x"}).status_code == 404


def test_a_note_that_cannot_be_kept_is_refused_with_the_page(house: House) -> None:
    root = f"/incidents/{house.incident.name}/timeline/note/"
    typed = {"t": "main", "uid": "00" * 16, "kind": "star"}
    assert signed_in(house.responder).post(root, typed).status_code == 403


def test_a_search_is_saved_followed_and_deleted(house: House) -> None:
    note(house, "tag", "exfil")
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/searches/"
    state = {"t": "main", "src_ip": "203.0.113.66", "tag": "exfil", "name": "theirs"}
    assert client.post(root + "save/", state | {"name": ""}).status_code == 403
    assert client.post(root + "save/", state).status_code == 302
    saved = house.timeline.searches.get()
    assert (saved.query, saved.tags) == ({"where": {"src_ip": "203.0.113.66"}}, ["exfil"])
    text = look(house, f"?saved={saved.pk}")
    assert len(events(text)) == 1
    assert "Delete this search" in text
    assert len(events(look(house, f"?saved={saved.pk}&action=ListBuckets"))) == 0
    assert len(events(look(house, "?saved=99999"))) == 4
    assert client.post(root + "delete/", {"t": "main", "search": saved.pk}).status_code == 302
    assert not house.timeline.searches.exists()


def test_one_name_has_a_page_of_everything_said_of_it(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/about/"
    text = client.get(root, {"t": "main", "value": "203.0.113.66"}).content.decode()
    assert "3 events" in text
    assert "CreateUser" in text
    assert "src_ip=203.0.113.66" in text
    assert "No event names it" in client.get(root, {"t": "main", "value": "nobody"}).content.decode()
    assert client.get(root, {"t": "main"}).status_code == 200
    assert client.get(root, {"t": "none"}).status_code == 404
    assert "timeline/about/?t=main&amp;value=203.0.113.66" in look(house, events(look(house))[0].split("#")[0])


def test_two_windows_are_compared_on_a_page(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/timeline/diff/"
    times = {"before_start": "2026-11-07 03:00", "before_end": "2026-11-07 03:02", "after_start": "2026-11-07 03:02"}
    asked = {"t": "main", "field": "action", **times, "after_end": "2026-11-07 03:10"}  # the reader's zone is Tokyo
    text = client.get(root, asked).content.decode()
    assert "4 changes" in text
    assert "action=ListBuckets" in text
    for wrong in ({"after_end": "tomorrow"}, {"field": "nope"}, {"field": "1=1"}):
        assert client.get(root, asked | wrong).status_code == 403
    assert client.get(root, {"t": "main"}).status_code == 200


def tries(house: House, **asked: str) -> tuple[int, str]:
    address = f"/incidents/{house.incident.name}/timeline/escalation/"
    answer = signed_in(house.responder).get(address, {"t": "main", **asked})
    return answer.status_code, answer.content.decode()


def test_who_tried_to_gain_rights_leads_to_the_event_and_to_everything_of_the_name(house: House) -> None:
    assert f"timeline/escalation/?t={house.timeline.name}" in look(house)
    status, text = tries(house)
    assert status == 200
    assert "CreateUser" in text
    assert "ListBuckets" not in text
    assert "timeline/about/?t=main&amp;value=ci" in text
    [link] = events(text.replace(f"/incidents/{house.incident.name}/timeline/?", "?"))
    explorer = look(house, link.split("#")[0])
    assert 'id="event"' in explorer
    assert "event=" + link.split("event=")[1].split("#")[0] in events(explorer)[0]  # the list begins with it


def test_tries_keep_to_their_window_and_a_time_that_is_none_is_refused(house: House) -> None:
    assert (
        "CreateUser" in tries(house, start="2026-11-07 03:01", end="2026-11-07 03:02")[1]
    )  # the reader's zone is Tokyo
    assert "CreateUser" not in tries(house, start="2026-11-07 03:02")[1]
    for wrong in ({"start": "yesterday"}, {"end": "2026-13-01"}):
        assert tries(house, **wrong)[0] == 403
    assert tries(house, after="x")[0] == 200
    assert tries(house, t="none")[0] == 404


def test_tries_follow_each_other_page_by_page_without_loss(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = cloudtrail(tmp_path)
    trail.write_text(trail.read_text().replace("ListBuckets", "AttachUserPolicy").replace("RunInstances", "CreateRole"))
    item = evidence.seal_files(house.incident, [trail], actor=HIKESHI, title="Tries", kind="logs")
    timelines.build(timelines.ask(house.incident, "tries", [item], actor=HIKESHI), actor=HIKESHI)
    monkeypatch.setattr(attempts, "PER_PAGE", 2)
    first = tries(house, t="tries", start="2026-11-07 03:00")[1]
    [later] = re.findall(r'<a href="([^"]*)">Later events', first)
    second = tries(house, **dict(parse_qsl(html.unescape(later).lstrip("?"))))[1]
    for text, calls in ((first, {"CreateUser", "AttachUserPolicy"}), (second, {"CreateRole"})):
        assert set(re.findall(r"<code><b>(\w+)</b>", text)) == calls
    assert "Later events" not in second
    assert "To the beginning" in second


def test_outcome_and_reasons_of_a_try_are_said_in_japanese_too(house: House) -> None:
    client = signed_in(house.responder, "ja")
    text = client.get(f"/incidents/{house.incident.name}/timeline/escalation/?t=main").content.decode()
    assert "許可" in text
    assert "再侵入の手段を作成した" in text
    assert "証拠ではありません" in text


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_address_whatever_breaks_the_search(start: str, after: str, words: str) -> None:
    found = Search.read("main", {"start": start, "after": after, "q": words, "action": words})
    query = found.query()
    assert query.after is None or isinstance(query.after[0], int)
    assert found.link().startswith("?t=main")
    assert Search.exactly(start) is None or "." in start


@given(st.integers(min_value=-(10**16), max_value=10**16), st.binary(min_size=16, max_size=16))
def test_an_event_s_key_finds_its_own_place(stamp: int, uid: bytes) -> None:
    key = key_of({"ts": stamp, "event_uid": uid.hex()})
    assert Search.read("main", {"after": key}).query().after == (stamp, uid.hex())


def test_a_time_is_exact_to_the_microsecond() -> None:
    assert at(1_793_988_061_000_001).isoformat() == "2026-11-06T18:01:01.000001+00:00"


@pytest.fixture
def holed(house: House, tmp_path: Path) -> House:
    """The house with a timeline `trail` of which the digest of an hour is gone, and one log was delivered twice."""
    trail = Trail(tmp_path / "bucket")
    digests = [trail.digest(hour) for hour in range(4)]
    digests[1].unlink()
    log = next((tmp_path / "bucket").glob("AWSLogs/*/CloudTrail/**/*.gz"))
    body = json.loads(gzip.decompress(log.read_bytes()))
    body["Records"][0]["eventVersion"] = "1.08"
    (tmp_path / "bucket" / "second-trail.json").write_text(json.dumps(body))
    item = evidence.seal_files(house.incident, [tmp_path / "bucket"], actor=HIKESHI, title="Trail", kind="logs")
    timelines.build(timelines.ask(house.incident, "trail", [item], actor=HIKESHI), actor=HIKESHI)
    return house


def test_what_is_missing_is_hatched_and_said_in_words(holed: House) -> None:
    text = look(holed, "?t=trail")
    assert 'fill="url(#gap)"' in text
    assert "Digest missing" in text
    assert "Digests that the chain names are not here." in text
    assert "The logs are not all as CloudTrail delivered them" in text
    japanese = (
        signed_in(holed.responder, "ja").get(f"/incidents/{holed.incident.name}/timeline/?t=trail").content.decode()
    )
    assert "ダイジェスト欠落" in japanese


def test_an_event_delivered_twice_shows_its_witnesses_and_what_differs(holed: House) -> None:
    twice = next(
        link for link in events(look(holed, "?t=trail")) if "Delivered 2 times" in look(holed, link.split("#")[0])
    )
    text = look(holed, twice.split("#")[0])
    assert "second-trail.json#1" in text
    assert "<dt>eventVersion</dt>" in text
    assert "hash_ok</span>" not in text
    japanese = signed_in(holed.responder, "ja").get(f"/incidents/{holed.incident.name}/timeline/{twice.split('#')[0]}")
    assert "ハッシュ値一致(署名未確認)" in japanese.content.decode()
    assert "<code>1.08</code>" in text


def test_a_timeline_is_deleted_from_its_page_once_a_reason_is_given(house: House) -> None:
    client, address = signed_in(house.admin), f"/incidents/{house.incident.name}/timeline/delete/"
    assert address in client.get(f"/incidents/{house.incident.name}/timeline/").content.decode()
    assert address not in look(house)
    told = client.get(f"{address}?t=main").content.decode()
    assert "<li>Report incident (ja)" in told
    refused = client.post(address, {"t": "main", "confirm": "main"})
    assert (refused.status_code, 'value="main"' in refused.content.decode()) == (403, True)
    assert client.post(address, {"t": "main", "confirm": "main", "reason": "room"}).status_code == 302
    assert not house.incident.timelines.exists()
    assert house.incident.evidence.exists()
