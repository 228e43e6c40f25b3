"""Small objects made into columns together come out as the parser has them, each from its own file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from events.fast.comparing import told
from hikeshi.errors import Unreadable
from hikeshi.events.columns import batch
from hikeshi.events.event import Event
from hikeshi.events.fast import gathering
from hikeshi.events.fast.cloudtrail import Cut
from hikeshi.events.fast.gathering import Gathering, Taken
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.reading import read
from hikeshi.events.source import Source


@pytest.fixture(autouse=True, params=[gathering.SHORT, 0], ids=["by Python", "by Arrow"])
def _looked_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks at the records of objects that are longer than a head."""
    monkeypatch.setattr(gathering, "SHORT", request.param)


def call(number: int, **other: Any) -> dict[str, Any]:
    made = {
        "eventVersion": "1.09", "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/a", "accountId": "111122223333"},
        "eventTime": f"2026-11-06T14:00:{number:02}Z", "eventName": "GetObject", "eventSource": "s3.amazonaws.com", "eventID": str(number),
        "requestParameters": {"bucketName": "例"},
    }  # fmt: skip
    return made | other


def source(name: str, *records: Any) -> Source:
    return Source.of(json.dumps({"Records": records}, ensure_ascii=False, separators=(",", ":")).encode(), name=name)


OBJECTS: dict[str, list[Any]] = {
    "a.json": [call(1), call(2, errorCode="AccessDenied", resources=[{"ARN": "arn:aws:s3:::b"}])],
    "b.json": [call(3), call(4, eventName="ConsoleLogin"), call(5, eventID=None), call(6, userIdentity="nobody"), 7, call(8, eventTime="late")],
    "c.json": [call(1)],
}  # fmt: skip


def rows(found: list[Any]) -> list[dict[str, Any]]:
    made = batch([one for one in found if isinstance(one, Event)]).to_pylist()
    made += [row for one in found if not isinstance(one, (Event, Taken, Unreadable)) for row in told(one)]
    return sorted(made, key=lambda row: (row["path"], row["seq"]))


def gathered() -> tuple[list[Any], list[Any]]:
    """What was said while gathering, and what came of it."""
    both = Gathering()
    said: list[Any] = []
    for name, records in OBJECTS.items():
        one = source(name, *records)
        assert both.wants(one, cloudtrail)
        said += both.of(one)
    return said, [*both.full(), *both.rest(), *both.rest()]


def test_small_objects_come_out_as_the_parser_has_them() -> None:
    said, made = gathered()
    parsed = [one for name, records in OBJECTS.items() for one in read(source(name, *records), cloudtrail)]
    assert rows([*said, *made]) == rows(parsed)
    unreadable = [[str(one) for one in found if isinstance(one, Unreadable)] for found in (said, parsed)]
    assert unreadable[0] == unreadable[1]
    assert sum(one.records for one in said if isinstance(one, Taken)) == sum(one.num_rows for one in made)


@pytest.mark.parametrize(
    "other", [{}, {"eventName": "ConsoleLogin"}, {"eventTime": "late"}, {"userIdentity": "nobody"}]
)
def test_a_list_as_s3_delivers_it_comes_out_as_the_parser_has_it(other: dict[str, Any]) -> None:
    records, both = [call(1), call(2, **other), call(3)], Gathering()
    said = list(both.of(source("a.json", *records)))
    parsed = list(read(source("a.json", *records), cloudtrail))
    assert rows([*said, *both.rest()]) == rows(parsed)
    assert [str(one) for one in said if isinstance(one, Unreadable)] == [
        str(one) for one in parsed if isinstance(one, Unreadable)
    ]


def test_small_objects_in_other_shapes_come_out_as_the_parser_has_them() -> None:
    for content in (
        json.dumps({"Records": [call(1), call(2)]}),
        "\n".join(map(json.dumps, [call(1), call(2)])),
        json.dumps(call(1)),
    ):
        both, one = Gathering(), Source.of(content.replace("\\u4f8b", "x").encode(), name="a.json")
        assert both.wants(one, cloudtrail)
        assert rows([*both.of(one), *both.rest()]) == rows(
            list(read(Source.of(content.replace("\\u4f8b", "x").encode(), name="a.json"), cloudtrail))
        )


def test_what_has_no_columns_after_all_is_the_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError

    whole = rows([one for part in gathered() for one in part])
    monkeypatch.setattr(Cut, "columns", broken)
    assert rows([one for part in gathered() for one in part]) == whole


def compared(content: bytes) -> None:
    """What comes of an object by itself and beside others is what the parser makes of it."""
    both, other = Gathering(), source("b.json", call(7), call(8))
    one, parsed = Source.of(content, name="a.json"), list(read(Source.of(content, name="a.json"), cloudtrail))
    assert both.wants(one, cloudtrail)
    said = [*both.of(one), *one.troubles, *both.of(other), *both.rest()]
    assert rows(said) == rows([*parsed, *read(source("b.json", call(7), call(8)), cloudtrail)])
    assert [str(one) for one in said if isinstance(one, Unreadable)] == [
        str(one) for one in parsed if isinstance(one, Unreadable)
    ]
    taken = [one for one in said if isinstance(one, Taken)]
    told_of = [row["ts"] for row in rows(said) if row["path"] == "a.json"]
    assert len(taken) == 1 or (min(told_of), max(told_of)) == (taken[0].first_us, taken[0].last_us)


@pytest.mark.parametrize("text", ["\\ud800", "\xff", "\xe4\xbe\x8b", "\\u4f8b"])
def test_what_is_hardly_text_comes_out_as_the_parser_has_it(text: str) -> None:
    content = json.dumps({"Records": [call(1), call(2)]}, separators=(",", ":")).replace("GetObject", text, 1)
    compared(content.encode("latin-1"))


@pytest.mark.parametrize("between", [b"}{", b"}\n{", b"},,{"])
def test_longer_objects_that_are_joined_wrongly_come_out_as_the_parser_has_them(between: bytes) -> None:
    records = [call(n % 60, eventID=str(n), requestParameters={"key": "x" * 300}) for n in range(200)]
    begin, comma, end = json.dumps({"Records": records}, separators=(",", ":")).encode().rpartition(b"},{")
    assert comma
    compared(begin + between + end)


@pytest.mark.parametrize("cut", [None, -2, -30, -1500])
@pytest.mark.parametrize(
    "other", [{}, {"eventTime": "2026-11-06T23:00:00+09:00"}, {"eventTime": "late"}, {"userIdentity": "nobody"}, {"resources": [{"ARN": "arn:aws:s3:::b"}]}]
)  # fmt: skip
def test_longer_objects_come_out_as_the_parser_has_them(other: dict[str, Any], cut: int | None) -> None:
    records = [call(n % 60, eventID=str(n), requestParameters={"key": "x" * 300}) for n in range(200)] + [
        call(1, **other)
    ]
    compared(json.dumps({"Records": records}, separators=(",", ":")).encode()[:cut])


def test_odd_records_of_a_longer_object_are_the_parsers() -> None:
    records = [call(n % 60, eventID=str(n), requestParameters={"key": "x" * 300}) for n in range(200)]
    records[3] |= {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}
    records[9].pop("eventID")
    both = Gathering()
    said = list(both.of(source("a.json", *records)))
    assert [type(one) for one in said] == [Taken, Event, Event]
    assert rows([*said, *both.rest()]) == rows(list(read(source("a.json", *records), cloudtrail)))
