"""`custody check-proof | check-consistency`: a proof against a public key, anywhere. No database, no network, no trust in us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hikeshi.custody.chain import to_line
from hikeshi.custody.checkpoint import NOTE_LIMIT
from hikeshi.custody.proof import PROOF_LIMIT, Proven, check_consistency, check_proof, read_consistency, read_proof
from hikeshi.custody.signing import KEY_LIMIT, fingerprint
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE
from hikeshi.errors import Refused, Unreadable

Keys = Annotated[
    list[Path],
    typer.Option("--key", help="A public key in PEM, got from elsewhere than the proof; several where keys changed."),
]


def check_entry(
    file: Annotated[Path, typer.Argument(help="What `hikeshi audit prove --out` wrote.")], key: Keys
) -> Answer:
    """Whether one of the keys signed a record that holds exactly this entry at exactly this place.

    Shows the entry that is proven. Exit code 4 where something does not hold, 5 for a file that is no proof.
    """
    proof = read_proof(_read(file, PROOF_LIMIT), source=str(file))
    proven = check_proof(proof, _publics(key))
    return _told(file, proven, entry=msgspec.json.decode(to_line(proof.entry)))


def check_continued(
    older: Annotated[Path, typer.Argument(help="The older signed checkpoint, as somebody kept it.")],
    file: Annotated[Path, typer.Argument(help="What `hikeshi audit consistency --out` wrote.")],
    key: Keys,
) -> Answer:
    """Whether a newer checkpoint continues an older one: no entry under it was changed or removed since.

    Exit code 4 where something does not hold, 5 for a file that is none.
    """
    proof = read_consistency(_read(file, PROOF_LIMIT), source=str(file))
    return _told(file, check_consistency(_read(older, NOTE_LIMIT), proof, _publics(key)), older_entries=proof.old)


def _told(file: Path, proven: Proven, **more: object) -> Answer:
    data = {
        "file": str(file), "ok": proven.ok, "origin": proven.origin, "entries": proven.size, "signed_by": list(proven.signed_by),
        **more, "problems": [{"what": msgspec.to_builtins(text)} for text in proven.problems],
    }  # fmt: skip
    return Answer(data, code=DONE if proven.ok else DIFFERENCE)


def _read(path: Path, limit: int) -> str:
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Unreadable(f"larger than {limit} bytes", source=str(path))
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        raise Unreadable("not UTF-8 text", source=str(path), place=f"byte {problem.start}") from problem


def _publics(paths: list[Path]) -> list[str]:
    publics = [_read(path, KEY_LIMIT) for path in paths]
    for path, public in zip(paths, publics, strict=True):
        try:
            fingerprint(public)
        except ValueError as problem:
            raise Refused(
                f"{path} is not a public key in PEM.",
                hint="`hikeshi audit keys --json` has it; `openssl pkey -in KEY -pubout` makes it of a private one.",
            ) from problem
    return publics
