"""Whether playbooks are right: lint of a text, the format for editors, and what all of them answer."""

from __future__ import annotations

from typing import Any

import msgspec
from ninja import Router
from pydantic import Field

from hikeshi.desk.playbooks.reading import books
from hikeshi.doors import find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.coverage import covered
from hikeshi.playbooks.lint import review
from hikeshi.playbooks.schema import schema
from hikeshi.strict_yaml import SIZE_LIMIT

router = Router()


class Draft(Body):
    """`text` is the YAML of one playbook."""

    text: str = Field(max_length=SIZE_LIMIT)


@router.post("/playbooks/lint", response=list[dict[str, Any]])
def lint_playbook(request: Call, body: Draft) -> list[dict[str, Any]]:
    """Everything wrong with a text, in the order of its lines: level, line, column, place, field, path, and what is expected. Nothing is kept."""
    find.insider(request.auth)
    return [msgspec.to_builtins(problem) for problem in review(body.text.encode(), shelf=books())]


@router.get("/playbooks/schema", response=dict[str, Any])
def show_schema(request: Call) -> dict[str, Any]:
    """The format of playbooks as JSON Schema (2020-12)."""
    find.insider(request.auth)
    return schema()


@router.get("/playbooks/coverage", response=dict[str, Any])
def show_coverage(request: Call) -> dict[str, Any]:
    """Which GuardDuty findings and ATT&CK techniques the playbooks on the shelf answer, gaps first."""
    find.insider(request.auth)
    return covered(books().values())
