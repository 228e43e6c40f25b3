"""What people see: their own zone and UTC, severities with their word, and nothing that obeys an attacker."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hikeshi.doors.cli.answer import Answer, write
from hikeshi.doors.cli.options import Options
from hikeshi.doors.cli.tables import moment
from hikeshi.doors.cli.texts import CODED, CODES_JA, TEXTS

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("time", "zone", "shown"),
    [
        (datetime(2026, 11, 6, 17, 31, 5, tzinfo=UTC), TOKYO, "2026-11-07 02:31:05 JST (UTC 11-06 17:31)"),
        (datetime(2026, 11, 6, 1, 0, tzinfo=UTC), TOKYO, "2026-11-06 10:00:00 JST (UTC 01:00)"),
        (datetime(2026, 11, 6, 10, 0, tzinfo=TOKYO), ZoneInfo("UTC"), "2026-11-06 01:00:00 UTC"),
    ],
)
def test_times_are_in_the_readers_zone_and_in_utc(time: datetime, zone: ZoneInfo, shown: str) -> None:
    assert moment(time, zone) == shown


def _shown(data: object, capsys: pytest.CaptureFixture[str], language: str = "en", **more: object) -> str:
    write(Answer(data, **more), Options(language="ja" if language == "ja" else "en"))  # type: ignore[arg-type]  # as given
    return capsys.readouterr().out


def test_severity_has_its_word_and_codes_their_japanese(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"severity": 1, "status": "declared", "simulated": True}
    assert "SEV-1 critical" in _shown([row], capsys)
    shown = _shown([row], capsys, "ja")
    assert "SEV-1 重大" in shown
    assert "宣言済み" in shown
    assert "はい" in shown


@pytest.mark.parametrize(
    "data", [[{"title": "\x1b[31m[bold]x[/bold]"}], {"title": "\x1b[31m[bold]x[/bold]"}, "\x1b[31m[bold]x[/bold]"]
)
def test_text_of_others_is_shown_as_it_is_written(data: object, capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown(data, capsys)
    assert "\x1b" not in shown
    assert "[bold]x[/bold]" in shown


def test_texts_in_two_languages_are_shown_in_the_readers(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"title": {"en": "Isolate", "ja": "隔離"}, "reasons": [{"en": "one", "ja": "一"}, {"en": "two", "ja": "二"}]}
    assert [line.split()[-1] for line in _shown([row], capsys, "ja").splitlines()[1:]] == ["一", "二"]
    assert "Isolate" in _shown([row], capsys)


def test_a_thing_within_a_thing_is_written_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    call = {"Groups": ["sg-1", "sg-2"], "Tags": [{"Key": "a", "Value": "b"}], "Limit": {"Burst": 1}}
    shown = _shown({"step": "1:2.3", "observed": {"state": {"one": call}}, "rows": [{"params": call}]}, capsys)
    assert "Groups: sg-1, sg-2, Tags: (Key: a, Value: b), Limit: (Burst: 1)" in shown
    assert "Observed" in shown
    assert "{" not in shown


def test_times_that_were_kept_as_text_are_in_the_readers_zone_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "JST (UTC" in _shown([{"time": "2026-11-28T08:43:21.302162+00:00"}], capsys)
    assert "2026-13-99T00:00:00Z" in _shown([{"time": "2026-13-99T00:00:00Z"}], capsys)


def test_an_empty_list_is_said_to_be_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert _shown({"owed": []}, capsys, "ja") == "ありません。\n"
    assert _shown([], capsys, "ja") == "ありません。\n"


def test_a_stream_is_shown_piece_by_piece(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ({"seq": number} for number in range(1200))
    shown = _shown(rows, capsys, lines=True)
    assert "1199" in shown
    assert shown.count("#") == 3


def test_every_word_is_there_in_both_languages() -> None:
    assert all(en.strip() and ja.strip() for en, ja in TEXTS.values())
    assert list(CODES_JA) == sorted(CODES_JA)
    assert set(TEXTS) >= CODED
