"""Many new rows in few statements, past most of what the models do: building Django's own statement takes longer than everything else.

Only for verbs that have checked every value themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, models

ROWS: Final = 200
"""Per statement: beyond this, databases only grow slower."""
VALUES: Final = 20_000
"""Per statement: SQLite takes 32,766."""
CONVERTED: Final = (models.DateTimeField, models.JSONField, models.BinaryField)
"""Fields whose values look different in a database. All others are handed over as they are."""


def insert_many(rows: Sequence[models.Model], *, unless_there: bool = False) -> None:
    """Insert rows of one model. They learn their numbers, except with `unless_there`, which leaves out rows the table has already."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    at_once = min(ROWS, VALUES // len(fields))
    names = ", ".join(connection.ops.quote_name(field.column or "") for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    tail = "ON CONFLICT DO NOTHING" if unless_there else "RETURNING id"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            insert = f"INSERT INTO {meta.db_table} ({names}) VALUES {', '.join([one] * len(some))} {tail}"  # noqa: S608 - our names
            cursor.execute(insert, [_value(field, row) for row in some for field in fields])
            if not unless_there:
                for row, (pk,) in zip(some, cursor.fetchall(), strict=True):
                    row.pk = pk
                    row._state.adding = False  # noqa: SLF001 - what Django's own bulk_create does


def _value(field: Any, row: models.Model) -> Any:
    value = getattr(row, field.attname)
    return field.get_db_prep_save(value, connection) if isinstance(field, CONVERTED) else value
