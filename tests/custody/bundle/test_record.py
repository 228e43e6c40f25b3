"""What the bundle says of its record: checkpoints that its entries lead to, proofs, a selection that names what it leaves out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bundles import CHAIN, folder_of, proven, record
from hikeshi.custody.bundle.checking import check
from hikeshi.custody.bundle.contents import Contents, Signed
from hikeshi.custody.chain import to_line


def outcomes(folder: Path) -> dict[str, str]:
    """The worst outcome of each place."""
    order = ("match", "could-not-check", "mismatch")
    found: dict[str, str] = {}
    for one in check(folder).findings:
        found[one.place] = max(found.get(one.place, "match"), one.outcome, key=order.index)
    return found


def test_a_selection_of_entries_is_proven_and_the_others_stay(contents: Contents, tmp_path: Path) -> None:
    chosen = proven(record(40), contents.signer, form="selection", chosen=(3, 17, 40))
    folder = folder_of(msgspec.structs.replace(contents, ledger=[chosen]), tmp_path / "b")
    assert check(folder).outcome == "match"
    lines = (folder / "ledger" / f"{CHAIN}.jsonl").read_bytes().splitlines(keepends=True)
    assert lines == [to_line(record(40)[seq - 1]) for seq in (3, 17, 40)]
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert record(40)[4].hash.encode() not in everything


def test_an_entry_of_a_selection_without_proof_could_not_be_checked(contents: Contents, tmp_path: Path) -> None:
    chosen = proven(record(5), contents.signer, form="selection", chosen=(2, 4))
    chosen = msgspec.structs.replace(chosen, proofs={2: chosen.proofs[2]})
    folder = folder_of(msgspec.structs.replace(contents, ledger=[chosen]), tmp_path / "b")
    assert outcomes(folder)[f"ledger/{CHAIN}.jsonl"] == "could-not-check"


def test_a_history_rewritten_by_the_owner_of_the_key_does_not_lead_to_the_old_checkpoint(
    contents: Contents, tmp_path: Path
) -> None:
    """Whoever holds the key can sign a new bundle over a new chain, but not make it fit a checkpoint that others hold."""
    held = proven(record(3), contents.signer).checkpoints
    forged = proven(record(3, actor="forger"), contents.signer)
    changed = msgspec.structs.replace(forged, checkpoints=held, proofs={})
    folder = folder_of(msgspec.structs.replace(contents, ledger=[changed]), tmp_path / "b")
    assert outcomes(folder)[f"checkpoints/{CHAIN}/0002-3.note"] == "mismatch"


def test_a_checkpoint_by_a_key_that_is_not_in_the_bundle_is_a_difference(contents: Contents, tmp_path: Path) -> None:
    (excerpt,) = contents.ledger
    note = excerpt.checkpoints[0].note
    line = note.split("\n")[-2].split(" ")
    other = note.replace(line[2], "AAAA" + line[2][4:])
    changed = msgspec.structs.replace(excerpt, checkpoints=[Signed(other)], proofs={})
    folder = folder_of(msgspec.structs.replace(contents, ledger=[changed]), tmp_path / "b")
    assert outcomes(folder)[f"checkpoints/{CHAIN}/0001-1.note"] == "mismatch"
