"""What people know of a source's clock: how it is said, whom it concerns, what it does to times."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.errors import Refused
from hikeshi.events import assumed
from hikeshi.events.assumed import Assumption, Clock, about
from hikeshi.events.event import Event
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[1] / "samples"


def events(path: Path, *known: Assumption) -> list[Event]:
    return [one for one in parse([path], assumed=known) if isinstance(one, Event)]


@pytest.mark.parametrize(
    ("text", "us"),
    [("fw=+3.5s", 3_500_000), ("fw=-2m", -120_000_000), ("a=b=+1d", 86_400_000_000), ("fw=+0.25ms", 250), ("fw=-7us", -7)],
)  # fmt: skip
def test_a_skew_is_a_source_a_sign_and_an_amount(text: str, us: int) -> None:
    assert assumed.skew(text) == Assumption(text.rpartition("=")[0], skew_us=us)


@pytest.mark.parametrize(
    "text", ["", "fw", "fw=3.5s", "fw=+3.5", "=+3s", "fw=+3 weeks", "fw=+1e3s", "fw=+99999d", "fw=+٣s"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        assumed.skew(text)


@pytest.mark.parametrize("text", ["Asia/Edo", "fw=", "=UTC", "../../etc/passwd", "fw=+09:00"])
def test_a_zone_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        assumed.zone(text)


def test_a_source_is_its_kind_or_the_end_of_its_path() -> None:
    def of(source: str) -> Clock:
        return Clock.of(about([Assumption(source, skew_us=1)], "/logs/host-7/auth.log"), "syslog")

    assert {of(source).skew_us for source in ("syslog", "auth.log", "host-?/*.log", "/logs/*", "*")} == {1}
    assert {of(source).skew_us for source in ("vpcflow", "uth.log", "host-8/auth.log")} == {0}


def test_the_last_that_fits_counts() -> None:
    known = [Assumption("*", skew_us=1), Assumption("syslog", skew_us=2), assumed.zone("Asia/Tokyo")]
    assert Clock.of(about(known, "a.log"), "syslog") == Clock(2, "Asia/Tokyo")
    assert Clock.of(about(known, "a.log"), "zeek") == Clock(1, "Asia/Tokyo")


def test_a_skew_moves_times_and_says_so_and_ids_stay() -> None:
    plain = events(SAMPLES / "vpcflow" / "v2-header.log")
    moved = events(SAMPLES / "vpcflow" / "v2-header.log", assumed.skew("vpcflow=-2.5s"))
    assert [one.ts - 2_500_000 for one in plain] == [one.ts for one in moved]
    assert [one.ts_end and one.ts_end - 2_500_000 for one in plain] == [one.ts_end for one in moved]
    assert {one.ts_skew_us for one in moved} == {-2_500_000}
    assert [(one.event_uid, one.ts_raw) for one in plain] == [(one.event_uid, one.ts_raw) for one in moved]


def test_a_zone_is_for_times_without_one() -> None:
    nine_hours = 9 * 3600 * 1_000_000
    plain = events(SAMPLES / "weberror" / "apache22.log")
    moved = events(SAMPLES / "weberror" / "apache22.log", assumed.zone("Asia/Tokyo"))
    assert [one.ts - nine_hours for one in plain] == [one.ts for one in moved]
    assert {one.ts_basis for one in moved} == {"zone_given"}
    yearless = events(SAMPLES / "syslog" / "auth.log", assumed.zone("syslog=Asia/Tokyo"))
    assert [one.ts for one in yearless] == [one.ts - nine_hours for one in events(SAMPLES / "syslog" / "auth.log")]
    zoned = SAMPLES / "webaccess" / "combined.log"
    assert events(zoned, assumed.zone("Asia/Tokyo")) == events(zoned)


def test_a_source_that_nobody_has_is_refused() -> None:
    with pytest.raises(Refused, match=r"fw\.log"):
        events(SAMPLES / "syslog", assumed.skew("fw.log=+1s"))
