"""Coded columns hold what plain ones do, in less room."""

from __future__ import annotations

from hikeshi.events.columns import batch, coded, coded_schema, empty, in_order, schema
from hikeshi.events.event import Event


def event(ts: int, **other: str) -> Event:
    return Event(event_uid=bytes(16), ts=ts, message=f"at {ts}", raw=b"line", **other)  # type: ignore[arg-type]  # texts only


def test_coded_events_are_the_same_events() -> None:
    plain = batch([event(1, action="a", src_ip="192.0.2.7"), event(2), event(3, action="a")])
    assert coded(plain).to_pylist() == plain.to_pylist()
    assert coded_schema().names == schema().names


def test_batches_with_other_values_come_together_in_the_order_of_time() -> None:
    batches = [
        coded(batch([event(3, action="c"), event(1, action="a")])),
        coded(batch([event(2), event(1, action="b")])),
    ]
    rows = in_order(batches).to_pylist()
    assert [(row["ts"], row["action"]) for row in rows] == [(1, "a"), (1, "b"), (2, None), (3, "c")]


def test_columns_without_a_value_share_their_memory_whatever_their_length() -> None:
    kind = coded_schema().field("bytes").type
    made = [empty(kind, count) for count in (0, 1, 1000, 1001, 1024)]
    assert [(len(one), one.null_count) for one in made] == [(0, 0), (1, 1), (1000, 1000), (1001, 1001), (1024, 1024)]
    assert len({one.buffers()[0].address for one in made[2:]}) == 1


def test_what_is_put_in_order_is_not_held_twice() -> None:
    batches = [coded(batch([event(2), event(1)])), coded(batch([event(0, action="a")]))]
    table = in_order(batches, ["ts", "action"])
    assert (table.to_pydict(), batches) == ({"ts": [0, 1, 2], "action": ["a", None, None]}, [])
