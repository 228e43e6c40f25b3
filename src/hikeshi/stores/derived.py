"""Columns that a part may leave empty because the other columns tell them: the views put them together when they are asked for.

What only a parser can tell from the record (`RECORDED`) is told when an event is shown, and not asked for.

What a shortcut (events/fast) proves of whole blocks - that the record is its fields joined by spaces, say - need not be sorted, packed and
kept a second and a third time. A value that is there always counts; only for an empty one the row is asked. Merging writes
what the views say, so that large stores answer as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hikeshi.events.parsers import cloudtrail
from hikeshi.events.parsers.vpcflow import GAPS, PROTOCOLS
from hikeshi.events.times import SECOND


class Words(NamedTuple):
    """What engines call differently: dividing without a rest, the time that microseconds since 1970 are, and SHA-256 in hexadecimal."""

    whole: str
    instant: str
    sha256: str
    end: str


DUCKDB: Final = Words("//", "make_timestamp", "sha256(", ")")
SPARK: Final = Words("DIV", "timestamp_micros", "sha2(", ", 256)")

_CLOUDTRAIL: Final = {
    "message": (
        "coalesce(actor_name, 'somebody') || ' called ' || coalesce(service, 'None') || ':' || action || ' from ' || "
        "coalesce(nullif(coalesce(src_ip, src_service), ''), 'nowhere known') || CASE WHEN error_code != '' THEN ': ' || error_code ELSE '' END"
    ),
    "ts_raw": "replace(CAST({instant}(ts - coalesce(ts_skew_us, 0)) AS STRING), ' ', 'T') || 'Z'",
}
"""Of calls with an address as we would write it, and a time in whole seconds of UTC."""

_SECONDS = 1 << 32
_START = "CAST((ts - coalesce(ts_skew_us, 0)) {whole} 1000000 AS STRING)"
_END = "CAST((ts_end - coalesce(ts_skew_us, 0)) {whole} 1000000 AS STRING)"
_NUMBERED = " ".join(f"WHEN '{name}' THEN '{number}'" for number, name in PROTOCOLS.items())
_PROTOCOL = f"CASE proto {_NUMBERED} ELSE proto END"
_SRC, _DST = "CAST(src_port AS STRING)", "CAST(dst_port AS STRING)"
_BYTES = "CAST(bytes AS STRING)"
_KEY = (
    f"CASE category WHEN 'gap' THEN concat_ws(':', 'vpcflow', interface, action, {_START}, {_END}) ELSE "
    f"concat_ws(':', 'vpcflow', interface, src_ip, dst_ip, {_SRC}, {_DST}, {_PROTOCOL}, {_START}, {_END}, action) END"
)
_LINE = (
    "substr(source_variant, 2)", "coalesce(account, '-')", "interface", "coalesce(src_ip, '-')", "coalesce(dst_ip, '-')",
    f"coalesce({_SRC}, '-')", f"coalesce({_DST}, '-')", f"coalesce({_PROTOCOL}, '-')",
    "coalesce(CAST(packets AS STRING), '-')", f"coalesce({_BYTES}, '-')", _START, _END,
    "CASE category WHEN 'gap' THEN '-' ELSE action END", "coalesce(flow_status, '-')",
)  # fmt: skip
_GAP = " ".join(f"WHEN '{status}' THEN '{meant}'" for status, meant in GAPS.items())

_VPCFLOW: Final = {
    "dedup_key": _KEY,
    "event_uid": (
        f"unhex(concat(lpad(hex((ts - coalesce(ts_skew_us, 0)) {{whole}} 1000000 % {_SECONDS}), 8, '0'), "
        f"substr({{sha256}}{_KEY}{{end}}, 1, 24)))"
    ),
    "flow_action": "CASE category WHEN 'flow' THEN action END",
    "message": "CASE category WHEN 'gap' THEN interface || ': ' || CASE action "
    f"{_GAP} END ELSE src_ip || ':' || {_SRC} || ' -> ' || dst_ip || ':' || {_DST} || ' ' || action || ', ' || coalesce({_BYTES}, '?') || ' bytes' END",
    "raw": f"concat_ws(' ', {', '.join(_LINE)})",
    "ts_raw": _START,
}
"""Of gaps, and of flows that have every field of their key, `raw` in the layout that AWS writes where nobody chose another."""

_STATUS = "CAST(http_status AS STRING)"
_WEBACCESS: Final = {
    "message": f"src_ip || ' ' || method || ' ' || url || ': ' || {_STATUS}",
    "raw": (
        "src_ip || ' - ' || coalesce(actor_name, '-') || ' [' || ts_raw || '] \"' || method || ' ' || url || ' ' || "
        f"substr(attrs, 14, length(attrs) - 15) || '\" ' || {_STATUS} || ' ' || coalesce(CAST(bytes_out AS STRING), '-') || "
        "CASE source_variant WHEN 'combined' THEN ' \"' || coalesce(referer, '-') || '\" \"' || coalesce(user_agent, '-') || '\"' ELSE '' END"
    ),
}
"""Of requests without an ident, so that `attrs` is {"protocol":"HTTP/1.1"} and nothing else."""

_SYSLOG: Final = {
    "message": "process || substr(raw, instr(raw, ': '))",
    "ts_raw": "substr(raw, 1, CASE source_variant WHEN 'rfc3164' THEN 15 ELSE instr(raw, ' ') - 1 END)",
}
"""Of lines whose first colon with a blank behind it ends the name of the program, which is that of the process."""

DERIVED: Final = {"cloudtrail": _CLOUDTRAIL, "syslog": _SYSLOG, "vpcflow": _VPCFLOW, "webaccess": _WEBACCESS}
"""By the kind of log, what tells a column of it: SQL that DuckDB and Spark read alike, with names in braces for their `Words`."""

NAMES: Final = frozenset(name for told in DERIVED.values() for name in told)


RECORDED: Final[Mapping[str, Mapping[str, Callable[[str], str | None]]]] = {
    "cloudtrail": {"attrs": cloudtrail.attrs_of, "dedup_key": cloudtrail.key_of}
}
"""By the kind of log, what tells a column from the record."""

UNASKED: Final = frozenset(name for told in RECORDED.values() for name in told)
"""Columns by which no events are chosen or counted, since they are told when an event is shown."""


def completed(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is shown: with the columns that the record tells."""
    told = RECORDED.get(row["source_kind"], {})
    return row | {name: tell(row["raw"]) for name, tell in told.items() if row[name] is None}


def column(name: str, quoted: str, words: Words) -> str:
    """SQL for a column: `quoted` as it is kept, else as it is told, in the words of an engine."""
    if name not in NAMES:
        return quoted
    told = " ".join(
        f"WHEN '{kind}' THEN {columns[name]}".format_map(words._asdict())
        for kind, columns in DERIVED.items()
        if name in columns
    )
    return f"coalesce({quoted}, CASE source_kind {told} END)"


_WHOLE = ("interface", "src_ip", "dst_ip", "src_port", "dst_port", "proto", "ts_end", "action")
_TIMED = f"source_kind = 'vpcflow' AND {' AND '.join(f'{name} IS NOT NULL' for name in _WHOLE)}"


def possible(uids: Sequence[bytes]) -> tuple[str, list[Any]]:
    """SQL for whether a row may have one of some ids, by its time where ids begin with it, and its values. To tell the id itself is dear."""
    seconds = ", ".join("?" * len(uids))
    sql = f"NOT ({_TIMED} AND ts_skew_us IS NULL AND ts < {_SECONDS * SECOND} AND ts NOT IN ({seconds}))"
    return sql, [int.from_bytes(uid[:4]) * SECOND for uid in uids]
