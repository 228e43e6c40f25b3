"""Columns that stand for a field of the record say what the record says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.stores.duck import DuckStore

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
ISSUER = "userIdentity.sessionContext.sessionIssuer.type"


@pytest.mark.parametrize("name", ["invictus-aws-dataset", "sans504-s3-ransomware", "stratus-red-team-logs"])
def test_the_kind_of_who_gave_a_session_is_what_the_record_says(name: str, tmp_path: Path) -> None:
    from hikeshi.events.detect.sources import CLOUDTRAIL

    if not (SHARED / name).is_dir():
        pytest.skip(f"../shared/data/{name} is not here")
    store = DuckStore(tmp_path)
    store.build([SHARED / name])
    with store._connection() as con:
        rows = con.execute(
            f"SELECT {CLOUDTRAIL.columns[ISSUER]}, json_extract_string(raw, '$.{ISSUER}') FROM events WHERE source_kind = 'cloudtrail'"
        ).fetchall()
    assert rows
    assert [row for row in rows if row[0] != row[1]] == []
