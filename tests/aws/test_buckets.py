"""Our own buckets: as fast as is published and no faster, the most urgent first, slower where AWS says no."""

from __future__ import annotations

import threading
import time

import pytest

from hikeshi.aws.buckets import Bucket, Buckets, Urgency
from hikeshi.aws.rates import CHANGING, LISTED, PUBLISHED, UNLISTED, Api, Rate, api, rate_of

SWAP = Api("ec2", "ModifyNetworkInterfaceAttribute")


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def spent(requests: int, urgency: Urgency, share: float) -> float:
    clock = Clock()
    bucket = Bucket(Rate(100, 5), share, clock)
    return sum(bucket.take(urgency, clock.sleep) for _ in range(requests))


@pytest.mark.parametrize(
    ("requests", "urgency", "share", "seconds"),
    [
        (100, Urgency.NETWORK, 1.0, 0),
        (200, Urgency.NETWORK, 1.0, 100 / 4.5),
        (200, Urgency.REST, 1.0, 150 / 2.5),
        (200, Urgency.PROTECTION, 1.0, 150 / 2.5),
        (100, Urgency.NETWORK, 0.5, 50 / 2.25),
    ],
)
def test_the_pace_is_the_published_one(requests: int, urgency: Urgency, share: float, seconds: float) -> None:
    assert spent(requests, urgency, share) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_what_is_foretold_is_what_it_takes(urgency: Urgency) -> None:
    clock = Clock()
    bucket = Bucket(Rate(100, 5), clock=clock)
    for _ in range(30):
        bucket.take(urgency, clock.sleep)
    foretold = bucket.seconds(150, urgency)
    assert sum(bucket.take(urgency, clock.sleep) for _ in range(150)) == pytest.approx(foretold, abs=0.01)


def test_a_refusal_empties_the_bucket_and_slows_it_down_until_it_recovers() -> None:
    clock = Clock()
    bucket = Bucket(Rate(100, 5), clock=clock)
    bucket.refused()
    slow = bucket.seconds(1, Urgency.NETWORK)
    assert slow == pytest.approx(1 / (4.5 * 0.7))
    clock.sleep(60)
    for _ in range(100):
        bucket.take(Urgency.NETWORK, clock.sleep)
    assert bucket.seconds(1, Urgency.NETWORK) < slow


def test_the_most_urgent_goes_first() -> None:
    bucket = Bucket(Rate(1, 2))  # so slow that all are in the line before the first turn, on a busy machine too
    bucket.take(Urgency.NETWORK, time.sleep)
    order: list[Urgency] = []
    threads = []
    for urgency in (Urgency.REST, Urgency.PROTECTION, Urgency.NETWORK):

        def go(urgency: Urgency = urgency) -> None:
            bucket.take(urgency, time.sleep)
            order.append(urgency)

        threads.append(threading.Thread(target=go))
        threads[-1].start()
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert order == sorted(Urgency)


def test_who_is_called_away_leaves_the_line() -> None:
    bucket = Bucket(Rate(1, 0.01))
    bucket.take(Urgency.NETWORK, time.sleep)

    def away(seconds: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        bucket.take(Urgency.NETWORK, away)
    assert bucket.seconds(1, Urgency.NETWORK) == pytest.approx(1 / 0.009, rel=0.01)  # nobody is ahead


def test_accounts_and_apis_do_not_wait_for_each_other() -> None:
    buckets = Buckets()
    for _ in range(100):
        buckets.take("here", SWAP, Urgency.NETWORK, time.sleep)
    assert buckets.seconds("here", [SWAP], Urgency.NETWORK) > 0
    assert buckets.seconds("elsewhere", [SWAP], Urgency.NETWORK) == 0
    assert buckets.seconds("here", [Api("ec2", "CreateTags")], Urgency.NETWORK) == 0


def test_processes_share() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    buckets.share_among(2)
    assert buckets.seconds("here", [SWAP] * 100, Urgency.NETWORK) == pytest.approx(50 / 2.25)
    buckets.share_among(1)
    assert buckets.seconds("other", [SWAP] * 100, Urgency.NETWORK) == 0


@pytest.mark.parametrize("used", [0, 30, 100])
def test_two_processes_never_have_more_than_the_bucket_while_one_of_them_starts(used: int) -> None:
    """The bucket of AWS is counted beside them: whatever the two think they may take at any moment is in it."""
    clock, late = Clock(), 1.0
    old, new = Buckets(clock), Buckets(clock)
    for _ in range(used):
        old.take("here", SWAP, Urgency.NETWORK, clock.sleep)
    there = 100.0 - used
    new.join(2, late)
    for tenth in range(600):
        if tenth == 10:
            old.share_among(2)  # it looks once a second
        assert free(old) + free(new) <= there + 1
        clock.now += 0.1
        there = min(100.0, there + 0.5)
    assert (free(old), free(new)) == (50, 50)


@pytest.mark.parametrize("processes", [2, 3])
def test_what_a_dead_process_had_left_goes_to_who_finds_it_and_is_never_more_than_aws_has(processes: int) -> None:
    clock = Clock()
    dead, *alive = [Buckets(clock) for _ in range(processes)]
    asked = list[float]()
    for one in (dead, *alive):
        one.share_among(processes)
        for _ in range(5 if one is dead else 20):
            one.take("here", SWAP, Urgency.NETWORK, clock.sleep)
            asked.append(clock.now)
            clock.now += 0.1
    there = 100.0 - len(asked) + clock.now * 4.5
    for one in alive:
        one.share_among(processes - 1)
    before = sum(free(one) for one in alive)
    alive[0].inherit({SWAP: [clock.now - at for at in asked]}, processes - 1)
    assert before < sum(free(one) for one in alive) <= there + 1
    if processes == 2:
        assert free(alive[0]) == pytest.approx(there, abs=1)


def test_nothing_is_inherited_once_aws_has_refused_or_where_nobody_knows_what_was_asked() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    buckets.share_among(2)
    assert free(buckets) == 50
    buckets.inherit({}, 1)
    assert free(buckets) == 50
    buckets.refused("here", SWAP)
    buckets.inherit({SWAP: [1.0]}, 1)
    assert free(buckets) == 0


def free(buckets: Buckets) -> int:
    """How many requests it would let through at once."""
    return next(n for n in range(200) if buckets.seconds("here", [SWAP] * (n + 1), Urgency.NETWORK) > 0)


def test_what_is_not_published_is_free_until_it_is_refused() -> None:
    buckets, role = Buckets(), Api("iam", "PutRolePolicy")
    assert buckets.seconds("here", [role] * 1000, Urgency.REST) == 0
    buckets.refused("here", role)
    assert buckets.seconds("here", [role], Urgency.REST) > 0


@pytest.mark.parametrize(
    ("operation", "names", "rate"),
    [
        ("DescribeInstances", ["InstanceIds"], UNLISTED),
        ("DescribeInstances", ["Filters"], LISTED),
        ("DescribeInstances", ["Filter.1.Name", "Filter.1.Value.1"], LISTED),
        ("DescribeVpcs", [], LISTED),
        ("StopInstances", ["InstanceIds"], CHANGING),
        ("ModifyNetworkInterfaceAttribute", ["Groups"], Rate(100, 5)),
    ],
)
def test_a_call_falls_under_its_bucket(operation: str, names: list[str], rate: Rate) -> None:
    assert rate_of(api("ec2", operation, names)) == rate


def test_the_table_is_alphabetical() -> None:
    assert list(PUBLISHED) == sorted(PUBLISHED)
