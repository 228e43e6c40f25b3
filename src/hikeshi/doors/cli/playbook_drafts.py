"""`playbook shelf | versions | draft | drafts | edit | rehearse | ask | review | publish | withdraw | retire`: an organisation's own playbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.playbooks import drafting, publishing
from hikeshi.desk.playbooks.reading import shelf
from hikeshi.desk.rehearsals import drafts
from hikeshi.doors import find, playbooks as shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Unreadable
from hikeshi.playbooks.signatures import content_of

Named = Annotated[str, typer.Argument(metavar="DRAFT", help="The playbook's name, or the draft's number.")]
Digest = Annotated[str, typer.Option(help="What you have read: 12 characters or more of its digest.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Seen = Annotated[int, typer.Option(help="The version you read; nothing is written over another one.")]


def show_shelf() -> Answer:
    """What runs are started with: published here, over the folder, over the library. Exit code 5 where something does not count."""
    find.insider(actor())
    found = shelf()
    rows: list[Any] = [
        *shapes.on_shelf(found),
        *({"name": "-", "origin": "problem", "place": one.source, "what": str(one)} for one in found.problems),
    ]
    return Answer(
        rows,
        columns=("name", "version", "severity", "origin", "signed", "title", "what"),
        code=UNREADABLE if found.problems else DONE,
    )


def list_versions(name: Annotated[str, typer.Argument(help="A playbook.")]) -> Answer:
    """Every version that was published, the newest first."""
    rows = [shapes.published(row) for row in shapes.versions(actor(), name)]
    return Answer(
        rows, columns=("version", "published_at", "published_by", "reviewers", "simulated", "retired_at", "digest")
    )


def list_drafts() -> Answer:
    """The texts that are written or reviewed now."""
    rows = [shapes.draft(row) for row in shapes.open_drafts(actor())]
    return Answer(
        rows, columns=("draft", "name", "state", "version", "author", "errors", "simulated", "needed", "yes", "digest")
    )


def draft(
    name: Annotated[str, typer.Argument(help="Begin with its text on the shelf, or with an empty one.")] = "",
    file: Annotated[Path | None, typer.Option(help="Begin with this file, which names itself.")] = None,
) -> Any:
    """Begin a draft, or show the one that is written now."""
    who = actor()
    if not name and file is None:
        raise WrongUsage("Name a playbook or a file.", hint="hikeshi playbook draft phishing, or --file phishing.yaml")
    return shapes.draft_detail(drafting.begin(name, actor=who, text=_text(file) if file else ""))


def show_draft(name: Named) -> Any:
    """One draft with its text, what lint says of it, and what reviewers said."""
    return shapes.draft_detail(shapes.find_draft(actor(), name))


def edit(
    file: Annotated[Path, typer.Argument(help="The YAML file, of the draft that it names.")], version: Seen
) -> Any:
    """Save a file as the text of its draft."""
    who, text = actor(), _text(file)
    row = shapes.find_draft(who, drafting.name_in(text))
    return shapes.draft_detail(drafting.edit(row, text, actor=who, version=version))


def ask(name: Named, version: Seen) -> Any:
    """Hand a draft in for review. Refused where lint finds an error."""
    who = actor()
    return shapes.draft_detail(publishing.ask_for_review(shapes.find_draft(who, name), actor=who, version=version))


def review(
    name: Named, *, digest: Digest, yes: Annotated[bool, typer.Option("--yes/--no", help="Stand behind it, or send it back.")],
    reason: Annotated[str, typer.Option(help="Why; needed for a no.")] = "",
) -> Any:  # fmt: skip
    """Say yes or no to exactly one text. Refused for who has written in it."""
    who = actor()
    row = shapes.find_draft(who, name)
    publishing.review(row, actor=who, digest=shapes.digest_of(row, digest), yes=yes, reason=reason)
    return shapes.draft_detail(shapes.find_draft(who, str(row.pk)))


def simulate(name: Named) -> Any:
    """Have a worker play a draft as it is saved, in all its ways. `playbook text` says how it went."""
    who = actor()
    row = shapes.find_draft(who, name)
    drafts.ask(row, actor=who)
    return shapes.draft_detail(row)


def publish(
    name: Named,
    digest: Digest,
    without: Annotated[str, typer.Option(help="Why it is published without a simulation that has passed.")] = "",
) -> Any:
    """Let runs be started with it. Runs that have begun stay on their version."""
    who = actor()
    row = shapes.find_draft(who, name)
    return shapes.published(drafts.publish(row, actor=who, digest=shapes.digest_of(row, digest), without=without))


def withdraw(name: Named, reason: Reason) -> Any:
    """Give a draft up. It stays to be read."""
    who = actor()
    return shapes.draft_detail(drafting.withdraw(shapes.find_draft(who, name), actor=who, reason=reason))


def retire(
    name: Annotated[str, typer.Argument(help="A playbook.")],
    version: Annotated[int, typer.Argument(help="The published version.")],
    reason: Reason,
) -> Any:
    """Take a version off the shelf: the one before it counts again."""
    who = actor()
    return shapes.published(publishing.retire(shapes.find_version(who, name, version), actor=who, reason=reason))


def _text(file: Path) -> str:
    try:
        return content_of(file).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable("is not UTF-8", source=str(file)) from problem
