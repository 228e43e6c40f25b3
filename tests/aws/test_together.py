"""Asked together: one call for many, never an answer from before the question, nobody left without one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hikeshi.aws.failures import CallFailed
from hikeshi.aws.together import MOST, Items, Together


def nothing() -> None:
    pass


class Cloud:
    """Answers with what it was asked for, when it is let."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.open = threading.Event()
        self.asked = threading.Semaphore(0)

    def send(self, values: list[str]) -> Items:
        self.calls.append(values)
        self.asked.release()
        assert self.open.wait(5)
        return [{"id": value} for value in values]


def in_threads(work: Any, names: list[str]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    return threads


def test_those_who_come_while_one_is_answered_are_answered_by_the_next_call() -> None:
    cloud, together, told = Cloud(), Together(), dict[str, Items]()

    def ask(name: str) -> None:
        told[name] = together.ask("list", [name], nothing, cloud.send, nothing)

    threads = in_threads(ask, ["first"])
    cloud.asked.acquire()
    names = [f"i-{number}" for number in range(20)]
    threads += in_threads(ask, names)
    while "list" not in together._gathering or len(together._gathering["list"].values) < len(names):
        pass
    cloud.open.set()
    for thread in threads:
        thread.join()
    assert cloud.calls == [["first"], sorted(names)]
    assert all({"id": name} in told[name] for name in names)


def test_a_filter_has_no_more_values_than_aws_takes() -> None:
    together = Together()
    first, _ = together._join("list", frozenset(map(str, range(MOST))))
    second, new = together._join("list", frozenset(["one more"]))
    assert new
    assert first is not second


def test_a_failure_is_everybodys() -> None:
    together = Together()

    def fail(values: list[str]) -> Items:
        raise CallFailed("denied", permission="ec2:DescribeInstances", code="UnauthorizedOperation")

    with pytest.raises(CallFailed):
        together.ask("list", ["a"], nothing, fail, nothing)
    assert together.ask("list", ["a"], nothing, lambda _: [{"id": "a"}], nothing)


def test_who_is_called_away_leaves_the_others_to_read_themselves() -> None:
    together, told, began = Together(), list[Items](), threading.Event()
    hold = threading.Event()

    def leave() -> None:
        began.set()
        hold.wait(5)
        raise InterruptedError

    def away(_: str) -> None:
        with pytest.raises(InterruptedError):
            together.ask("list", ["a"], leave, lambda _: [], nothing)

    def stay(_: str) -> None:
        told.append(together.ask("list", ["b"], nothing, lambda values: [{"id": one} for one in values], nothing))

    threads = in_threads(away, ["a"])
    began.wait(5)
    threads += in_threads(stay, ["b"])
    while "b" not in together._gathering["list"].values:
        pass
    hold.set()
    for thread in threads:
        thread.join()
    assert told == [[{"id": "b"}]]
