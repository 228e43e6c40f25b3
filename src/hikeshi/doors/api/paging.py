"""Pages by key: `after` is where the last page ended, so that rows arriving meanwhile are neither skipped nor shown twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Schema
from pydantic import ConfigDict, Field, field_validator
from typing_extensions import TypedDict

MOST = 500

Row = TypeVar("Row", bound=Model)
Shape = TypeVar("Shape")


class Page(TypedDict, Generic[Shape]):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[Shape]
    next: str | None


class Paging(Schema):
    """Which page. `limit` is the number of rows at most."""

    after: int | None = Field(None, ge=0, le=2**63 - 1)
    limit: int = Field(50, ge=1, le=MOST)


class Body(Schema):
    """A request's JSON. A field that is not known is refused: a typing mistake must not silently mean "default"."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def no_nul(cls, value: Any) -> Any:
        """PostgreSQL keeps no NUL in a text: better said at the door than halfway."""
        if any("\x00" in text for text in _texts(value)):
            raise ValueError("a NUL character is not text")
        return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in _texts(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in _texts(part))


def newest_first(rows: QuerySet[Row], paging: Paging, shape: Callable[[Row], Shape]) -> Page[Shape]:
    """Rows by falling number."""
    if paging.after is not None:
        rows = rows.filter(pk__lt=paging.after)
    found = list(rows.order_by("-pk")[: paging.limit + 1])
    return _page(found, paging, shape, lambda row: row.pk)


def by_place(rows: QuerySet[Row], paging: Paging, shape: Callable[[Row], Shape]) -> Page[Shape]:
    """Ledger entries by rising place in their chain."""
    if paging.after is not None:
        rows = rows.filter(seq__gt=paging.after)
    found = list(rows.order_by("seq")[: paging.limit + 1])
    return _page(found, paging, shape, lambda row: row.seq)


def _page(found: list[Row], paging: Paging, shape: Callable[[Row], Shape], key: Callable[[Any], int]) -> Page[Shape]:
    shown = found[: paging.limit]
    more = len(found) > paging.limit
    return {"items": [shape(row) for row in shown], "next": str(key(shown[-1])) if more else None}
