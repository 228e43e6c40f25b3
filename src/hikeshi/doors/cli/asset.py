"""`asset add | change | import | list | retire | show`: what there is to protect, and whose it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.assets import csv_rows, imports, verbs
from hikeshi.desk.assets.aws_rows import TagKeys
from hikeshi.desk.assets.csv_rows import row_of
from hikeshi.doors import assets
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor

Identifier = Annotated[
    str, typer.Argument(help="What alerts call it: instance id, ARN, host, address, network, account.")
]
Name = Annotated[str, typer.Option(help="What people call it.")]
Owner = Annotated[str, typer.Option(help="Who owns it; a name or mail address of the contact list is linked.")]
Criticality = Annotated[str, typer.Option(help="vital, high, medium or low.")]
Environment = Annotated[str, typer.Option(help="production, staging, development or test.")]
Data = Annotated[str, typer.Option(help="Comma separated: credentials, health, payment, personal, secret.")]
Kind = Annotated[str, typer.Option(help="instance, host, address, resource, account, ...")]
Account = Annotated[str, typer.Option(help="The cloud account it is in.")]


def add(
    identifier: Identifier, name: Name = "", owner: Owner = "", criticality: Criticality = "", environment: Environment = "",
    data: Data = "", kind: Kind = "", account: Account = "",
) -> Any:  # fmt: skip
    """Put an asset on the register."""
    values = _values(identifier, name, owner, criticality, environment, data, kind, account)
    return assets.shape(verbs.add(identifier, actor=actor(), **values))


def change(
    identifier: Identifier, name: Name = "", owner: Owner = "", criticality: Criticality = "", environment: Environment = "",
    data: Data = "", kind: Kind = "", account: Account = "",
) -> Any:  # fmt: skip
    """Change what is given; what is not stays as it is. A retired asset is in use again by this."""
    who = actor()
    values = _values(identifier, name, owner, criticality, environment, data, kind, account)
    return assets.shape(verbs.change(assets.named(who, identifier), actor=who, **values))


def _values(identifier: str, *given: str) -> dict[str, Any]:
    columns = ("name", "owner_name", "criticality", "environment", "data", "kind", "account")
    row = row_of(0, {"identifier": identifier, **dict(zip(columns, given, strict=True))})
    if not isinstance(row, csv_rows.Row):
        raise WrongUsage(f"{row.reason.en}.", hint="`hikeshi asset add --help` names what there is.")
    return row.values


def list_assets(
    search: Annotated[str, typer.Option(help="A word of the identifier, name or owner, or an account.")] = "",
    retired: Annotated[bool, typer.Option(help="Those that are no longer in use.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """The asset register, the most critical first."""
    rows = assets.rows_of(actor(), search, retired=retired)[:limit]
    columns = ("identifier", "name", "owner", "criticality", "environment", "data")
    return Answer([assets.shape(row) for row in rows], columns=columns)


def show(identifier: Identifier) -> Any:
    """One asset, with the open groups and the incidents that name it."""
    who = actor()
    return assets.detail(assets.named(who, identifier), who)


def retire(identifier: Identifier, reason: Annotated[str, typer.Option(help="What became of it.")]) -> Any:
    """It is no longer in use; its row stays for the past."""
    who = actor()
    return assets.shape(verbs.retire(assets.named(who, identifier), actor=who, reason=reason))


def take_in(
    file: Annotated[str, typer.Argument(help="A CSV file; - is standard input. Not with --aws.")] = "",
    aws: Annotated[bool, typer.Option("--aws", help="From the tags of the AWS account instead.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    region: Annotated[str, typer.Option(help="The region read with --aws.")] = "",
    owner_tag: Annotated[str, typer.Option(help="Tags that name the owner, comma separated.")] = "Owner,Team",
    criticality_tag: Annotated[str, typer.Option(help="Tags that say how critical it is.")] = "Criticality",
    environment_tag: Annotated[str, typer.Option(help="Tags that name the environment.")] = "Environment,Env",
    data_tag: Annotated[str, typer.Option(help="Tags that say what data it holds.")] = "Data,DataClassification",
) -> Answer:
    """Many assets at once. Rows that cannot be read are named with their line, the others are kept: exit code 5."""
    if aws == bool(file):
        raise WrongUsage("Name a file, or --aws.", hint="hikeshi asset import FILE, or hikeshi asset import --aws.")
    who, table, digest = actor(), None, ""
    if aws:
        tags = {"owner": owner_tag, "criticality": criticality_tag, "environment": environment_tag, "data": data_tag}
        rows = assets.cloud_rows(region, TagKeys(**{key: tuple(words.split(",")) for key, words in tags.items()}))
    else:
        table, digest = assets.csv_table(_content(file), file)
        rows = table.rows
    source = "aws" if aws else "csv"
    shown = (
        imports.preview(rows, actor=who, source=source)
        if dry_run
        else imports.take_in(rows, actor=who, source=source, file_sha256=digest)
    )
    answer = assets.import_shape(shown, table, written=not dry_run)
    return Answer(answer, code=UNREADABLE if shown.bad else DONE)


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(csv_rows.LIMIT + 1)
    with Path(file).open("rb") as opened:
        return opened.read(csv_rows.LIMIT + 1)
