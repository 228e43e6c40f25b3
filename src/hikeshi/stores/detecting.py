"""Rules asked of a store: which events each rule hits.

Every event is read once for all rules, and as little of it as decides them. First the few columns that most rules name (service, action)
are asked, each combination of their values once: most rules end there. Of the events that are left a narrow table is made from the
columns the rules name, a slice of the store at a time; only events that may still hit a rule which looks into the record have their
JSON read, once for all such rules.

A store on a cluster has the slices looked at by its workers, in the same way and by the same engine, so that the same rules hit the same
events; what comes together (correlations, first times) is asked here, of the hits of all.
"""

# SQL here is put together from our own text, from quoted literals and from names made up by us.
# ruff: noqa: S608

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import duckdb
import msgspec
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from hikeshi.events.detect import behaviour, correlation, sql
from hikeshi.events.detect.backend import RECORD, SqlBackend, Test, Wanted, any_of
from hikeshi.events.detect.loading import ODD, Rule
from hikeshi.events.detect.origins import ANY, Deep, Field, Near, Origin
from hikeshi.events.detect.sources import origin
from hikeshi.stores.blocks import blocks
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import ROWS_BITS, Batch, merged
from hikeshi.stores.steady import steady

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SLICE = 1_000_000
"""Events looked at together: enough to be fast, little enough to stay in memory."""

SHOWN = 500
"""Of how many hits of a rule the ids are kept in the report; the count is always true."""


class RuleHits(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule hit. `hits` are distinct events; `error` says why a rule could not be asked, `skipped` why it was not."""

    rule: str
    title: str
    file: str
    level: str
    tags: tuple[str, ...]
    techniques: tuple[str, ...]
    hits: int = 0
    first_us: int | None = None
    last_us: int | None = None
    error: str = ""
    skipped: str = ""
    uids: tuple[str, ...] = ()
    """The ids of the first events, in the order of time."""


class DetectReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule once, in the order given. `events` were looked at, of which `events_hit` have at least one hit."""

    rules: tuple[RuleHits, ...]
    events: int
    events_hit: int
    seconds: float

    @property
    def hit(self) -> list[RuleHits]:
        """The rules with a hit, the worst level first."""
        return sorted(
            (rule for rule in self.rules if rule.hits), key=lambda rule: (LEVELS.index(rule.level), rule.file)
        )

    @property
    def errors(self) -> list[RuleHits]:
        return [rule for rule in self.rules if rule.error]


LEVELS = ("critical", "high", "medium", "low", "informational", "")


class _Asked(NamedTuple):
    """A rule as a test on the events of its log source."""

    number: int
    origin: Origin
    test: Test
    names: str
    """SQL over the table `names`, which holds wherever the test may."""


class Slice(msgspec.Struct, frozen=True):
    """Batches to be looked at together, `first` included and `last` not."""

    first: int
    last: int


class Looked(msgspec.Struct, frozen=True):
    """What came of a slice: a Parquet file of hits, how many events there were, and the errors of rules by their place in the list."""

    file: str
    events: int
    errors: dict[int, str]


@steady
def detect(store: DuckStore, rules: Sequence[Rule], *, shown: int = SHOWN) -> DetectReport:
    """Ask every rule. What is wrong with one stands in its row, and the others are asked all the same.

    Of each rule the report has the ids of the first `shown` hits.
    """
    began = time.perf_counter()
    with store._connection() as con:  # noqa: SLF001  one engine in two files; nobody else asks in SQL
        detection = _Detection(con, rules, shown, merged(store._layout.batches()))  # noqa: SLF001  as above
        detection.ask(store)
        return detection.report(time.perf_counter() - began)


class Look:
    """What a worker does with a slice of the store in `folder`."""

    def __init__(self, folder: Path, rules: Sequence[Rule]) -> None:
        self._folder = folder
        self._rules = rules

    def __call__(self, room: Path, job: bytes) -> Looked:
        one = msgspec.json.decode(job, type=Slice)
        with DuckStore(self._folder)._connection(range(one.first, one.last)) as con:  # noqa: SLF001  as above
            return _Detection(con, self._rules, 0).looked(room / f"{one.first:06d}-{uuid4().hex}.parquet")


class _Detection:
    """One run over one connection."""

    def __init__(self, con: DuckDBPyConnection, rules: Sequence[Rule], shown: int, once: Batch | None = None) -> None:
        """`once` is the merged batch, where that is the whole store: its manifest says what would have to be counted."""
        self._con = con
        self._once = once
        self._shown = shown
        self._rules = rules
        self._wanted = Wanted()
        self._named = Wanted()
        self._errors: dict[int, str] = {}
        self._skipped: dict[int, str] = {}
        self._silent: set[int] = set()
        """Rules that are only there to be counted by a correlation."""
        self._events = 0

        for macro in sql.MACROS:
            con.execute(macro)
        con.execute("CREATE TEMP TABLE hits (rule INTEGER, row_id BIGINT, ts BIGINT)")

    def ask(self, store: DuckStore) -> None:
        asked = list(self._asked())
        self._prove(asked)
        if store.spread is None:
            self._scan(asked)
        else:
            store.spread(Look(store.folder, self._rules), list(self._slices()), self._take)
        for one in asked:
            self._behave(one)
        self._correlate({one.number: one.origin for one in asked})

    def looked(self, file: Path) -> Looked:
        """Look at everything that is open here and write the hits to a file."""
        asked = list(self._asked())
        self._prove(asked)
        self._scan(asked)
        self._con.sql("SELECT * FROM hits").write_parquet(str(file))
        return Looked(str(file), self._events, self._errors)

    def _take(self, answer: bytes) -> None:
        """What a worker found is found."""
        found = msgspec.json.decode(answer, type=Looked)
        self._con.read_parquet(found.file).insert_into("hits")
        self._events += found.events
        self._errors |= found.errors

    def _scan(self, asked: Sequence[_Asked]) -> None:
        possible = self._possible(asked)
        for one in self._slices() if possible else ():
            low, high = one.first << ROWS_BITS, one.last << ROWS_BITS
            if one.last == one.first + 1:  # a merged batch may hold any number
                last = self._last(low, high)
                for at in range(low, last + 1, SLICE):
                    self._look(possible, at, min(at + SLICE, high))
            else:
                self._look(possible, low, high)

    def _last(self, low: int, high: int) -> int:
        """The last row that may hold an event, of a batch with rows between two numbers."""
        if self._once:
            return blocks(self._once)[-1].last
        return int(_one(self._con, f"SELECT max(row_id) FROM parts WHERE row_id >= {low} AND row_id < {high}")[0])

    def _asked(self) -> Iterator[_Asked]:
        backend, named = SqlBackend(self._wanted), SqlBackend(self._named)
        for number, rule in enumerate(self._rules):
            if rule.error or not isinstance(rule.sigma, SigmaRule):
                continue
            found = origin(rule.sigma.logsource)
            if found is None:
                self._skipped[number] = f"no log of its kind is read here: {_named(rule.sigma)}"
                continue
            backend.origin, named.origin = found, found.names()
            try:
                test, names = (any_of(one.convert_rule(rule.sigma)) for one in (backend, named))
            except (SigmaError, *ODD, ValueError, RecursionError) as error:
                self._errors[number] = " ".join(str(error).split())
                continue
            yield _Asked(
                number, found, test, sql.both([_of_kinds(found), self._where(named.origin, self._named), names.over])
            )

    def _guard(self, found: Origin) -> str:
        """SQL over the table `near`: whether an event is of this origin."""
        return sql.both([_of_kinds(found), self._where(found, self._wanted)])

    def _where(self, found: Origin, wanted: Wanted) -> str:
        return "true" if found.where == "true" else wanted.value(f"coalesce({found.where}, false)")

    def _prove(self, asked: Sequence[_Asked]) -> None:
        """Ask each rule of no events: one that the engine does not take is an error, whatever the log holds, and stops no other."""
        self._con.execute(
            f"CREATE TEMP TABLE near AS SELECT row_id, ts, source_kind{_columns(self._wanted)} FROM events LIMIT 0"
        )
        found, values = _extracted(self._wanted.deep, dict.fromkeys(self._wanted.deep.values(), "true"))
        self._con.execute(
            f"CREATE TEMP TABLE deep AS SELECT row_id{values} FROM (SELECT row_id, raw, message, attrs{found} FROM parts LIMIT 0)"
        )
        for one in asked:
            try:
                self._con.execute(f"SELECT row_id FROM near JOIN deep USING (row_id) WHERE {one.test.exact}")
            except duckdb.Error as error:
                self._errors[one.number] = str(error).partition("\n")[0]

    def _possible(self, asked: Sequence[_Asked]) -> list[_Asked]:
        """The rules that some event may hit by what its columns of few values say. Events of their kinds are counted by the way."""
        kinds = ", ".join(map(sql.text, sorted({kind for one in asked for kind in one.origin.kinds}))) or "NULL"
        self._con.execute(
            f"CREATE TEMP TABLE names AS SELECT source_kind{_columns(self._named)}, count(*) AS events FROM events "
            f"WHERE source_kind IN ({kinds}) GROUP BY ALL"
        )
        self._events = int(_one(self._con, "SELECT coalesce(sum(events), 0) FROM names")[0])
        right = [one for one in asked if one.number not in self._errors]
        return [one for one in right if _one(self._con, f"SELECT coalesce(bool_or({one.names}), false) FROM names")[0]]

    def _slices(self) -> Iterator[Slice]:
        """Batches one after the other that hold not too many events together."""
        if self._once:
            yield Slice(self._once.number, self._once.number + 1)
            return
        found = self._con.execute(
            f"SELECT row_id >> {ROWS_BITS} AS batch, count(*) FROM parts GROUP BY batch ORDER BY batch"
        )
        first, last, size = 0, -1, 0
        for batch, count in found.fetchall():
            if size and size + count > SLICE:
                yield Slice(first, last + 1)
                first, size = batch, 0
            first = first if size else batch
            last, size = batch, size + count
        if size:
            yield Slice(first, last + 1)

    def _look(self, asked: Sequence[_Asked], low: int, high: int) -> None:
        """Put the hits of a slice into the table `hits`."""
        deeper = [one for one in asked if not one.test.near]
        self._narrow(asked, deeper, low, high)
        self._deepen(deeper, low, high)
        for one in asked:
            way = f"near WHERE r{one.number}"
            if not one.test.near:
                way = f"near JOIN deep USING (row_id) WHERE r{one.number} AND {one.test.exact}"
            try:
                self._con.execute(f"INSERT INTO hits SELECT {one.number}, row_id, ts FROM {way}")
            except duckdb.Error as error:
                self._errors[one.number] = str(error).partition("\n")[0]

    def _narrow(self, asked: Sequence[_Asked], deeper: Sequence[_Asked], low: int, high: int) -> None:
        """The table `near`: which rules an event of the slice may hit by its columns, and what these need besides its record."""
        flags = "".join(f", {sql.both([self._guard(one.origin), one.test.over])} AS r{one.number}" for one in asked)
        kept = "".join(f", {name}" for name in sorted(_named_in(" ".join(one.test.exact for one in deeper), "c")))
        kinds = ", ".join(
            map(sql.text, sorted({kind for one in asked for kind in one.origin.kinds}))
        )  # others are passed over unread
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE near AS SELECT * FROM (SELECT row_id, ts{kept}{flags} FROM "
            f"(SELECT row_id, ts, source_kind{_columns(self._wanted)} FROM events "
            f"WHERE row_id >= {low} AND row_id < {high} AND source_kind IN ({kinds}))) WHERE {sql.either(f'r{one.number}' for one in asked)}"
        )

    def _deepen(self, asked: Sequence[_Asked], low: int, high: int) -> None:
        """The table `deep`: what the rules ask of records, and only where the rule that asks may hit."""
        used = {one.number: _named_in(one.test.exact, "d") for one in asked}
        gates = {
            name: sql.either(f"r{number}" for number, names in used.items() if name in names)
            for name in self._wanted.deep.values()
        }
        found, values = _extracted(
            {path: name for path, name in self._wanted.deep.items() if gates[name] != "false"}, gates
        )
        maybe = sql.either(f"r{one.number}" for one in asked)
        flags = "".join(f", r{one.number}" for one in asked)
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE deep AS SELECT row_id{values} FROM "
            f"(SELECT row_id, raw, message, attrs{flags}{found} FROM parts JOIN near USING (row_id) "
            f"WHERE row_id >= {low} AND row_id < {high} AND {maybe})"
        )

    def _behave(self, one: _Asked) -> None:
        """Of the hits of a rule with `first_seen`, `rare` or `silence`, keep those that are."""
        rule = self._rules[one.number].sigma
        try:
            asked = behaviour.asked(rule.custom_attributes) if isinstance(rule, SigmaRule) else None
            if asked is not None:
                self._gather()
                self._link(
                    one.number,
                    *([one.origin.field(name) for name in some] for some in (asked.fields, asked.fields[:1])),
                )
                self._con.execute(
                    f"DELETE FROM hits WHERE rule = {one.number} AND row_id NOT IN (SELECT row_id FROM ({asked.kept('linked')}))"
                )
        except (TypeError, ValueError, duckdb.Error) as error:
            self._errors[one.number] = str(error).partition("\n")[0]
            self._con.execute(f"DELETE FROM hits WHERE rule = {one.number}")

    def _gather(self) -> None:
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE linked (rule INTEGER, row_id BIGINT, ts BIGINT, grp VARCHAR, val VARCHAR)"
        )

    def _correlate(self, origins: dict[int, Origin]) -> None:
        """Ask correlations, those that count other correlations after these."""
        numbers = {id(rule.sigma): number for number, rule in reversed(list(enumerate(self._rules)))}
        waiting = {
            number: rule.sigma
            for number, rule in enumerate(self._rules)
            if isinstance(rule.sigma, SigmaCorrelationRule) and not rule.error
        }
        while waiting:
            ready = [
                number
                for number, rule in waiting.items()
                if not any(numbers[id(one.rule)] in waiting for one in correlation.referenced(rule))
            ]
            if not ready:
                self._errors |= dict.fromkeys(waiting, "correlations that count each other have no beginning")
                return
            for number in ready:
                self._correlation(number, waiting.pop(number), numbers, origins)

    def _correlation(
        self, number: int, rule: SigmaCorrelationRule, numbers: Mapping[int, int], origins: dict[int, Origin]
    ) -> None:
        counted = {one.reference: numbers[id(one.rule)] for one in correlation.referenced(rule)}
        if not rule.generate:
            self._silent |= set(counted.values())
        if missing := [name for name, one in counted.items() if one not in origins]:
            self._note(number, missing, counted)
            return
        origins[number] = origins[next(iter(counted.values()))]
        try:
            self._gather()
            for name, one in counted.items():
                self._link(
                    one, *([origins[one].field(field) for field in some] for some in correlation.fields(rule, name))
                )
            found = correlation.hits(rule, counted, "linked")
            self._con.execute(f"INSERT INTO hits SELECT {number}, row_id, ts FROM ({found})")
        except (SigmaError, *ODD, duckdb.Error) as error:
            self._errors[number] = str(error).partition("\n")[0]

    def _note(self, number: int, missing: Sequence[str], counted: Mapping[str, int]) -> None:
        """Say why a correlation was not asked: as the rule it counts was not."""
        if all(counted[name] in self._skipped for name in missing):
            self._skipped[number] = self._skipped[counted[missing[0]]]
        else:
            self._errors[number] = f"it counts {missing[0]!r}, which could not be asked"

    def _link(self, number: int, group: Sequence[Field], value: Sequence[Field]) -> None:
        """The hits of a rule with their group. An event without one of the fields belongs to no group."""
        deep = {(field, True): f"v{at}" for at, field in enumerate([*group, *value]) if isinstance(field, Deep)}
        found, values = _extracted(deep, dict.fromkeys(deep.values(), "true"))
        groups, counted = ([_single(field, deep) for field in some] for some in (group, value))
        grp = f"concat_ws(chr(31), {', '.join(groups)})" if groups else "''"
        val = f"concat_ws(chr(31), {', '.join(counted)})" if len(counted) > 1 else next(iter(counted), "NULL")
        self._con.execute(
            f"INSERT INTO linked SELECT {number}, row_id, hit_ts, {grp}, {val} FROM (SELECT *{values} FROM "
            f"(SELECT parts.*, hits.ts AS hit_ts{found} FROM hits JOIN parts USING (row_id) WHERE hits.rule = {number})) "
            f"WHERE {sql.both(f'{one} IS NOT NULL' for one in groups)}"
        )

    def report(self, seconds: float) -> DetectReport:
        if self._silent:
            self._con.execute(f"DELETE FROM hits WHERE rule IN ({', '.join(map(str, self._silent))})")
        counted = {
            rule: (count, first, last)
            for rule, count, first, last in self._con.execute(
                "SELECT rule, count(*), min(ts), max(ts) FROM hits GROUP BY rule"
            ).fetchall()
        }
        uids = self._uids()
        rows = [
            self._row(number, rule, counted.get(number, (0, None, None)), uids.get(number, ()))
            for number, rule in enumerate(self._rules)
        ]
        hit = int(_one(self._con, "SELECT count(DISTINCT row_id) FROM hits")[0])
        return DetectReport(rules=tuple(rows), events=self._events, events_hit=hit, seconds=round(seconds, 3))

    def _uids(self) -> dict[int, tuple[str, ...]]:
        found = self._con.execute(
            f"WITH first AS (SELECT rule, unnest(min({{ts: ts, row_id: row_id}}, {self._shown})) AS hit FROM hits GROUP BY rule) "
            "SELECT rule, list(lower(hex(event_uid)) ORDER BY hit) FROM first JOIN parts ON row_id = hit.row_id GROUP BY rule"
        )
        return {rule: tuple(uids) for rule, uids in found.fetchall()}

    def _row(
        self, number: int, rule: Rule, counted: tuple[int, int | None, int | None], uids: Sequence[str]
    ) -> RuleHits:
        hits, first, last = counted
        return RuleHits(
            rule=rule.id, title=rule.title, file=rule.file, level=rule.level, tags=rule.tags, techniques=rule.techniques,
            hits=hits, first_us=first, last_us=last, uids=tuple(uids),
            error=rule.error or self._errors.get(number, ""), skipped=self._skipped.get(number, ""),
        )  # fmt: skip


def _of_kinds(found: Origin) -> str:
    return f"source_kind IN ({', '.join(map(sql.text, found.kinds))})"


def _columns(wanted: Wanted) -> str:
    return "".join(f", {made} AS {name}" for made, name in wanted.near.items())


def _named_in(test: str, kind: str) -> set[str]:
    """What a test reads: columns (c) or paths (d), by the names they are wanted under."""
    return set(re.findall(rf"\b{kind}\d+\b", test))


def _extracted(deep: Mapping[tuple[Deep, bool], str], gates: Mapping[str, str]) -> tuple[str, str]:
    """SQL that reads every path of a record at once, and SQL that makes the lists of texts of it, each behind its gate."""
    found, values = "", ""
    for base in sorted({field.base for field, _ in deep}):
        paths = sorted({field.path for field, _ in deep if field.base == base and field.path and ANY not in field.path})
        if paths:
            listed = ", ".join(sql.text(sql.json_path(path)) for path in paths)
            found += f", TRY(json_extract({base}, [{listed}])) AS {base}_found"
        for (field, cased), name in deep.items():
            if field.base == base:
                values += f", CASE WHEN {gates[name]} THEN {_values(field, paths, cased=cased)} END AS {name}"
    return found, values


def _values(field: Deep, paths: Sequence[tuple[str, ...]], *, cased: bool) -> str:
    if field == RECORD:
        return "[raw, message]" if cased else "[lower(raw), lower(message)]"
    if ANY in field.path:
        return _of_any(field, cased=cased)
    all_found = f"{field.base}_found"  # NULL where the record is no JSON
    there = sql.values_at(field.base, f"{all_found}[{paths.index(field.path) + 1}]", field.path, cased=cased)
    return f"CASE WHEN {all_found} IS NOT NULL THEN {there} END"


def _of_any(field: Deep, *, cased: bool) -> str:
    """The values below every key of the record, which is there for logs that gather lines of several types."""
    if len(field.path) == 1:
        found = f"json_keys({field.base})"
    else:
        found = f"json_extract_string({field.base}, {sql.text('$.*[*]' + sql.json_path(field.path[1:])[1:])})"
    listed = found if cased else f"list_transform({found}, lambda t: lower(t))"
    return f"TRY(nullif({listed}, []))"


def _single(field: Field, deep: Mapping[tuple[Deep, bool], str]) -> str:
    """SQL for one text of a field."""
    return f"({field.sql})" if isinstance(field, Near) else f"{deep[field, True]}[1]"


def _named(rule: SigmaRule) -> str:
    source = rule.logsource
    return "/".join(filter(None, (source.product, source.category, source.service))) or "nothing named"


def _one(con: DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    return con.execute(statement).fetchone() or ()
