"""`evidence add | list | show | verify`: sealed under its hash, with a record of who had it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import reads, transfers, verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.doors import custody, find, shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.detect_files import say as first
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, FAILED
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.record_options import with_record
from hikeshi.doors.cli.texts import say
from hikeshi.doors.cli.who import actor

LINE = ("seq", "occurred_at", "recorded_at", "text", "actor", "counterparty", "place", "state", "hash_after")
"""What people see of each custody event in a terminal."""


@with_record
def add(
    incident: str,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; several become one item with a manifest.")],
    title: Annotated[str, typer.Option(help="What it is; without it, the first name.")] = "",
    kind: Annotated[
        str, typer.Option(help="disk, file, logs, malware, memory, network, receipt, report, snapshot, state.")
    ] = "file",
    also: Annotated[str, typer.Option(help="Hashes beside SHA-256, with commas between: sha512, blake3.")] = "",
    twice: Annotated[bool, typer.Option("--twice", help="Read everything a second time and compare.")] = False,
    *,
    record: dict[str, Any],
) -> Any:
    """Seal files and folders: copied, hashed while copying, made read-only, registered with a custody line.

    What was interrupted is gone on with when the same is sealed again.
    """
    who = actor()
    row = find.incident(who, incident)
    with progress(title or paths[0].name, unit="bytes") as told:
        item = verbs.seal_files(
            row, paths, actor=who, title=title or paths[0].resolve().name, kind=kind, also=also.split(","), twice=twice,
            progress=lambda _path, done, total: told(done, total), record=record,
        )  # fmt: skip
    _say_how(item)
    return shapes.item(item)


def _say_how(item: Item) -> None:
    """What a person should know of a sealing, on stderr: what was there before, and what was missed or changed meanwhile."""
    data = json.loads(verbs.custody(item)[0].data)
    if present := data.get("present"):
        sys.stderr.write(say("say.present", session.options.language, present=present, size=item.size) + "\n")
    first(data["missed"])


def list_evidence(incident: str) -> Answer:
    """What is held for an incident."""
    rows = find.incident(actor(), incident).evidence.select_related("incident")
    columns = ("name", "kind", "title", "size", "files", "sha256", "sealed_at", "check_result")
    return Answer([shapes.item(row) for row in rows], columns=columns)


def show(incident: str, item: Annotated[str, typer.Argument(help="An item, such as EV-001.")]) -> Answer:
    """One item with its custody line, hand by hand, oldest first; with --json the ledger's own entries too."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    transfers.settle(row)
    reads.looked_at(row, actor=who)
    detail = custody.detail(row)
    return Answer(detail if session.options.json else _for_people(detail))


def _for_people(detail: custody.ItemDetail) -> dict[str, Any]:
    """The custody line says what the entries say, in words."""
    line = [{name: one[name] for name in LINE if name in one} for one in detail["line"]]  # type: ignore[literal-required]
    return {**{name: value for name, value in detail.items() if name != "custody"}, "line": line}


def verify(
    incident: str,
    items: Annotated[list[str] | None, typer.Argument(help="Items such as EV-001; without any, all.")] = None,
    content: Annotated[
        bool, typer.Option("--content", help="Of disk images (E01): compare what is inside with the hash they record.")
    ] = False,
) -> Answer:
    """Read the bytes again and compare. Exit code 4 where they are not what was sealed, 1 where they could not be read."""
    who = actor()
    row = find.incident(who, incident)
    held = [find.item(row, name) for name in items] if items else list(row.evidence.filter(disposed_at=None))
    rows: list[dict[str, str]] = []
    with progress("SHA-256") as told:
        for number, item in enumerate(held, 1):
            found = verbs.check_content(item, actor=who) if content else verbs.check(item, actor=who)
            rows.append({"name": item.name, "sha256": item.sha256, "result": found.result, "reason": found.reason})
            told(number, len(held))
    results = {one["result"] for one in rows}
    code = DIFFERENCE if "mismatch" in results else FAILED if "could-not-check" in results else DONE
    return Answer(rows, columns=("name", "result", "sha256", "reason"), code=code)
