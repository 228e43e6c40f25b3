"""`audit keys | rotate | retire | stamps | copies | compare`: who signs the ledger, and what the outside world holds of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.ledger import anchors as verbs, keys as key_verbs
from hikeshi.doors import anchors, find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, FAILED, UNREADABLE
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Unreadable

Reason = Annotated[str, typer.Option(help="Why; it is on the record for good.")]
ChainName = Annotated[str, typer.Argument(help="A chain; without it, how each authority or place stands.")]
Again = Annotated[
    str,
    typer.Option(
        help="Try everything of this one again that waits or was refused; of a new one, the newest checkpoint of each chain."
    ),
]
CHECKED = ("entries", "stamped_by", "said_at", "result", "problem")
PARTIES = ("name", "held", "waiting", "refused", "waiting_since", "problem")


def keys(
    check: Annotated[
        bool, typer.Option("--check", help="Ask the key that signs; exit code 1 where it is out of reach.")
    ] = False,
) -> Answer:
    """The keys that sign checkpoints, newest first: which, where, since when."""
    rows: list[dict[str, Any]] = [dict(row) for row in anchors.all_keys(actor())]
    problem = anchors.key_problem() if check else ""
    if rows and check:
        rows[0]["problem"] = problem
    columns = ("fingerprint", "algorithm", "place", "since", "until", "state", *(("problem",) if check else ()))
    return Answer(rows, columns=columns, code=FAILED if problem else DONE)


def rotate(
    reason: Reason,
    place: Annotated[
        str,
        typer.Argument(
            help="file:PATH, kms:KEY or pkcs11:...; empty: HIKESHI_SIGNING_KEY where that is another, else a new file."
        ),
    ] = "",
    lost: Annotated[bool, typer.Option("--lost", help="The old key is gone and cannot sign the change.")] = False,
    secret_file: Annotated[
        Path | None, typer.Option(help="Passphrase or PIN of the new key; later in HIKESHI_SIGNING_SECRET_FILE.")
    ] = None,
) -> Any:
    """Let another key sign from now on. The old key signs the change, so that whoever knows it can follow."""
    return anchors.key(key_verbs.rotate(place, actor=actor(), reason=reason, lost=lost, secret_file=secret_file))


def retire(reason: Reason) -> Any:
    """Withdraw the key that signs, such as after a break-in. Nothing is signed until `audit rotate --lost` names another."""
    return anchors.key(key_verbs.retire(actor=actor(), reason=reason))


def stamps(
    chain: ChainName = "",
    again: Again = "",
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Check those of the chain that are held once more; exit code 4, or 5 where one cannot be checked.",
        ),
    ] = False,
) -> Answer:
    """Time stamps: what each authority holds, or those of one chain."""
    if check:
        rows = anchors.check_stamps(find.chain(actor(), chain))
        results = {row["result"] for row in rows}
        code = DIFFERENCE if "mismatch" in results else UNREADABLE if "could-not-check" in results else DONE
        return Answer(rows, columns=CHECKED, code=code)
    columns = ("chain", "entries", "stamped_by", "state", "said_at", "problem")
    return _outside("stamps", chain, again, columns)


def copies(chain: ChainName = "", again: Again = "") -> Answer:
    """Copies outside: what each place holds, or those of one chain."""
    return _outside("copies", chain, again, ("chain", "entries", "place", "state", "receipt", "problem"))


def _outside(kind: str, chain: str, again: str, columns: tuple[str, ...]) -> Answer:
    who = actor()
    if again:
        verbs.again(kind, again, actor=who)
    if chain:
        found = find.chain(who, chain)
        rows: Any = anchors.stamps_of(found) if kind == "stamps" else anchors.copies_of(found)
        return Answer(rows, columns=columns, lines=True)
    return Answer(anchors.all_parties(who, kind), columns=PARTIES)


def compare(
    files: Annotated[list[Path], typer.Argument(help="Files with checkpoints as they are held outside.")],
) -> Answer:
    """Checkpoints held outside against the ledger. Exit code 4 where it was rewritten or cut off, 5 where lines are no checkpoint."""
    who = actor()
    rows = [
        {"file": str(path), **row} for path in files for row in anchors.compare_text(who, _text(path), source=str(path))
    ]
    unreadable = any(row["result"] == "unreadable" for row in rows)
    code = DIFFERENCE if anchors.differs(rows) else UNREADABLE if unreadable else DONE  # type: ignore[arg-type]
    return Answer(rows, columns=("file", "place", "origin", "entries", "entries_now", "result", "text"), code=code)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(anchors.TEXT_LIMIT + 1)
    if len(content) > anchors.TEXT_LIMIT:
        raise Unreadable(f"larger than {anchors.TEXT_LIMIT} bytes", source=str(path), hint="Split it between notes.")
    return content.decode("utf-8", "replace")
