#!/usr/bin/env python3
"""Check the evidence bundle this file lies in. It needs Python 3.8 or later, and nothing else.

    python3 verify.py [FOLDER] [--key FINGERPRINT] [--lang en|ja] [--json]

Exit code 0: everything matches. 4: something is not as it was written. 1: something could not be checked.

Signatures are checked by the programs openssl and ssh-keygen where they are there; where they are not, that is said. A bundle proves
by itself only that nothing was changed after it was signed. Whose key signed it is for you to compare: ask the sender for the fingerprint
by another way, and give it with --key.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

MATCH, MISMATCH, COULD_NOT = "match", "mismatch", "could-not-check"
MANIFEST = "MANIFEST.sha256"
BESIDE = (MANIFEST, "MANIFEST.sig", "MANIFEST.sha256.sig", "MANIFEST.tsr")
"""Files that MANIFEST.sha256 cannot list, as they are made from it."""
FORMAT = "hikeshi-bundle-1"
CHUNK = 1024 * 1024
LINE_LIMIT = 16 * 1024 * 1024
DOCUMENT_LIMIT = 512 * 1024 * 1024
INTEGER_LIMIT = 2**53 - 1
PASSWORD = "infected"  # noqa: S105
"""Of zips that hold malware: what the trade agreed on, known to all."""
ENTRY = {"chain", "seq", "time", "actor", "door", "verb", "object", "data", "prev", "hash"}
ED25519 = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its DER (RFC 8410)."""
EMPTY_HASH = "0" * 64
BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError, RecursionError, OverflowError)
"""What reading a document that is not as it should be can raise."""


class Finding(NamedTuple):
    """One result. `place` is the file, or the entry, that it is about."""

    outcome: str
    place: str
    en: str
    ja: str


class Bundle:
    """The files of a bundle, and what is found out about them. `open_` gives the bytes of a name."""

    def __init__(self, names: List[str], open_: Callable[[str], BinaryIO], strange: Tuple[Finding, ...] = ()) -> None:
        self.names, self._open, self.strange = set(names), open_, strange
        self.hashes: Dict[str, str] = {}
        self.manifest: Dict[str, Any] = {}
        self.roots: Dict[Tuple[str, int], bytes] = {}
        self.entry_hashes: Dict[Tuple[str, int], str] = {}

    def open(self, name: str) -> BinaryIO:
        """Only what lies in the bundle is opened, whatever its manifest names."""
        if name not in self.names:
            raise KeyError(name)
        return self._open(name)

    def document(self, name: str, limit: int = DOCUMENT_LIMIT) -> bytes:
        with self.open(name) as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise ValueError("larger than %d bytes" % limit)
        return content


class Programs:
    """Signatures, checked by the programs that a system brings. Each answer is True, False, or None: it could not be checked."""

    def signature(self, public: bytes, message: bytes, signature: bytes) -> Optional[bool]:
        """`public` is PEM, `signature` raw Ed25519, or DER of ECDSA over SHA-256."""
        digest = () if len(signature) == 64 else ("-digest", "sha256")
        done = _run(
            ("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "{0}", "-in", "{1}", "-sigfile", "{2}", *digest),
            public, message, signature,
        )  # fmt: skip
        if done is None or done[0] == 0:
            return None if done is None else True
        return False if b"Signature Verification Failure" in done[1] else None

    def ssh(self, signers: bytes, identity: str, message: bytes, armour: bytes) -> Optional[bool]:
        """`armour` against the keys of an allowed_signers file."""
        done = _run(
            ("ssh-keygen", "-Y", "verify", "-f", "{0}", "-I", identity, "-n", "evidence", "-s", "{1}"),
            signers, armour, stdin=message,
        )  # fmt: skip
        if done is None or b"option" in done[1]:
            return None
        return done[0] == 0

    def stamp(self, data: bytes, reply: bytes, roots: bytes) -> Optional[bool]:
        """An RFC 3161 reply over `data`, by an authority below one of `roots` (PEM)."""
        done = _run(("openssl", "ts", "-verify", "-data", "{0}", "-in", "{1}", "-CAfile", "{2}"), data, reply, roots)
        return None if done is None else done[0] == 0

    def samples(self, archive: str, wanted: List[str]) -> Optional[bool]:
        """Whether the password zip at the path `archive` holds exactly these bytes, by SHA-256."""
        for sha256 in wanted:
            try:
                done = subprocess.run(
                    ("7z", "x", "-so", "-p" + PASSWORD, archive, sha256), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    timeout=600, check=False,
                )  # fmt: skip
            except (OSError, subprocess.SubprocessError):
                return None
            if hashlib.sha256(done.stdout).hexdigest() != sha256:
                return False
        return True


def _run(words: Tuple[str, ...], *files: bytes, stdin: bytes = b"") -> Optional[Tuple[int, bytes]]:
    """Exit code and output of a program, with `files` written to disk for it; None where there is no such program."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, content in enumerate(files):
            paths.append(os.path.join(folder, str(number)))
            with open(paths[-1], "wb") as stream:
                stream.write(content)
        filled = [word.format(*paths) if re.fullmatch(r"\{\d\}", word) else word for word in words]
        try:
            done = subprocess.run(
                filled, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.returncode, done.stdout


def folder_bundle(folder: str) -> Bundle:
    """A bundle that lies unpacked in a folder. Links are never followed."""
    names, strange = [], []
    for place, folders, files in os.walk(folder):
        for name in files + [one for one in folders if os.path.islink(os.path.join(place, one))]:
            path = os.path.join(place, name)
            told = os.path.relpath(path, folder).replace(os.sep, "/")
            if stat.S_ISREG(os.lstat(path).st_mode):
                names.append(told)
            else:
                strange.append(
                    Finding(
                        MISMATCH,
                        shown(told),
                        "is not a file but a link or a device",
                        "ファイルではなくリンクまたはデバイスです",
                    )
                )
    return Bundle(names, lambda name: open(os.path.join(folder, name), "rb"), tuple(strange))


def shown(name: str) -> str:
    """A name for people: what it holds cannot move the cursor or hide."""
    return "".join(one if one.isprintable() else "\\u%04x" % ord(one) for one in name)[:300]


def verify(
    bundle: Bundle, prover: Any, key: str = "", told: Callable[[str], None] = lambda _name: None
) -> Iterator[Finding]:
    """Everything that can be said of a bundle. `key` is a fingerprint known from elsewhere; `told` gets each file's name."""
    for finding in bundle.strange:
        yield finding
    checks: Tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: check_files(bundle, told), lambda: check_contents(bundle), lambda: check_signatures(bundle, prover, key),
        lambda: check_items(bundle, prover), lambda: check_ledger(bundle), lambda: check_checkpoints(bundle, prover),
        lambda: check_proofs(bundle),
    )  # fmt: skip
    for check in checks:
        try:
            for finding in check():
                yield finding
        except BROKEN as problem:
            said = shown("%s: %s" % (type(problem).__name__, problem))
            yield Finding(
                MISMATCH, "manifest.json", "does not fit its bundle: " + said, "バンドルと整合しません: " + said
            )


def check_files(bundle: Bundle, told: Callable[[str], None]) -> Iterator[Finding]:
    """Every file has the SHA-256 that MANIFEST.sha256 says, and every file is listed there."""
    if MANIFEST not in bundle.names:
        yield Finding(
            MISMATCH, MANIFEST, "is missing: this is not a whole bundle", "がありません。バンドルが不完全です"
        )
        return
    good = 0
    for name, wanted in _listed(bundle):
        if name in bundle.hashes or name not in bundle.names or wanted == "":
            yield Finding(MISMATCH, shown(name), "is missing, or listed twice", "がないか、二重に記載されています")
            continue
        told(name)
        try:
            bundle.hashes[name] = _hash(bundle, name)
        except OSError as problem:
            yield Finding(COULD_NOT, shown(name), "cannot be read: %s" % problem, "読み取れません: %s" % problem)
            continue
        if bundle.hashes[name] == wanted:
            good += 1
        else:
            yield Finding(
                MISMATCH,
                shown(name),
                "is not as it was signed: its SHA-256 differs",
                "署名時と異なります(SHA-256 が不一致)",
            )
    for name in sorted(bundle.names - set(bundle.hashes) - set(BESIDE)):
        yield Finding(
            MISMATCH,
            shown(name),
            "is not listed in MANIFEST.sha256: it was added",
            "MANIFEST.sha256 にありません(後から追加)",
        )
    yield Finding(MATCH, MANIFEST, "%d files have their SHA-256" % good, "%d 個のファイルの SHA-256 が一致" % good)


def _listed(bundle: Bundle) -> Iterator[Tuple[str, str]]:
    """Name and SHA-256 of each line, exactly as sha256sum writes it; the SHA-256 is empty for a line that is not so."""
    with bundle.open(MANIFEST) as stream:
        while True:
            line = stream.readline(LINE_LIMIT)
            if not line:
                return
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                text = ""
            found = re.fullmatch(r"([0-9a-f]{64})  ([^\\\r\n][^\r\n]*)\n", text)
            yield (found.group(2), found.group(1)) if found else (repr(line[:200]), "")


def _hash(bundle: Bundle, name: str) -> str:
    hasher = hashlib.sha256()
    with bundle.open(name) as stream:
        while True:
            chunk = stream.read(CHUNK)
            if not chunk:
                return hasher.hexdigest()
            hasher.update(chunk)


def check_contents(bundle: Bundle) -> Iterator[Finding]:
    """manifest.json is there, canonical, and of a form that this program knows."""
    bundle.manifest = parsed(bundle.document("manifest.json"))
    if bundle.manifest.get("format") != FORMAT:
        yield Finding(COULD_NOT, "manifest.json", "is of another form than " + FORMAT, FORMAT + " 以外の形式です")


def check_signatures(bundle: Bundle, prover: Any, key: str) -> Iterator[Finding]:
    """The signatures and the time stamp of MANIFEST.sha256, and whose they are."""
    signed_by = bundle.manifest["signed_by"]
    public = bundle.document(key_file(signed_by))
    if fingerprint(public) != signed_by:
        yield Finding(MISMATCH, key_file(signed_by), "is another key than its name says", "ファイル名と異なる鍵です")
    if key:
        yield _compared(signed_by, key)
    message = bundle.document(MANIFEST)
    beside: Tuple[Tuple[str, Callable[[bytes], Optional[bool]]], ...] = (
        ("MANIFEST.sig", lambda content: prover.signature(public, message, content)),
        ("MANIFEST.sha256.sig", lambda content: _ssh(bundle, prover, message, content)),
    )
    for name, check in beside:
        if name not in bundle.names:
            yield Finding(
                MISMATCH, name, "is missing: the signature was taken away", "がありません。署名が取り除かれています"
            )
        else:
            yield _signed(name, check(bundle.document(name, 65536)), signed_by)
    for finding in check_stamp(bundle, prover, MANIFEST, "MANIFEST.tsr", bool(bundle.manifest.get("stamped"))):
        yield finding


def _compared(signed_by: str, key: str) -> Finding:
    if re.sub(r"[:\s]", "", key.lower()) == signed_by:
        return Finding(MATCH, "keys", "the key that signed is the one you named", "署名した鍵は指定の鍵と一致")
    return Finding(
        MISMATCH, "keys", "the key that signed is not the one you named: it is " + signed_by, "署名した鍵が指定の鍵と異なります: " + signed_by
    )  # fmt: skip


def _ssh(bundle: Bundle, prover: Any, message: bytes, armour: bytes) -> Optional[bool]:
    """Stricter than ssh-keygen, which overlooks changes outside the Base64 and in its unused bits."""
    lines = armour.decode("ascii").split("\n")
    blob = base64.b64decode("".join(lines[1:-2]), validate=True)
    text = base64.b64encode(blob).decode()
    rows = [text[at : at + 70] for at in range(0, len(text), 70)]
    if lines != ["-----BEGIN SSH SIGNATURE-----", *rows, "-----END SSH SIGNATURE-----", ""]:
        return False
    answer: Optional[bool] = prover.ssh(
        bundle.document("allowed_signers"), bundle.manifest["identity"], message, armour
    )
    return answer


def _signed(name: str, holds: Optional[bool], signed_by: str) -> Finding:
    if holds is None:
        return Finding(
            COULD_NOT,
            name,
            "not checked: openssl or ssh-keygen is missing or too old",
            "検証できず: openssl または ssh-keygen がないか古すぎます",
        )
    if holds:
        return Finding(MATCH, name, "signed by the key " + signed_by, "次の鍵による署名: " + signed_by)
    return Finding(MISMATCH, name, "the signature does not hold", "署名が成り立ちません")


def check_stamp(bundle: Bundle, prover: Any, data: str, reply: str, wanted: bool) -> Iterator[Finding]:
    """One time stamp. A missing one is a difference only where the bundle says that it has one."""
    if reply not in bundle.names:
        if wanted:
            yield Finding(
                COULD_NOT,
                reply,
                "is missing: the authority did not answer, or it was taken away",
                "がありません。時刻認証局の応答がないか、取り除かれています",
            )
        return
    roots = bundle.document("tsa-roots.pem") if "tsa-roots.pem" in bundle.names else b""
    holds = prover.stamp(bundle.document(data), bundle.document(reply), roots) if roots else None
    if holds is None:
        yield Finding(
            COULD_NOT,
            reply,
            "not checked: openssl or the authority's root is missing",
            "検証できず: openssl または認証局のルート証明書がありません",
        )
    elif holds:
        yield Finding(MATCH, reply, "time stamp holds for " + data, "タイムスタンプが有効: " + data)
    else:
        yield Finding(
            MISMATCH, reply, "the time stamp does not hold for " + data, "タイムスタンプが成り立ちません: " + data
        )


def check_items(bundle: Bundle, prover: Any) -> Iterator[Finding]:
    """Every item has the bytes that were sealed under its SHA-256; of a folder, every file its manifest lists."""
    for item in bundle.manifest["items"]:
        name, state = item["name"], item["bytes"]["state"]
        at = item["bytes"].get("at", "")
        if state == "whole":
            yield _same(name, bundle.hashes.get(at), item["sha256"])
        elif state == "folder":
            for finding in _check_tree(bundle, name, at, item["sha256"]):
                yield finding
        elif state == "password-zip":
            yield _check_samples(bundle, prover, item, at)
        elif state != "left-out":
            yield Finding(
                COULD_NOT,
                shown(name),
                "is kept in a way this program does not know",
                "この形式の保管方法には対応していません",
            )


def _check_samples(bundle: Bundle, prover: Any, item: Dict[str, Any], at: str) -> Finding:
    """Malware, which only ever travels in a zip with a password."""
    wanted = [item["sha256"]]
    if item["files"]:
        listed = parsed(bundle.document(at + "manifest.json"))["entries"]
        if bundle.hashes.get(at + "manifest.json") != item["sha256"]:
            return _same(item["name"], "", item["sha256"])
        wanted = [entry["sha256"] for entry in listed if entry.get("sha256")]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "samples.zip")
        with bundle.open(at + "samples.zip") as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
        same = prover.samples(path, wanted)
    if same is None:
        return Finding(
            COULD_NOT,
            item["name"],
            "is malware in a password zip; looking inside needs 7z",
            "マルウェアのためパスワード付き zip です。確認には 7z が必要です",
        )
    return _same(item["name"], item["sha256"] if same else "", item["sha256"])


def _same(name: str, found: Optional[str], wanted: str) -> Finding:
    if found == wanted:
        return Finding(MATCH, shown(name), "the bytes are those that were sealed", "封印時のデータと一致")
    return Finding(MISMATCH, shown(name), "the bytes are not those that were sealed", "封印時のデータと一致しません")


def _check_tree(bundle: Bundle, name: str, at: str, wanted: str) -> Iterator[Finding]:
    first = _same(name, bundle.hashes.get(at + "manifest.json"), wanted)
    count = 0
    for entry in parsed(bundle.document(at + "manifest.json"))["entries"]:
        sha256 = entry.get("sha256", "")
        if sha256:
            count += 1
            found = {bundle.hashes.get(at + "tree/" + entry["path"]), bundle.hashes.get(at + "by-hash/" + sha256)}
            if sha256 not in found:
                first = Finding(
                    MISMATCH,
                    shown("%s %s" % (name, entry["path"])),
                    "is not the file that was sealed",
                    "封印時のファイルと一致しません",
                )
                yield first
    if first.outcome == MATCH:
        first = first._replace(en="%s (%d files)" % (first.en, count), ja="%s(%d ファイル)" % (first.ja, count))
    yield first


def check_ledger(bundle: Bundle) -> Iterator[Finding]:
    """Each chain: every entry is as it was written, follows the one before, and the last is the one the bundle names."""
    for chain in bundle.manifest["ledger"]:
        bad, count, last, tree = 0, 0, (0, EMPTY_HASH), Roots()
        sizes = {one["size"] for one in chain["checkpoints"]}
        for place, entry in entries(bundle, chain["file"]):
            count += 1
            problem = wrong_entry(entry, last, chain["chain"], chain["form"] == "whole")
            if problem:
                bad += 1
                yield Finding(MISMATCH, place, *problem)
            if entry:
                last = (entry["seq"], entry["hash"])
                bundle.entry_hashes[chain["chain"], entry["seq"]] = entry["hash"]
                tree.add(bytes.fromhex(entry["hash"]))
                if count in sizes:
                    bundle.roots[chain["chain"], count] = tree.root()
        if (count, list(last)) != (chain["entries"], [chain["head"]["seq"], chain["head"]["hash"]]):
            bad += 1
            yield Finding(
                MISMATCH,
                chain["file"],
                "does not end where the bundle says: entries are missing",
                "末尾がバンドルの記載と異なります。エントリーが欠けています",
            )
        if not bad:
            yield Finding(MATCH, chain["file"], *_counted(chain["form"], count))


def _counted(form: str, count: int) -> Tuple[str, str]:
    if form == "whole":
        return "%d entries, each follows the one before" % count, "%d 件のエントリーがすべて連鎖" % count
    return (
        "%d entries of a longer chain, each as it was written" % count,
        "連鎖から抜き出した %d 件のエントリーがすべて原文どおり" % count,
    )


class Roots:
    """The root of the Merkle tree (RFC 6962 section 2.1) over the hashes added so far."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: List[bytes] = []

    def add(self, data: bytes) -> None:
        found, bits = leaf_hash(data), self.size
        while bits & 1:
            found, bits = node_hash(self.peaks.pop(), found), bits >> 1
        self.peaks.append(found)
        self.size += 1

    def root(self) -> bytes:
        found = self.peaks[-1] if self.peaks else hashlib.sha256(b"").digest()
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_checkpoints(bundle: Bundle, prover: Any) -> Iterator[Finding]:
    """Each checkpoint (C2SP tlog-checkpoint): signed by a key of the bundle, over a root that the entries lead to; and its stamps."""
    publics = [bundle.document(key_file(key["fingerprint"])) for key in bundle.manifest["keys"]]
    for chain in bundle.manifest["ledger"]:
        for told in chain["checkpoints"]:
            name = told["file"]
            note = bundle.document(name)
            origin, size, root = read_checkpoint(note)
            holds = note_signed(prover, note, origin, publics)
            if holds is not True:
                yield _signed(name, holds, "")
            elif origin != chain["origin"] or size != told["size"]:
                yield Finding(
                    MISMATCH,
                    name,
                    "is not of this chain, or of another size",
                    "このチェーンのものではないか、エントリー数が異なります",
                )
            elif chain["form"] == "whole" and bundle.roots.get((chain["chain"], size)) != root:
                yield Finding(
                    MISMATCH,
                    name,
                    "the first %d entries do not lead to its root" % size,
                    "先頭 %d 件のエントリーからルートが導けません" % size,
                )
            else:
                yield Finding(
                    MATCH,
                    name,
                    "signed, over the first %d entries" % size,
                    "先頭 %d 件に対する署名済みチェックポイント" % size,
                )
            for stamp in told["stamps"]:
                for finding in check_stamp(bundle, prover, name, stamp, True):
                    yield finding


def read_checkpoint(note: bytes) -> Tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint's note. Raises ValueError for another form."""
    lines = note.decode("utf-8").split("\n")
    if len(lines) < 6 or lines[3] or not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
        raise ValueError("not a checkpoint")
    return lines[0], int(lines[1]), unbase64(lines[2])


def note_signed(prover: Any, note: bytes, origin: str, publics: List[bytes]) -> Optional[bool]:
    """Whether one of the keys signed the note (C2SP signed-note), and none of their signatures is false. None: could not be checked."""
    text, signatures = note.decode("utf-8").split("\n\n", 1)
    known = {key_id(origin, public): public for public in publics}
    answers: List[Optional[bool]] = []
    for line in signatures.rstrip("\n").split("\n"):
        dash, name, data = line.split(" ")
        signature = unbase64(data)
        if dash == "\u2014" and name == origin and signature[:4] in known:
            answers.append(prover.signature(known[signature[:4]], (text + "\n").encode("utf-8"), signature[4:]))
    if not answers or False in answers:
        return False
    return True if True in answers else None


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that name a key in a signed note: for Ed25519 of its name and its 32 bytes, for ECDSA of its DER."""
    der = der_of(public)
    if len(der) == 44 and der.startswith(ED25519):
        der = name.encode("utf-8") + b"\n\x01" + der[len(ED25519) :]
    return hashlib.sha256(der).digest()[:4]


def check_proofs(bundle: Bundle) -> Iterator[Finding]:
    """Each proof (C2SP tlog-proof): its entry is the one in the ledger, and leads to the root of a checkpoint of the bundle."""
    for chain in bundle.manifest["ledger"]:
        notes = [bundle.document(told["file"]) for told in chain["checkpoints"]]
        good, proven = 0, set()
        for name in chain["proofs"]:
            found = read_proof(bundle.document(name))
            wanted = bundle.entry_hashes.get((chain["chain"], found.at + 1))
            if found.note not in notes or found.leaf.hex() != wanted or not found.holds():
                yield Finding(MISMATCH, name, "does not prove its entry", "エントリーの証明になっていません")
            else:
                good += 1
                proven.add(found.at + 1)
        if chain["proofs"]:
            yield Finding(
                MATCH,
                chain["file"],
                "%d entries proven to be under a checkpoint" % good,
                "%d 件のエントリーがチェックポイントに含まれることを証明" % good,
            )
        unproven = [seq for name, seq in bundle.entry_hashes if name == chain["chain"] and seq not in proven]
        if chain["form"] != "whole" and unproven:
            yield Finding(
                COULD_NOT,
                chain["file"],
                "%d entries have no proof that they were in the chain" % len(unproven),
                "%d 件のエントリーは連鎖に含まれる証明がありません" % len(unproven),
            )


class Proof(NamedTuple):
    """One proof taken apart: `leaf` is the entry's hash, computed from its content; `note` the whole checkpoint."""

    leaf: bytes
    at: int
    siblings: List[bytes]
    note: bytes

    def holds(self) -> bool:
        """RFC 9162 section 2.1.3.2."""
        _origin, size, root = read_checkpoint(self.note)
        node, last, found = self.at, size - 1, leaf_hash(self.leaf)
        if node > last:
            return False
        for sibling in self.siblings:
            if last == 0:
                return False
            if node & 1 or node == last:
                found = node_hash(sibling, found)
                while node and not node & 1:
                    node, last = node >> 1, last >> 1
            else:
                found = node_hash(found, sibling)
            node, last = node >> 1, last >> 1
        return last == 0 and found == root


def read_proof(content: bytes) -> Proof:
    """Raises ValueError for anything but the form of c2sp.org/tlog-proof with our entry as its extra data."""
    head, note = content.split(b"\n\n", 1)
    first, extra, index, *siblings = head.decode("ascii").split("\n")
    number = re.fullmatch(r"index (0|[1-9][0-9]{0,17})", index)
    if first != "c2sp.org/tlog-proof@v1" or not extra.startswith("extra ") or not number:
        raise ValueError("not a proof")
    line = unbase64(extra[6:])
    entry = parsed(line[:-1])
    leaf = digest({key: value for key, value in entry.items() if key != "hash"})
    if leaf != entry["hash"] or line[-1:] != b"\n":
        raise ValueError("the proof's entry does not match its hash")
    return Proof(bytes.fromhex(leaf), int(number.group(1)), [unbase64(one) for one in siblings], note)


def unbase64(text: str) -> bytes:
    """Base64 in its one canonical form."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical Base64")
    return data


def entries(bundle: Bundle, name: str) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Place and entry of each line; the entry is empty where the line is not one in canonical form."""
    with bundle.open(name) as stream:
        number = 0
        while True:
            line = stream.readline(LINE_LIMIT)
            if not line:
                return
            number += 1
            try:
                entry = parsed(line[:-1]) if line.endswith(b"\n") else {}
            except BROKEN:
                entry = {}
            if set(entry) != ENTRY or not isinstance(entry["seq"], int):
                entry = {}
            yield "%s, line %d" % (name, number), entry


def wrong_entry(entry: Dict[str, Any], last: Tuple[int, str], chain: str, whole: bool) -> Optional[Tuple[str, str]]:
    """What is wrong with an entry after `last`, in both languages. A selection may leave entries out, a whole chain not."""
    if not entry:
        return "is not an entry in canonical form", "正規形のエントリーではありません"
    if digest({key: value for key, value in entry.items() if key != "hash"}) != entry["hash"]:
        return "was edited: its content does not match its hash", "書き換えられています(内容とハッシュ値が不一致)"
    if entry["chain"] != chain:
        return "belongs to another chain", "別のチェーンのものです"
    follows = entry["seq"] == last[0] + 1
    if (follows and entry["prev"] != last[1]) or (whole and not follows) or entry["seq"] <= last[0]:
        return "does not follow the entry before it", "直前のエントリーにつながりません"
    return None


def parsed(content: bytes) -> Any:
    """Canonical JSON (RFC 8785 without floats), and nothing else: what a person reads is what was hashed."""
    value = json.loads(content.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse, parse_int=_integer)
    if canonical(value) != content:
        raise ValueError("not in canonical form")
    return value


def canonical(value: Any) -> bytes:
    return json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def _sorted(value: Any) -> Any:
    """RFC 8785 section 3.2.3 sorts keys by UTF-16."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda one: one.encode("utf-16-be"))}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _refuse(text: str) -> Any:
    raise ValueError("%s has no place in canonical JSON" % text[:40])


def _integer(text: str) -> int:
    number = int(text[:20])
    return number if abs(number) <= INTEGER_LIMIT and len(text) < 20 else _refuse(text)


def key_file(name: str) -> str:
    return "keys/%s.pem" % name


def fingerprint(public: bytes) -> str:
    """SHA-256 of the key's DER."""
    return hashlib.sha256(der_of(public)).hexdigest()


def der_of(public: bytes) -> bytes:
    """The DER in a PEM file; nothing for what is none."""
    try:
        return base64.b64decode(
            b"".join(one for one in public.splitlines() if not one.startswith(b"-----")), validate=True
        )
    except binascii.Error:
        return b""


def outcome_of(findings: List[Finding]) -> str:
    """The worst of them."""
    found: Set[str] = {finding.outcome for finding in findings}
    return next((one for one in (MISMATCH, COULD_NOT) if one in found), MATCH)


CODES = {MATCH: 0, COULD_NOT: 1, MISMATCH: 4}
WORDS = {
    MATCH: ("match", "一致"), COULD_NOT: ("could not check", "確認できず"), MISMATCH: ("MISMATCH", "不一致"),
}  # fmt: skip


def main(words: List[str]) -> int:
    about = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    about.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    about.add_argument("--key", default="", help="fingerprint of the sender's key, known from elsewhere")
    about.add_argument("--lang", choices=("en", "ja"), default="en")
    about.add_argument("--json", action="store_true")
    given = about.parse_args(words)
    bundle = folder_bundle(given.folder)
    findings = list(verify(bundle, Programs(), given.key))
    outcome, japanese = outcome_of(findings), given.lang == "ja"
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    if given.json:
        rows = [finding._asdict() for finding in findings]
        print(json.dumps({"outcome": outcome, "findings": rows}, ensure_ascii=True))
        return CODES[outcome]
    for finding in findings:
        print(
            "%-16s %s: %s" % (WORDS[finding.outcome][japanese], finding.place, finding.ja if japanese else finding.en)
        )
    print("\n" + WORDS[outcome][japanese])
    return CODES[outcome]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
