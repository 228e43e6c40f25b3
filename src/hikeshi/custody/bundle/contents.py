"""What goes into a bundle, in which order: items, the record, what proves the record, and how to check it all."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from hikeshi import __version__
from hikeshi.custody.bundle.names import alike, trouble
from hikeshi.custody.bundle.parts import STAMP, Closing, Part, of_bytes
from hikeshi.custody.bundle.sshsig import allowed_signer, ssh_signature
from hikeshi.custody.bundle.stand_alone import FORMAT, key_file
from hikeshi.custody.canonical import canonical
from hikeshi.custody.chain import EMPTY, Entry, Head, to_line
from hikeshi.custody.checkpoint import read_note, read_text
from hikeshi.custody.manifest import Manifest, ManifestEntry
from hikeshi.custody.proof import SUFFIX
from hikeshi.custody.signing import Signer, fingerprint
from hikeshi.text import Text

IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes of a chain held in memory; a longer one goes by way of the disk."""


class Held(msgspec.Struct, frozen=True):
    """One item. `record` is what is known of it as plain JSON, with at least name, sha256 and files; `left_out` says why its bytes stay.

    `samples` are the names of its files by SHA-256 where they are malware, which leaves in a zip with a password only.
    """

    record: Mapping[str, Any]
    left_out: Text | None = None
    samples: Mapping[str, str] = msgspec.field(default_factory=dict)


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that has signed for this instance: PEM, and when it was in force (RFC 3339, empty: still)."""

    public: str
    algorithm: str
    since: str
    until: str = ""


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint of a chain: its whole note, and the replies of time-stamp authorities over it (DER)."""

    note: str
    stamps: Sequence[bytes] = ()


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of one chain. `form` is "whole", from the first on, or "selection".

    `proofs` are written proofs (custody/proof.py) by the number of their entry.
    """

    chain: str
    entries: Iterable[Entry]
    form: str = "whole"
    checkpoints: Sequence[Signed] = ()
    proofs: Mapping[int, str] = msgspec.field(default_factory=dict)


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a bundle is made from. `open` gives the bytes of a SHA-256; `about` is plain JSON for the head of the manifest.

    `roots` are the root certificates of the time-stamp authorities (PEM); `stamp` asks an authority about the bytes given and
    answers its reply, or nothing where none answered.
    """

    about: Mapping[str, Any]
    identity: str
    signer: Signer
    keys: Sequence[PublicKey]
    items: Sequence[Held]
    ledger: Sequence[Excerpt]
    open: Callable[[str], BinaryIO]
    gaps: Sequence[Text] = ()
    roots: str = ""
    extras: Sequence[Part] = ()
    stamp: Callable[[bytes], bytes] | None = None


def parts(contents: Contents) -> Iterator[Part]:
    """The files of the bundle, as far as MANIFEST.sha256 lists them. Made one after the other: the manifest counts what went before."""
    for item in contents.items:
        yield from _of_item(item, contents.open)
    ledger = []
    for excerpt in contents.ledger:
        part, told = _of_chain(excerpt)
        ledger.append(told)
        yield part
        yield from _proving(excerpt, told)
    if contents.roots:
        yield of_bytes("tsa-roots.pem", contents.roots.encode())
    yield from contents.extras
    for key in contents.keys:
        yield of_bytes(key_file(fingerprint(key.public)), key.public.encode())
    yield of_bytes("allowed_signers", allowed_signer(contents.identity, contents.signer.public).encode())
    yield of_bytes("verify.py", _beside("stand_alone.py"))
    yield of_bytes("VERIFY.md", _verify_md(contents, ledger))
    yield of_bytes("manifest.json", canonical(_manifest(contents, ledger), name="manifest.json"))


def closing(contents: Contents) -> Closing:
    """How the manifest of hashes is signed and stamped."""

    def sign(manifest: bytes) -> Iterator[Part]:
        yield of_bytes("MANIFEST.sig", contents.signer.sign(manifest))
        yield of_bytes("MANIFEST.sha256.sig", ssh_signature(contents.signer, manifest))
        if contents.stamp and (reply := contents.stamp(manifest)):
            yield of_bytes(STAMP, reply)

    return Closing(sign)


def _manifest(contents: Contents, ledger: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **contents.about,
        "format": FORMAT,
        "made_with": {"name": "hikeshi", "version": __version__},
        "identity": contents.identity,
        "signed_by": fingerprint(contents.signer.public),
        "stamped": contents.stamp is not None,
        "items": [{**item.record, "bytes": _where(item)} for item in contents.items],
        "ledger": ledger,
        "keys": [
            {"fingerprint": fingerprint(key.public), **_but(msgspec.structs.asdict(key), "public")}
            for key in contents.keys
        ],
        "gaps": [msgspec.to_builtins(gap) for gap in contents.gaps],
    }


def _but(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def _where(item: Held) -> dict[str, Any]:
    """What the manifest says of the bytes."""
    if item.left_out:
        return {"state": "left-out", "reason": msgspec.to_builtins(item.left_out)}
    folder = f"items/{item.record['name']}/"
    if item.samples:
        return {"state": "password-zip", "at": folder}
    if item.record["files"]:
        return {"state": "folder", "at": folder}
    return {"state": "whole", "at": f"{folder}{item.record['sha256']}"}


def _of_item(item: Held, opened: Callable[[str], BinaryIO]) -> Iterator[Part]:
    if item.left_out:
        return
    folder, sha256 = f"items/{item.record['name']}/", item.record["sha256"]
    if item.samples:
        from hikeshi.custody.malware import zipped  # half a second, only where there is malware

        yield Part(f"{folder}samples.zip", lambda: zipped(item.samples, opened, Path(tempfile.gettempdir())))
    elif not item.record["files"]:
        yield Part(f"{folder}{sha256}", lambda: opened(sha256), sha256)
    if not item.record["files"]:
        return
    with opened(sha256) as stream:
        entries = msgspec.json.decode(stream.read(), type=Manifest).entries
    yield Part(f"{folder}manifest.json", lambda: opened(sha256), sha256)
    if item.samples:
        return
    for name, of_file in _placed(folder, entries).items():
        yield Part(name, lambda of_file=of_file: opened(of_file), of_file)  # type: ignore[misc]


def _placed(folder: str, entries: Iterable[ManifestEntry]) -> dict[str, str]:
    """Where each file of a sealed folder goes: under its name, or where that does not travel, under its hash."""
    files = [entry for entry in entries if entry.sha256]
    taken = Counter(alike(entry.path) for entry in files)
    folders = {alike(entry.path[:at]) for entry in files for at, sign in enumerate(entry.path) if sign == "/"}
    placed = {}
    for entry in files:
        name = f"{folder}tree/{entry.path}"
        clear = taken[alike(entry.path)] == 1 and alike(entry.path) not in folders and not trouble(name)
        placed[name if clear else f"{folder}by-hash/{entry.sha256}"] = entry.sha256
    return placed


def _of_chain(excerpt: Excerpt) -> tuple[Part, dict[str, Any]]:
    """The entries as lines, and what the manifest says of them."""
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by whoever reads the part
    count, head = 0, EMPTY
    for entry in excerpt.entries:
        spool.write(to_line(entry))
        count, head = count + 1, Head(entry.seq, entry.hash)
    spool.seek(0)
    name = f"ledger/{excerpt.chain}.jsonl"
    told = {"chain": excerpt.chain, "file": name, "form": excerpt.form, "entries": count, "head": head._asdict()}
    return Part(name, lambda: cast("BinaryIO", spool)), told


def _proving(excerpt: Excerpt, told: dict[str, Any]) -> Iterator[Part]:
    """Checkpoints, their stamps, and proofs of single entries; `told` learns their names."""
    told |= {"checkpoints": [], "proofs": [], "origin": ""}
    for number, signed in enumerate(excerpt.checkpoints, 1):
        said = read_text(read_note(signed.note).text)
        name = f"{excerpt.chain}/{number:04d}-{said.size}"
        stamps = {f"timestamps/{name}.{at}.tsr": reply for at, reply in enumerate(signed.stamps, 1)}
        told["origin"] = said.origin
        told["checkpoints"].append({"file": f"checkpoints/{name}.note", "size": said.size, "stamps": list(stamps)})
        yield of_bytes(f"checkpoints/{name}.note", signed.note.encode())
        for stamp, reply in stamps.items():
            yield of_bytes(stamp, reply)
    for seq, proof in excerpt.proofs.items():
        told["proofs"].append(f"proofs/{excerpt.chain}/{seq}{SUFFIX}")
        yield of_bytes(told["proofs"][-1], proof.encode())


def _beside(name: str) -> bytes:
    return (resources.files("hikeshi.custody.bundle") / name).read_bytes()


def _verify_md(contents: Contents, ledger: list[dict[str, Any]]) -> bytes:
    signed_by = fingerprint(contents.signer.public)
    notes = [told for chain in ledger for told in chain["checkpoints"]]
    stamps = [(note["file"], reply) for note in notes for reply in note["stamps"]]
    stamps += [("MANIFEST.sha256", "MANIFEST.tsr")] if contents.stamp else []
    lines = [f"openssl ts -verify -data {data} -in {reply} -CAfile tsa-roots.pem" for data, reply in stamps]
    filled = {
        "@FINGERPRINT@": signed_by,
        "@KEY@": key_file(signed_by),
        "@IDENTITY@": contents.identity,
        "@DIGEST@": " -digest sha256" if contents.signer.algorithm == "ecdsa-p256" else "",
        "@STAMPS@": "\n".join(lines) or "# -",
    }
    text = _beside("VERIFY.md").decode()
    for sign, words in filled.items():
        text = text.replace(sign, words)
    return text.encode()
