"""The shortcut for CloudTrail gives what the parser gives, whatever the records and however they are wrapped."""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from events.fast import comparing
from hikeshi.errors import Unreadable
from hikeshi.events import json_records
from hikeshi.events.event import Event
from hikeshi.events.fast import FAST, sure
from hikeshi.events.parsers import cloudtrail, recognise
from hikeshi.events.source import Source

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "cloudtrail").iterdir())

by_parser, by_columns = partial(comparing.by_parser, "cloudtrail"), partial(comparing.by_columns, "cloudtrail")


def pieces(content: bytes) -> list[Any]:
    return list(FAST["cloudtrail"](Source.of(content)))


def call(number: int = 0, **other: Any) -> dict[str, Any]:
    made = {
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/a", "accountId": "111122223333"},
        "eventTime": "2026-11-06T14:00:00Z",
        "eventName": "GetObject",
        "eventSource": "s3.amazonaws.com",
        "eventID": str(number),
        "requestParameters": {"list": [{"eventVersion": "1"}, {"eventVersion": "2"}], "text": '},{"eventVersion":'},
    }
    return made | other


def wrapped(records: list[dict[str, Any]], **layout: Any) -> bytes:
    return json.dumps({"Records": records}, **({"separators": (",", ":")} | layout)).encode()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_come_out_the_same(path: Path) -> None:
    assert by_columns(path.read_bytes()) == by_parser(path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder", ["cloudtrail-shapes", "invictus-aws-dataset", "sans504-s3-ransomware", "stratus-red-team-logs"]
)
def test_real_trails_come_out_the_same(shared_data: Path, folder: str) -> None:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    files = [path for path in sorted((shared_data / folder).rglob("*")) if "json" in path.name]
    assert files
    for path in files[:: max(1, len(files) // 60)]:
        assert by_columns(path.read_bytes()) == by_parser(path.read_bytes())


def test_a_plain_object_is_one_batch_of_columns() -> None:
    records = [call(n, requestParameters=None) for n in range(100)]
    (found,) = pieces(wrapped(records))
    assert found.num_rows == 100


def test_what_other_columns_and_the_record_tell_is_left_out() -> None:
    (found,) = pieces(wrapped([call(n, requestParameters={"key": "k"}) for n in range(9)]))
    assert {name for name in ("attrs", "message", "ts_raw") if found[name].null_count == 9} == {
        "attrs",
        "message",
        "ts_raw",
    }


@pytest.mark.parametrize(
    "change", [{"eventTime": "2026-11-06T14:00:00.5Z"}, {"eventTime": "2026-11-06 14:00:00Z"}, {"sourceIPAddress": "2001:DB8::1"},
               {"sourceIPAddress": ""}, {"sourceIPAddress": "kms.amazonaws.com", "errorCode": ""}, {"eventSource": None},
               {"eventTime": "2199-01-01T00:00:00Z"}, {"eventTime": "1969-12-31T23:59:59Z"}, {"eventName": "ConsoleLogin"}]
)  # fmt: skip
def test_calls_of_one_kind_come_out_the_same(change: dict[str, Any]) -> None:
    content = wrapped([call(n, requestParameters=None, **change) for n in range(3)])
    assert by_columns(content) == by_parser(content)


@pytest.mark.parametrize("between", [b"}{", b"}\n{", b"},\n{", b"},,{", b"};{"])
def test_records_that_are_joined_wrongly_come_out_the_same(between: bytes) -> None:
    content = wrapped([call(n, requestParameters={"a": 1}) for n in range(4)]).replace(b"},{", between, 1)
    assert by_columns(content) == by_parser(content)


@pytest.mark.parametrize("blanks", [b"\n", b" " * 99, b"\n" * 99])
@pytest.mark.parametrize("before", [b'"eventTime"', b'{"eventVersion"', b"]}"])
def test_blanks_within_and_around_records_come_out_the_same(before: bytes, blanks: bytes) -> None:
    content = wrapped([call(n, requestParameters=None) for n in range(4)])
    at = content.rindex(before)
    content = content[:at] + blanks + content[at:]
    assert by_columns(content) == by_parser(content)


def test_an_odd_record_among_many_costs_only_itself() -> None:
    records = [call(n) for n in range(100)] + [call(101, eventName="ConsoleLogin")]
    batches, event = pieces(wrapped(records))
    assert (batches.num_rows, event.action) == (100, "ConsoleLogin")


@settings(deadline=None)
@given(st.lists(st.permutations(list(call())), min_size=2, max_size=12), st.booleans())
def test_records_whose_fields_are_in_any_order_come_out_the_same(orders: list[list[str]], ascii_: bool) -> None:
    records = [{name: call(number)[name] for name in order} for number, order in enumerate(orders)]
    content = wrapped([one | {"awsRegion": "é"} for one in records], ensure_ascii=ascii_)
    assert by_columns(content) == by_parser(content)


def test_records_in_the_order_of_their_fields_among_others_are_columns() -> None:
    sorted_ = [dict(sorted((call(n) | {"awsRegion": "eu-west-1"}).items())) for n in range(200)]
    content = wrapped([*sorted_, *(call(n) for n in range(200, 400))])
    (found,) = pieces(content)
    assert found.num_rows == 400
    assert by_columns(content) == by_parser(content)


def test_a_long_document_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    content = wrapped([call(n, requestParameters={"key": "x" * 400}) for n in range(6000)])
    whole = by_parser(content)
    monkeypatch.setattr(json_records, "PIECE", 1 << 20)
    sizes = [one.num_rows for one in pieces(content)]
    assert len(sizes) > 1
    assert sum(sizes) == 6000
    assert by_columns(content) == by_parser(content) == whole


@pytest.mark.parametrize("layout", [{"separators": (",", ":")}, {}, {"indent": 1}])
@pytest.mark.parametrize("cut", [1, 2, 40, 900_001])
def test_a_long_document_that_is_cut_off_keeps_what_is_whole(
    monkeypatch: pytest.MonkeyPatch, layout: dict[str, Any], cut: int
) -> None:
    monkeypatch.setattr(json_records, "PIECE", 1 << 20)
    content = wrapped([call(n, requestParameters={"key": "x" * 2000}) for n in range(1500)], **layout)[:-cut]
    rows, troubles = by_columns(content)
    assert (rows, troubles) == by_parser(content)
    assert len(troubles) == 1 or cut <= 2
    assert len(rows) >= 1500 - cut // 2000 - 2
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "x", "1.2.3.4", "2001:DB8::1", "true", True, 7, [], [{}], {}, {"type": "Root"}, "é", "\ud800", "\n", "AccessDenied",
     "2026-11-06T14:00:00.123+09:00", "ConsoleLogin", {"type": "AssumedRole", "arn": "a/b:c"}, [{"ARN": "arn:x", "type": "t"}],
     {"sessionContext": {"attributes": {"mfaAuthenticated": "True"}}}, {"sessionContext": 7}, "s3.amazonaws.com", '},{"eventVersion":']
)  # fmt: skip
NAMES = st.sampled_from([*cloudtrail.Call.__struct_fields__, "@timestamp", "other"])


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(NAMES, VALUES, max_size=5), min_size=1, max_size=8),
    st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}]),
    st.booleans(),
)
def test_records_with_any_value_in_any_field_come_out_the_same(
    changes: list[dict[str, Any]], layout: dict[str, Any], array: bool
) -> None:
    records = [call(n, **change) for n, change in enumerate(changes)]
    text = json.dumps(records if array else {"Records": records}, **({"separators": (",", ":")} | layout))
    content = text.encode("utf-8", "surrogatepass")
    assert by_columns(content) == by_parser(content)


@settings(deadline=None)
@given(st.integers(0, 4000), st.binary(max_size=3), st.integers(0, 9))
def test_damaged_documents_come_out_the_same(at: int, put: bytes, gone: int) -> None:
    content = wrapped([call(n) for n in range(6)])
    at %= len(content)
    content = content[:at] + put + content[at + gone :]
    assert by_columns(content) == by_parser(content)


def test_packed_objects_come_out_the_same() -> None:
    content = gzip.compress(wrapped([call(n) for n in range(300)]))
    assert by_columns(content) == by_parser(content)
    assert by_columns(content[:-20]) == by_parser(content[:-20])


def test_what_is_sure_to_be_a_log_is_recognised_as_it() -> None:
    heads = [path.read_bytes()[:65536] for path in SAMPLES[0].parents[1].rglob("*") if path.is_file()]
    found = [(sure(head), recognise(head)) for head in [*heads, wrapped([call()])]]
    assert all(one is None or one is other for one, other in found)
    assert found[-1][0] is cloudtrail


def test_a_few_odd_records_are_the_parsers_and_the_others_columns() -> None:
    records = [call(number) for number in range(20)]
    records[3] |= {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}
    records[7].pop("eventID")
    records[11] = dict(reversed(records[11].items()))  # another key comes first
    content = wrapped(records)
    assert by_columns(content) == by_parser(content)
    assert [one.num_rows for one in pieces(content) if not isinstance(one, (Event, Unreadable))] == [18]
