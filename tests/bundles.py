"""A small bundle with everything in it: a file, a folder with awkward names, an item without its bytes, a record."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from hikeshi.custody.bundle.contents import Contents, Excerpt, Held, PublicKey, closing, parts
from hikeshi.custody.bundle.parts import write_folder, write_zip
from hikeshi.custody.chain import EMPTY, Entry, seal_entry
from hikeshi.custody.locker import Locker
from hikeshi.custody.signing import FileSigner, make_key_file
from hikeshi.text import Text

AWKWARD = ("README", "readme", "a\\b", "new\nline", "con.txt", "日本語.log", "sub/plain.log", "e\u0301.txt")
CHAIN = "INC-2026-001"


def record(count: int, chain: str = CHAIN) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        after = entries[-1].head if entries else EMPTY
        entries.append(
            seal_entry(
                after, chain=chain, time=datetime(2026, 11, 6, 17, number, tzinfo=UTC), actor="佐藤", door="cli",
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
        keys=[key], items=items, ledger=[Excerpt(chain=CHAIN, entries=record(3))], open=locker.open,
    )  # fmt: skip


def _quiet(_count: int) -> None:
    pass


def folder_of(contents: Contents, path: Path) -> Path:
    write_folder(parts(contents), closing(contents), path, _quiet)
    return path


def zip_of(contents: Contents, path: Path) -> Path:
    write_zip(parts(contents), closing(contents), path, _quiet)
    return path
