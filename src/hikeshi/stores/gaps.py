"""What a timeline does not hold and should: silence is evidence too, and the first thing an intruder makes.

Each finder is a question to the whole store, and one line in FINDERS. A gap is a span of one stream of one kind of log: hours whose
CloudTrail digests are gone, flow records that say that nothing passed or that records were lost, a trail or flow log somebody stopped,
numbers of Windows records and rotated files that are not there, and streams that fall silent for much longer than they ever are.
"""

# SQL here is our own text throughout; nothing of a log goes into it.

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hikeshi.events.digests import REASONS
from hikeshi.stores import rotation
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.integrity import found_at, found_in
from hikeshi.stores.layout import replace
from hikeshi.stores.steady import steady
from hikeshi.text import Text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST: Final = 10_000
"""Gaps of one finder at most; the longest are kept."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A span without records, UTC microseconds. `count` is how many hours, windows or records it stands for, where that is known."""

    kind: str
    source_kind: str
    stream: str
    start_us: int
    end_us: int
    count: int | None
    reason: Text


class Asked(msgspec.Struct, frozen=True):
    """What a finder may ask."""

    store: DuckStore
    con: Any

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection: DuckDBPyConnection = self.con
        return connection.execute(sql).fetchall()


class _Kept(msgspec.Struct, frozen=True):
    """What was found, and in which state of the store."""

    state: str
    gaps: list[Gap]


@steady
def gaps(store: DuckStore) -> list[Gap]:
    """Every gap, the earliest first. They are looked for once after each build and kept in `gaps.json` of the store's folder."""
    path, digests = store.folder / "gaps.json", found_at(store.folder)
    state = f"{store.fingerprint()}.{digests}"
    if path.exists() and (kept := msgspec.json.decode(path.read_bytes(), type=_Kept)).state == state:
        return kept.gaps
    found = _found(store)
    replace(path, msgspec.json.encode(_Kept(state, found)))
    return found


def _found(store: DuckStore) -> list[Gap]:
    with store._connection() as con:  # noqa: SLF001  one engine in several files, as in detecting.py
        asked = Asked(store, con)
        found = [gap for finder in FINDERS.values() for gap in finder(asked)]
    return sorted(found, key=lambda gap: (gap.start_us, gap.end_us, gap.kind, gap.stream))


def _digest(asked: Asked) -> Iterator[Gap]:
    """Hours of CloudTrail without their digest."""
    found = found_in(asked.store.folder)
    for hole in found.holes if found else ():
        yield Gap(
            kind="digest", source_kind="cloudtrail", stream=_trail(hole.stream), start_us=hole.start_us,
            end_us=hole.end_us, count=hole.hours, reason=REASONS[hole.reason],
        )  # fmt: skip


def _trail(stream: str) -> str:
    """Account, region and trail, as the names of digests give them, and its home region."""
    return stream.rsplit("/", 1)[-1].replace("_CloudTrail-Digest_", "/").replace("_", "/", 1)


_FLOW = f"""
WITH said AS (
  SELECT coalesce(interface, '') AS stream, flow_status AS status, ts, greatest(ts, coalesce(ts_end, ts)) AS till,
         max(greatest(ts, coalesce(ts_end, ts))) OVER earlier AS before
  FROM events WHERE category = 'gap' AND source_kind = 'vpcflow'
  WINDOW earlier AS (PARTITION BY interface, flow_status ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), spans AS (
  SELECT *, count(*) FILTER (before IS NULL OR ts > before + 60000000) OVER (PARTITION BY stream, status ORDER BY ts) AS span FROM said
)
SELECT status, stream, min(ts), max(till), count(*) FROM spans GROUP BY status, stream, span ORDER BY max(till) - min(ts) DESC LIMIT {MOST}
"""  # noqa: S608
"""Windows that follow one another within a minute are one gap."""

_FLOW_REASONS: Final = {
    "NODATA": Text(en="The flow log says that no traffic passed.", ja="フローログによると通信がありませんでした (NODATA)。"),
    "SKIPDATA": Text(en="The flow log says that it lost records.", ja="フローログの記録が一部失われました (SKIPDATA)。"),
}  # fmt: skip


def _flow(asked: Asked) -> Iterator[Gap]:
    """NODATA and SKIPDATA of flow logs."""
    for status, stream, start, end, count in asked.rows(_FLOW):
        reason = _FLOW_REASONS.get(status) or _FLOW_REASONS["SKIPDATA"]
        yield Gap(
            kind="flow", source_kind="vpcflow", stream=stream, start_us=start, end_us=end, count=count, reason=reason
        )


_STOPPED = """
WITH calls AS (
  SELECT ts, action, coalesce(actor_name, actor_id, '') AS actor, coalesce(account, '') || '/' || coalesce(region, '') AS place,
         regexp_extract(coalesce(json_extract_string(CASE WHEN json_valid(raw) THEN raw END, '$.requestParameters.name'), ''), '[^/]*$') AS name
  FROM events WHERE source_kind LIKE 'cloudtrail%' AND coalesce(outcome, '') NOT IN ('denied', 'failure')
    AND action IN ('StopLogging', 'DeleteTrail', 'StartLogging', 'CreateTrail', 'DeleteFlowLogs', 'CreateFlowLogs')
)
SELECT s.action, s.actor, s.place, s.name, s.ts,
       (SELECT min(b.ts) FROM calls b WHERE b.ts > s.ts AND b.place = s.place AND b.name = s.name
        AND ((s.action = 'DeleteFlowLogs') = (b.action = 'CreateFlowLogs')) AND b.action IN ('StartLogging', 'CreateTrail', 'CreateFlowLogs')),
       (SELECT max(ts) FROM events)
FROM calls s WHERE s.action IN ('StopLogging', 'DeleteTrail', 'DeleteFlowLogs')
"""


def _stopped(asked: Asked) -> Iterator[Gap]:
    """From a call that stopped logging until one that starts it again, or to the end of what we have."""
    for action, actor, place, name, start, again, last in asked.rows(_STOPPED)[:MOST]:
        flows = action == "DeleteFlowLogs"
        yield Gap(
            kind="stopped", source_kind="vpcflow" if flows else "cloudtrail", stream=f"{place}/{name}".rstrip("/"),
            start_us=start, end_us=max(start, again or last), count=None,
            reason=Text(
                en=f"{actor or 'Somebody'} called {action}" + (", and it was started again." if again else ", and it was not started again."),
                ja=f"{actor or '不明な主体'} が {action} を実行し、" + ("その後再開されました。" if again else "再開されていません。"),
            ),
        )  # fmt: skip


_NUMBERS = f"""
WITH numbered AS (
  SELECT coalesce(host, '') || ' ' || coalesce(source_variant, '') AS stream, ts,
         try_cast(json_extract_string(attrs, '$.System.EventRecordID') AS BIGINT) AS number
  FROM events WHERE source_kind = 'evtx'
), steps AS (
  SELECT stream, ts, number, lag(ts) OVER w AS before, number - lag(number) OVER w - 1 AS missing
  FROM numbered WHERE number IS NOT NULL WINDOW w AS (PARTITION BY stream ORDER BY number, ts)
)
SELECT stream, least(before, ts), greatest(before, ts), missing FROM steps WHERE missing > 0 ORDER BY missing DESC LIMIT {MOST}
"""  # noqa: S608


def _numbers(asked: Asked) -> Iterator[Gap]:
    """Numbers of Windows records that are not there, per computer and channel."""
    for stream, start, end, count in asked.rows(_NUMBERS):
        yield Gap(
            kind="numbers", source_kind="evtx", stream=stream.strip(), start_us=start, end_us=end, count=count,
            reason=Text(en="Record numbers are missing here.", ja="レコード番号が連続していません。"),
        )  # fmt: skip


def _rotation(asked: Asked) -> Iterator[Gap]:
    """Numbers missing in a series of rotated files."""
    for hole in sorted(rotation.holes(asked.store.sources()), key=lambda one: one.missing, reverse=True)[:MOST]:
        older, newer = (name.rsplit("/", 1)[-1] for name in (hole.older, hole.newer))
        yield Gap(
            kind="rotation", source_kind=hole.parser, stream=hole.base.rsplit("/", 1)[-1], start_us=hole.start_us, end_us=hole.end_us, count=hole.missing,
            reason=Text(
                en=f"{hole.missing} rotated file(s) between {older} and {newer} were not read, or are the same as another file.",
                ja=f"{older} と {newer} の間のローテーション済みファイル {hole.missing} 個が読み込まれていないか、他のファイルと同一です。",
            ),
        )  # fmt: skip


TEN_MINUTES: Final = 600_000_000
_SILENCE = f"""
WITH spoken AS (
  SELECT DISTINCT source_kind AS kind, coalesce(host, account || '/' || coalesce(region, ''), account, '') AS stream, ts // {TEN_MINUTES} AS slot
  FROM events WHERE source_kind NOT IN ('bodyfile', 'guardduty', 'securityhub', 'plaso', 'timesketch')
), steps AS (
  SELECT kind, stream, slot, slot - lag(slot) OVER (PARTITION BY kind, stream ORDER BY slot) AS step FROM spoken
), usual AS (
  SELECT kind, stream, quantile_cont(step, 0.9) AS step, count(*) AS n FROM steps GROUP BY kind, stream HAVING count(*) >= 12
)
SELECT s.kind, s.stream, (s.slot - s.step + 1) * {TEN_MINUTES}, s.slot * {TEN_MINUTES}
FROM steps s JOIN usual u USING (kind, stream) WHERE s.step > 6 AND s.step > 10 * u.step ORDER BY s.step DESC LIMIT {MOST}
"""  # noqa: S608
"""A stream is silent where it says nothing for over an hour, ten times as long as nine of ten of its pauses; findings and files are no streams."""


def _silence(asked: Asked) -> Iterator[Gap]:
    """A stream that says nothing for much longer than it ever does: a stopped agent, a missing file of a rotated log."""
    for kind, stream, start, end in asked.rows(_SILENCE):
        yield Gap(
            kind="silence", source_kind=kind, stream=stream, start_us=start, end_us=end, count=None,
            reason=Text(en="Unusually long without a record.", ja="通常より長く記録が途絶えています。"),
        )  # fmt: skip


FINDERS: Final[dict[str, Callable[[Asked], Iterator[Gap]]]] = {
    "digest": _digest,
    "flow": _flow,
    "numbers": _numbers,
    "rotation": _rotation,
    "silence": _silence,
    "stopped": _stopped,
}
KINDS: Final[dict[str, Text]] = {
    "digest": Text(en="Digest missing", ja="ダイジェスト欠落"),
    "flow": Text(en="Flow log gap", ja="フローログの欠落"),
    "numbers": Text(en="Record numbers missing", ja="レコード番号の欠落"),
    "rotation": Text(en="Rotated file missing", ja="ローテーション済みファイルの欠落"),
    "silence": Text(en="Silence", ja="記録の途絶"),
    "stopped": Text(en="Logging stopped", ja="ログ記録の停止"),
}
"""What a gap of each kind is called."""
