"""Correlations: what must come together within a time. SQL over a table of hits with the group each belongs to.

The window slides: it ends at every hit and reaches back over the time span. Hits of the correlation are all events of a window in
which the condition holds, so that people see what came together and not only what came last.

Reference: Sigma Correlation Rules Specification 2.1, https://github.com/SigmaHQ/sigma-specification
"""

# SQL here is put together from our own text and from numbers.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationRule,
    SigmaCorrelationType as Type,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError

from hikeshi.events.detect import sql

SIGNS = {"GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "EQ": "=", "NEQ": "<>"}

NUMBERS = {Type.VALUE_SUM: "sum({})", Type.VALUE_AVG: "avg({})", Type.VALUE_MEDIAN: "median({})"}


def fields(rule: SigmaCorrelationRule, reference: str) -> tuple[list[str], list[str]]:
    """The fields that make the group and the value, as the rule of that name calls them."""
    named = {alias.alias: {str(ref.reference): name for ref, name in alias.mapping.items()} for alias in rule.aliases}

    def spelled(name: str) -> str:
        return named.get(name, {}).get(reference, name)

    counted = getattr(rule.condition, "fieldref", None) or []
    listed = [counted] if isinstance(counted, str) else list(counted)
    return [spelled(name) for name in rule.group_by or ()], [spelled(name) for name in listed]


def referenced(rule: SigmaCorrelationRule) -> list[SigmaRuleReference]:
    """The rules a correlation counts, in its order, each once."""
    return list({one.reference: one for one in rule.referenced_rules}.values())


def hits(rule: SigmaCorrelationRule, numbers: Mapping[str, int], table: str) -> str:
    """SQL that gives row_id and ts of every hit. `table` has rule, row_id, ts, grp and val; `numbers` says which rule is which."""
    span = rule.timespan.seconds * 1_000_000
    back = f"(PARTITION BY grp ORDER BY ts RANGE BETWEEN {span} PRECEDING AND CURRENT ROW)"
    ahead = f"(PARTITION BY grp ORDER BY ts RANGE BETWEEN CURRENT ROW AND {span} FOLLOWING)"
    source, holds = (
        _in_order([numbers[one.reference] for one in rule.referenced_rules], span, table)
        if rule.type is Type.TEMPORAL_ORDERED
        else (table, _holds(rule, numbers, back))
    )
    return (
        f"SELECT row_id, min(ts) AS ts FROM (SELECT row_id, ts, bool_or(holds) OVER {ahead} AS hit "
        f"FROM (SELECT *, coalesce({holds}, false) AS holds FROM {source})) WHERE hit GROUP BY row_id"
    )


def _holds(rule: SigmaCorrelationRule, numbers: Mapping[str, int], window: str) -> str:
    condition: Any = rule.condition
    if rule.type is Type.TEMPORAL:
        if isinstance(condition, SigmaExtendedCorrelationCondition):
            return _expressed(condition.parsed, numbers, window)
        return sql.both(_seen(numbers[one.reference], window) for one in referenced(rule))
    number = "TRY_CAST(val AS DOUBLE)"
    if rule.type is Type.EVENT_COUNT:
        measure = "count(DISTINCT row_id)" if len(numbers) > 1 else "count(*)"
    elif rule.type is Type.VALUE_COUNT:
        measure = "count(DISTINCT val)"
    elif rule.type is Type.VALUE_PERCENTILE:
        measure = f"quantile_cont({number}, {(condition.percentile or 50) / 100})"
    else:
        measure = NUMBERS[rule.type].format(number)
    return f"{measure} OVER {window} {SIGNS[condition.op.name]} {condition.count}"


def _seen(number: int, window: str) -> str:
    return f"bool_or(rule = {number}) OVER {window}"


def _expressed(part: Any, numbers: Mapping[str, int], window: str) -> str:
    match part:
        case SigmaRuleReference():
            return _seen(numbers[part.reference], window)
        case CorrelationConditionAND():
            return sql.both(_expressed(one, numbers, window) for one in part.args)
        case CorrelationConditionOR():
            return sql.either(_expressed(one, numbers, window) for one in part.args)
        case CorrelationConditionNOT():
            return sql.negated(_expressed(part.args[0], numbers, window))
        case _:
            raise SigmaFeatureNotSupportedByBackendError(f"The condition has a part that is not known: {part!r}.")


def _in_order(order: Sequence[int], span: int, table: str) -> tuple[str, str]:
    """A table with `begun`: when the latest chain of the rules in their order began that ends here; and the test on it."""
    window = "(PARTITION BY grp ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    source = f"(SELECT *, CASE WHEN rule = {order[0]} THEN ts END AS begun0 FROM {table})"
    for place, number in enumerate(order[1:], 1):
        earlier = f"max(begun{place - 1}) OVER {window}"
        source = f"(SELECT *, CASE WHEN rule = {number} THEN {earlier} END AS begun{place} FROM {source})"
    return source, f"ts - begun{len(order) - 1} <= {span}"
