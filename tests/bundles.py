"""A small bundle with everything in it: a file, a folder with awkward names, an item without its bytes, a record."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from hikeshi.custody.bundle.contents import Contents, Excerpt, Held, PublicKey, Signed, closing, parts
from hikeshi.custody.bundle.parts import write_folder, write_zip
from hikeshi.custody.chain import EMPTY, Entry, seal_entry
from hikeshi.custody.checkpoint import Checkpoint, sign
from hikeshi.custody.locker import Locker
from hikeshi.custody.merkle import extend, inclusion, leaf_hash, root
from hikeshi.custody.proof import write_proof
from hikeshi.custody.signing import FileSigner, Signer, make_key_file
from hikeshi.text import Text

AWKWARD = ("README", "readme", "a\\b", "new\nline", "con.txt", "日本語.log", "sub/plain.log", "e\u0301.txt")
CHAIN = "INC-2026-001"


def record(count: int, actor: str = "佐藤") -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        after = entries[-1].head if entries else EMPTY
        entries.append(
            seal_entry(
                after, chain=CHAIN, time=datetime(2026, 11, 6, 17, number, tzinfo=UTC), actor=actor, door="cli",
                verb="evidence.seal", object="EV-001", data={"note": f"line {number}\u2028\U0001f525"},
            )
        )  # fmt: skip
    return entries


def small_contents(home: Path) -> Contents:
    """`home` gets a locker, a key and the files that were sealed."""
    make_key_file(home / "keys" / "signing.pem")
    signer, locker = FileSigner(home / "keys" / "signing.pem"), Locker(home / "locker")
    source = home / "source"
    for name in AWKWARD:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(f"this is {name}".encode())
    folder, manifest = locker.seal_tree(source)
    (home / "memory.raw").write_bytes(b"memory of a web server")
    items = [
        Held({"name": "EV-001", "sha256": locker.seal(home / "memory.raw").sha256, "files": 0}),
        Held({"name": "EV-002", "sha256": folder.sha256, "files": len(manifest.entries)}),
        Held({"name": "EV-003", "sha256": hashlib.sha256(b"x").hexdigest(), "files": 0}, left_out=Text("TLP:RED", "TLP:RED のため")),
    ]  # fmt: skip
    key = PublicKey(public=signer.public, algorithm=signer.algorithm, since="2026-11-06T00:00:00.000000Z")
    return Contents(
        about={"incident": CHAIN, "made_at": "2026-11-06T18:00:00.000000Z"}, identity="hikeshi.example.org", signer=signer,
        keys=[key], items=items, ledger=[proven(record(3), signer)], open=locker.open,
    )  # fmt: skip


def proven(entries: list[Entry], signer: Signer, *, form: str = "whole", chosen: tuple[int, ...] = (1, 3)) -> Excerpt:
    """The chain with checkpoints over its first entry and over all, and proofs of the entries `chosen`."""
    tiles: dict[tuple[int, int], bytes] = {}
    leaves = [leaf_hash(bytes.fromhex(entry.hash)) for entry in entries]
    for tile in extend(0, leaves, lambda level, index: tiles.get((level, index), b"")):
        tiles[tile.level, tile.index] = tile.hashes

    def read(level: int, index: int) -> bytes:
        return tiles.get((level, index), b"")

    sizes = (1, len(entries)) if form == "whole" else (len(entries),)
    notes = [sign(Checkpoint(f"hikeshi.example/{CHAIN}", size, root(size, read)), [signer]) for size in sizes]
    proofs = {seq: write_proof(entries[seq - 1], inclusion(seq - 1, len(entries), read), notes[-1]) for seq in chosen}
    kept = entries if form == "whole" else [entry for entry in entries if entry.seq in chosen]
    return Excerpt(chain=CHAIN, entries=kept, form=form, checkpoints=[Signed(note) for note in notes], proofs=proofs)


def _quiet(_count: int) -> None:
    pass


def folder_of(contents: Contents, path: Path) -> Path:
    write_folder(parts(contents), closing(contents), path, _quiet)
    return path


def zip_of(contents: Contents, path: Path) -> Path:
    write_zip(parts(contents), closing(contents), path, _quiet)
    return path
