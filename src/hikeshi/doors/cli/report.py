"""`report build | list`: text made from the record and frozen under its hash."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.reports import verbs
from hikeshi.desk.reports.models import Report
from hikeshi.doors import find, shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Out = Annotated[Path | None, typer.Option(help="Write it here too: .html for HTML, otherwise Markdown.")]


def build(incident: str, out: Out = None) -> Any:
    """Freeze an incident report from the record as it is now, in the language of --lang. Prints the Markdown."""
    who = actor()
    return told(verbs.freeze(find.incident(who, incident), "incident", session.options.language, actor=who), out)


def told(report: Report, out: Path | None) -> Any:
    """The report for programs; for people its text, or where it was written to."""
    if out is not None:
        out.write_text(report.html if out.suffix == ".html" else report.markdown, encoding="utf-8")
    if session.options.json:
        return {**shapes.report(report), "markdown": report.markdown}
    return shapes.report(report) if out is not None else report.markdown


def list_reports(incident: str) -> Answer:
    """The frozen reports, newest first."""
    rows = find.incident(actor(), incident).reports.select_related("incident")
    return Answer(
        [shapes.report(row) for row in rows], columns=("report", "kind", "language", "frozen_at", "frozen_by", "sha256")
    )
