"""`evidence acquire ...`: collecting on the responder's own machine, with a record of how; and sealing it where an incident is named.

The options of each command are the fields of its acquisition, and those that all share: where to, who, by whose authority.
"""

from __future__ import annotations

import getpass
import inspect
import os
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import msgspec
import typer

from hikeshi.custody.acquire import ACQUISITIONS, acquisition, clock
from hikeshi.custody.acquire.acquisition import Acquisition, perform
from hikeshi.custody.acquire.record import Person, Reading, Record
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.dispatch import open_desk
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.progress import progress
from hikeshi.environment import read_environment

Words = Callable[..., Answer]

SHARED: Final[dict[str, tuple[Any, Any]]] = {
    "out": (
        Annotated[Path | None, typer.Option(help="A new folder for it; without it, one here named after the time.")],
        None,
    ),
    "incident": (Annotated[str, typer.Option(help="Seal it as evidence of this incident.")], ""),
    "operator": (Annotated[str, typer.Option(help="Who collects; without it, whoever is signed in.")], ""),
    "witness": (Annotated[str, typer.Option(help="Who watches.")], ""),
    "authority": (Annotated[str, typer.Option(help="The legal basis, or who allowed it.")], ""),
    "location": (Annotated[str, typer.Option(help="Where the thing is.")], ""),
    "description": (Annotated[str, typer.Option(help="What it is.")], ""),
    "time_server": (Annotated[str, typer.Option(help="Host that knows the time; else HIKESHI_TIME_SERVER.")], ""),
    "dry_run": (Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")], False),
}


def _command(kind: type[Acquisition]) -> Words:
    """A function as typer reads it: its parameters are the fields of the acquisition, then what all share."""
    hints = get_type_hints(kind, include_extras=True)
    names = kind.__struct_fields__
    defaults = dict(zip(names[len(names) - len(kind.__struct_defaults__) :], kind.__struct_defaults__, strict=True))
    parameters = [_parameter(name, hints[name], defaults.get(name, inspect.Parameter.empty)) for name in names]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=note, default=default)
        for name, (note, default) in SHARED.items()
    ]

    def run(**given: Any) -> Answer:
        return _run(acquisition(kind.name, {name: given[name] for name in names}), given)

    run.__doc__ = (
        f"{inspect.cleandoc(kind.__doc__ or '')}\n\nWithout a database: the folder gets the record `acquisition.json`. "
        "Exit code 5 where something could not be had: the rest was."
    )
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameter(name: str, hint: Any, default: Any) -> inspect.Parameter:
    kind, meta = hint.__origin__, hint.__metadata__[0]
    said = {"help": meta.description}
    needed = default is inspect.Parameter.empty
    option: Any = typer.Argument(**said) if needed else typer.Option(**said, min=meta.ge, max=meta.le)
    if kind == tuple[Path, ...]:
        kind, default = list[Path], default if needed else list(default)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option], default=default)


def _run(what: Acquisition, given: dict[str, Any]) -> Answer:
    folder = (given["out"] or Path(f"{what.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")).absolute()
    incident = given["incident"]
    seal = _desk(incident) if incident else None  # refused now, not after hours of reading
    reading = clock.measure(given["time_server"] or read_environment().time_server)
    person = Person(
        collector=given["operator"] or (seal.who if seal else _account()), witness=given["witness"],
        authority=given["authority"], location=given["location"], description=given["description"],
    )  # fmt: skip
    if given["dry_run"]:
        return Answer(
            {"method": what.method, **what.plan(folder), "clock": _told(reading), "collector": person.collector}
        )
    command = shlex.join(["hikeshi", *session.words])
    with progress(what.title.ja if session.options.language == "ja" else what.title.en, unit=what.unit) as told:
        try:
            record, digest = perform(what, folder, person=person, clock=reading, command=command, tell=told)
        except KeyboardInterrupt:
            _say_how_to_go_on(what, folder)
            raise
    item = seal.keep(folder, record) if seal else None
    return Answer(_summary(record, folder, digest, item), code=DONE if record.outcome == "complete" else UNREADABLE)


def _say_how_to_go_on(what: Acquisition, folder: Path) -> None:
    en, ja = (
        (
            f"Stopped. To go on: the same command with --out {folder}",
            f"中断しました。再開するには --out {folder} を付けて同じコマンドを実行してください。",
        )
        if what.resumable
        else (f"Stopped. What was collected is in {folder}.", f"中断しました。取得済みのものは {folder} にあります。")
    )
    sys.stderr.write(plain(ja if session.options.language == "ja" else en) + "\n")


def _account() -> str:
    """The account of the operating system; behind sudo, the one that called it."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _told(reading: Reading) -> dict[str, Any]:
    return msgspec.structs.asdict(reading)


def _summary(record: Record, folder: Path, digest: str, item: str | None) -> dict[str, Any]:
    """What the operator should see, and write down: the hash of the record stands for everything in it."""
    return {
        "out": str(folder), "outcome": record.outcome, "source": record.source, "collector": record.person.collector,
        "began_at": record.began_at, "ended_at": record.ended_at, "clock": _told(record.clock),
        "files": [msgspec.structs.asdict(file) for file in record.files], "missed_count": record.missed_count,
        "missed": [msgspec.structs.asdict(one) for one in record.missed[:20]],
        "notes": [msgspec.to_builtins(note) for note in record.notes], "record_sha256": digest, "item": item,
    }  # fmt: skip


def _desk(incident: str) -> Any:
    """The incident's evidence, opened before a byte is read. Raises `Refused` where its holder may not write there."""
    open_desk()
    from hikeshi.doors.cli.acquired import Keeping  # it needs the database, which only --incident does

    return Keeping(incident)


capture, copy, image, logs, state = (
    _command(ACQUISITIONS[name]) for name in ("capture", "copy", "image", "logs", "state")
)
