"""Sigma conditions to SQL: a backend of pySigma whose answer is a test on an event.

Values are compared in any case unless the rule says otherwise, a list matches where one element does, and a field that is not there
fails every comparison - so that `not` of it holds. Every part of a test is therefore true or false and never NULL.

Reading a record's JSON costs a hundred times what reading a column does. A test thus comes in three forms: the exact one, and two
that look at columns only, of which `over` holds wherever the exact one can hold, and `under` holds only where it does.
"""

# pySigma hands every method the state of the conversion, which is not needed here.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression as FieldIs,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression as AnyIs,
)
from sigma.conversion.base import Backend
from sigma.conversion.state import ConversionState
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError
from sigma.types import CompareOperators, SigmaFieldReference, SpecialChars

from hikeshi.events.detect import sql
from hikeshi.events.detect.origins import Deep, Field, Near, Origin


class Test(NamedTuple):
    """One condition: exact, and what columns alone can say."""

    exact: str
    over: str
    under: str

    @property
    def near(self) -> bool:
        """Whether columns alone decide it."""
        return self.over == self.exact


class Wanted:
    """What the tests of all rules read, each thing once, and the names it is read by."""

    def __init__(self) -> None:
        self.near: dict[str, str] = {}
        """SQL over columns of events: its name."""
        self.deep: dict[tuple[Deep, bool], str] = {}
        """Path, and whether in small letters: its name."""

    def column(self, field: Near, *, cased: bool) -> str:
        return self.value(field.sql if cased else f"lower({field.sql})")

    def value(self, expression: str) -> str:
        return self.near.setdefault(expression, f"c{len(self.near)}")

    def path(self, field: Deep, *, cased: bool) -> str:
        return self.deep.setdefault((field, cased), f"d{len(self.deep)}")


SIGNS = {
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.NEQ: "<>",
}


class SqlBackend(Backend):
    """Converts rules of one log source after the other; `origin` says where the fields of the present one are."""

    name: ClassVar[str] = "Hikeshi events"

    def __init__(self, wanted: Wanted, **options: Any) -> None:
        super().__init__(**options)
        self.wanted = wanted
        self.origin = Origin(kinds=())

    # logic

    def convert_condition_and(self, cond: ConditionAND, state: ConversionState) -> Test:
        tests = self._parts(cond, state)
        return Test(*(sql.both(forms) for forms in zip(*tests, strict=True)))

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> Test:
        tests = self._parts(cond, state)
        return Test(*(sql.either(forms) for forms in zip(*tests, strict=True)))

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> Test:
        [test] = self._parts(cond, state)
        return Test(sql.negated(test.exact), sql.negated(test.under), sql.negated(test.over))

    def _parts(self, cond: ConditionAND | ConditionOR | ConditionNOT, state: ConversionState) -> list[Test]:
        arguments: list[Any] = cond.args
        return [test for one in arguments if (test := self.convert_condition(one, state)) is not None]

    def convert_condition_as_in_expression(self, cond: ConditionOR | ConditionAND, state: ConversionState) -> Any:
        return self._refuse(cond, state)  # never asked for: only backends that say so have IN

    # values

    def _any(self, name: str, check: sql.Check, *, cased: bool = False) -> Test:
        """Holds where one value of the field passes the check."""
        return self._on(self.origin.field(name), check, cased=cased)

    def _on(self, field: Field, check: sql.Check, *, cased: bool) -> Test:
        if isinstance(field, Near):
            test = f"coalesce({check(self.wanted.column(field, cased=cased))}, false)"
            return _known(
                self.wanted.value(f"coalesce({check(field.sql)}, false)") if "regexp_matches" in test else test
            )
        values = self.wanted.path(field, cased=cased)
        return _unknown(f"coalesce(len(list_filter({values}, lambda x: {check('x')})) > 0, false)")

    def convert_condition_field_eq_val_str(self, cond: FieldIs, state: ConversionState) -> Test:
        return self._any(cond.field, sql.matches(_plain(cond.value)))

    def convert_condition_field_eq_val_str_case_sensitive(self, cond: FieldIs, state: ConversionState) -> Test:
        return self._any(cond.field, sql.matches(_plain(cond.value), cased=True), cased=True)

    def convert_condition_field_eq_val_num(self, cond: FieldIs, state: ConversionState) -> Test:
        number = str(cond.value)
        return self._any(cond.field, lambda x: f"({x} = {sql.text(number)} OR TRY_CAST({x} AS DOUBLE) = {number})")

    def convert_condition_field_eq_val_bool(self, cond: FieldIs, state: ConversionState) -> Test:
        word = str(cond.value).lower()
        return self._any(cond.field, lambda x: f"{x} = {sql.text(word)}")

    def convert_condition_field_eq_val_re(self, cond: FieldIs, state: ConversionState) -> Test:
        return self._any(cond.field, sql.searched(_regex(cond.value)), cased=True)

    def convert_condition_field_eq_val_cidr(self, cond: FieldIs, state: ConversionState) -> Test:
        network: Any = cond.value
        return self._any(cond.field, sql.in_network(network))

    def convert_condition_field_compare_op_val(self, cond: FieldIs, state: ConversionState) -> Test:
        value: Any = cond.value
        sign, number = SIGNS[value.op], str(value.number)
        return self._any(cond.field, lambda x: f"TRY_CAST({x} AS DOUBLE) {sign} {number}")

    def convert_condition_field_eq_field(self, cond: FieldIs, state: ConversionState) -> Test:
        """One value of the one field is (or begins, or ends with) one value of the other."""
        reference: Any = cond.value
        here, there = self.origin.field(cond.field), self.origin.field(reference.field)
        compare = _compared(reference)
        ours, theirs = (self._listed(field) for field in (here, there))
        found = f"len(list_filter({ours}, lambda x: len(list_filter({theirs}, lambda y: {compare})) > 0)) > 0"
        test = f"coalesce({found}, false)"
        return _known(test) if isinstance(here, Near) and isinstance(there, Near) else _unknown(test)

    def _listed(self, field: Field) -> str:
        if isinstance(field, Deep):
            return self.wanted.path(field, cased=False)
        column = self.wanted.column(field, cased=False)
        return f"CASE WHEN {column} IS NOT NULL THEN [{column}] END"

    def convert_condition_field_eq_val_null(self, cond: FieldIs, state: ConversionState) -> Test:
        """Not there, or null, which are the same to Sigma."""
        field = self.origin.field(cond.field)
        if isinstance(field, Near):
            return _known(f"({self.wanted.column(field, cased=False)} IS NULL)")
        return _unknown(f"({self.wanted.path(field, cased=False)} IS NULL)")

    def convert_condition_field_exists(self, cond: FieldIs, state: ConversionState) -> Test:
        return self._any(cond.field, lambda x: f"{x} IS NOT NULL")

    def convert_condition_field_not_exists(self, cond: FieldIs, state: ConversionState) -> Test:
        return self.convert_condition_field_eq_val_null(cond, state)

    # keywords: anywhere in the record

    def convert_condition_val_str(self, cond: AnyIs, state: ConversionState) -> Test:
        pattern: Any = cond.value
        return self._on(RECORD, sql.matches(_around(pattern)), cased=False)

    def convert_condition_val_num(self, cond: AnyIs, state: ConversionState) -> Test:
        number = str(cond.value)
        return self._on(RECORD, lambda x: f"contains({x}, {sql.text(number)})", cased=False)

    def convert_condition_val_re(self, cond: AnyIs, state: ConversionState) -> Test:
        return self._on(RECORD, sql.searched(_regex(cond.value)), cased=True)

    # what has no meaning here is an error of its rule

    def _refuse(self, cond: Any, state: ConversionState) -> Any:
        raise SigmaFeatureNotSupportedByBackendError("This kind of condition cannot be asked of events.")

    convert_condition_field_eq_val_timestamp_part = _refuse
    convert_condition_field_eq_query_expr = _refuse
    convert_condition_query_expr = _refuse

    def _elsewhere(self, rule: SigmaCorrelationRule, output_format: str | None = None, method: str = "") -> list[Any]:
        """Correlations are asked of hits, which correlation.py does."""
        raise SigmaFeatureNotSupportedByBackendError("A correlation is no test on one event.")

    convert_correlation_event_count_rule = _elsewhere
    convert_correlation_extended_temporal_ordered_rule = _elsewhere
    convert_correlation_extended_temporal_rule = _elsewhere
    convert_correlation_temporal_ordered_rule = _elsewhere
    convert_correlation_temporal_rule = _elsewhere
    convert_correlation_value_avg_rule = _elsewhere
    convert_correlation_value_count_rule = _elsewhere
    convert_correlation_value_median_rule = _elsewhere
    convert_correlation_value_percentile_rule = _elsewhere
    convert_correlation_value_sum_rule = _elsewhere


RECORD = Deep("raw", ())
"""The whole record as one text."""


def all_of(tests: Iterable[Test]) -> Test:
    return Test(*(sql.both(forms) for forms in zip(*tests, strict=True)))


def any_of(tests: Iterable[Test]) -> Test:
    return Test(*(sql.either(forms) for forms in zip(*tests, strict=True)))


def _known(test: str) -> Test:
    return Test(test, test, test)


def _unknown(test: str) -> Test:
    return Test(test, "true", "false")


def _plain(value: Any) -> Any:
    if value.contains_placeholder():
        raise SigmaFeatureNotSupportedByBackendError("The placeholder in this rule has no value here.")
    return value


def _around(pattern: Any) -> Any:
    return SpecialChars.WILDCARD_MULTI + _plain(pattern) + SpecialChars.WILDCARD_MULTI


def _regex(value: Any) -> str:
    """The expression with its flags in front. DuckDB's engine has neither look-around nor references back: an error of the rule."""
    return str(_plain(value).escape(escaped=(), escape_escape_char=False))


def _compared(reference: SigmaFieldReference) -> str:
    if reference.starts_with and reference.ends_with:
        return "contains(x, y)"
    return "starts_with(x, y)" if reference.starts_with else "ends_with(x, y)" if reference.ends_with else "x = y"
