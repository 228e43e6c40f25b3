"""`playbook export | import`: CACAO 2.0. No database."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from hikeshi.doors.cacao import imported
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE
from hikeshi.doors.cli.playbook import book_named
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.cacao import exporting
from hikeshi.playbooks.cacao.names import US
from hikeshi.playbooks.cacao.verifying import keys_in

Out = Annotated[Path | None, typer.Option("--output", "-o", help="The file to write; without it, standard output.")]


def export(
    name: Annotated[str, typer.Argument(help="A name of `playbook list`, or a YAML file.")],
    language: Annotated[
        Literal["en", "ja"], typer.Option(help="The language that other systems see; ours keeps both.")
    ] = "en",
    by: Annotated[str, typer.Option(help="The STIX identity of your organisation, identity--UUID.")] = "",
    key: Annotated[str, typer.Option(help="Sign it with this key: a file, or a place as for checkpoints.")] = "",
    signee: Annotated[str, typer.Option(help="Who signs, in words.")] = "CSIRT",
    output: Out = None,
) -> Answer:
    """One playbook as a CACAO 2.0 document, signed where a key is given."""
    document = exporting.export(book_named(name), at=datetime.now(UTC), language=language, by=by or US)
    if key:
        document = _signed(document, key, signee)
    if output:
        output.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        return Answer({"file": str(output), "id": document["id"], "steps": len(document["workflow"])})
    return Answer(document, pretty=True)


def import_(
    path: Annotated[Path, typer.Argument(help="A CACAO 2.0 document, or - for standard input.")],
    output: Out = None,
    key: Annotated[
        list[Path] | None, typer.Option(help="A public key (PEM): refuse what none of these has signed.")
    ] = None,
) -> Answer:
    """A CACAO 2.0 document as a playbook of ours. Its commands become steps for people: Hikeshi runs nothing that came in a file.

    Refused where a signature in it does not hold; exit code 4 where nothing can be said of one.
    """
    found = imported(_bytes(path), source=str(path), keys=keys_in(key or ()))
    data: dict[str, Any] = found.model_dump()
    if output:
        output.write_text(found.yaml, encoding="utf-8")
        data = {"file": str(output), **{name: part for name, part in data.items() if name != "yaml"}}
    return Answer(data, code=DONE if all(one.good for one in found.signatures) else DIFFERENCE)


def _bytes(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as problem:
        raise Unreadable(f"cannot be read: {problem.strerror}", source=str(path)) from problem


def _signed(document: dict[str, Any], key: str, signee: str) -> dict[str, Any]:
    from hikeshi.custody.signers import open_signer  # only who signs waits for the libraries of keys
    from hikeshi.playbooks.cacao.signing import sign

    place = key if ":" in key else f"file:{key}"
    if not signee.strip():
        raise Refused("A signature says who signs.", hint="--signee NAME")
    return sign(document, open_signer(place), signee=signee.strip(), at=datetime.now(UTC))
