"""Many new rows in few statements, past most of what the models do: building Django's own statement takes longer than everything else.

Only for verbs that have checked every value themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from django.db import connection, models

from hikeshi.desk.bell import ring_after_commit
from hikeshi.desk.queue import Queued

ROWS: Final = 200
"""Per statement: beyond this, databases only grow slower."""
VALUES: Final = 20_000
"""Per statement: SQLite takes 32,766."""
CONVERTED: Final = (models.DateTimeField, models.JSONField, models.BinaryField)
"""Fields whose values look different in a database. All others are handed over as they are."""


def insert_many(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model. They learn their numbers."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    read = attrgetter(*(field.attname for field in fields))
    values = [read(row) for row in rows]
    numbers = (
        _copy(meta, fields, values)
        if connection.vendor == "postgresql"
        else _insert(meta, fields, values, "RETURNING id")
    )
    for row, (pk,) in zip(rows, numbers, strict=True):
        row.pk = pk
        row._state.adding = False  # noqa: SLF001 - what Django's own bulk_create does
    if issubclass(type(rows[0]), Queued):
        ring_after_commit(type(rows[0]))


def insert_missing(model: type[models.Model], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows as plain values of the fields named, but for those that the table has already."""
    _insert(model._meta, [model._meta.get_field(name) for name in names], rows, "ON CONFLICT DO NOTHING")


def update_many(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Save these fields of rows of one model, each in a statement of its own that is prepared once."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    read = attrgetter(*(field.attname for field in fields), "pk")
    marks = ", ".join(f"{connection.ops.quote_name(field.column)} = %s" for field in fields)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {meta.db_table} SET {marks} WHERE id = %s",  # noqa: S608 - our names
            _converted(fields, [read(row) for row in rows]),
        )


def _insert(meta: Any, fields: Sequence[Any], rows: Sequence[tuple[Any, ...]], tail: str) -> list[tuple[Any, ...]]:
    """Returns what the statements return."""
    at_once = min(ROWS, VALUES // len(fields))
    one = f"({', '.join(['%s'] * len(fields))})"
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            some = _converted(fields, rows[start : start + at_once])
            insert = f"INSERT INTO {meta.db_table} ({_names(fields)}) VALUES {', '.join([one] * len(some))} {tail}"  # noqa: S608 - our names
            cursor.execute(insert, list(chain.from_iterable(some)))
            found += cursor.fetchall() if cursor.description else []
    return found


def _copy(meta: Any, fields: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The same on PostgreSQL by COPY, with numbers taken beforehand: a statement of thousands of values would be cut and quoted in Python."""
    with connection.cursor() as cursor:
        take = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        numbers: list[tuple[Any, ...]] = cursor.execute(take, [meta.db_table, len(rows)]).fetchall()
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {meta.db_table} (id, {_names(fields)}) FROM STDIN") as copy,
        ):
            for number, row in zip(numbers, _converted(fields, rows), strict=True):
                copy.write_row(number + row)
    return numbers


def _names(fields: Sequence[Any]) -> str:
    return ", ".join(connection.ops.quote_name(field.column) for field in fields)


def _converted(fields: Sequence[Any], rows: Iterable[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """A column at a time: most are handed over as they are."""
    columns = list(zip(*rows, strict=True))
    for place, field in enumerate(fields):
        if isinstance(field, CONVERTED):
            columns[place] = tuple(map(_conversion(field), columns[place]))
    return list(zip(*columns, strict=True))


def _conversion(field: Any) -> Callable[[Any], Any]:
    if isinstance(field, models.DateTimeField):
        return connection.ops.adapt_datetimefield_value
    return lambda value: field.get_db_prep_save(value, connection)
