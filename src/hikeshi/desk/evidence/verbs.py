"""Sealing evidence and checking it. Bytes go into the locker first; the row and the custody line commit together after."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.custody.containers import Container, recognise, recognise_all
from hikeshi.custody.content import check_content as content_of
from hikeshi.custody.encryption import SUFFIX
from hikeshi.custody.hashing import named
from hikeshi.custody.locker import Checked, Locker, Sealed
from hikeshi.custody.manifest import Manifest, ManifestEntry, Progress, walk
from hikeshi.custody.rereading import note_of
from hikeshi.custody.tree import AT_ONCE
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import record as records
from hikeshi.desk.evidence.models import MALWARE, Item
from hikeshi.desk.evidence.place import locker as locker  # noqa: PLC0414 - for every noun
from hikeshi.desk.evidence.schedule import next_check
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.queue import give_back
from hikeshi.errors import Refused

LOOKED_INTO: Final = 64
"""Files of a folder up to which each is asked what kind it is."""
DESCRIPTION_LIMIT: Final = 1024 * 1024
"""Bytes of what describes an item held elsewhere."""
ENDINGS: Final = {MALWARE: "zip", "receipt": "json", "report": "md"}


def seal_bytes(
    incident: Incident, content: bytes, *, actor: Actor, title: str, kind: str, source: str = "", held_at: str = "",
    lock_proof: str = "", record: Mapping[str, Any] | None = None, also: Iterable[str] = (),
) -> Item:  # fmt: skip
    """Seal bytes already in memory, such as a receipt. Raises `Failed` when the disk is full; nothing is half-sealed.

    `held_at` is where what they describe is, and `lock_proof` what is said there of keeping it. `record` says more of the item: the fields
    of `record.FIELDS`. `also` names hashes beside SHA-256: sha512, blake3.
    """
    require_on(actor, "write", incident)
    sealed, container = put(content, kind=kind, also=also)
    if lock_proof:
        sealed = msgspec.structs.replace(sealed, lock_proof=lock_proof[:300])
    return _register(
        incident, actor, sealed, title=title, kind=kind, source=source, held_at=held_at, record=record, container=container
    )  # fmt: skip


class InLocker(NamedTuple):
    """Bytes that are kept, and no evidence of an incident yet."""

    sealed: Sealed
    container: Container


def put(content: bytes, *, kind: str, also: Iterable[str] = ()) -> InLocker:
    """Bytes in memory into the locker, for who registers them in a transaction that must not wait for a disk. Raises as `seal_bytes`."""
    sealed = _locker_for(kind).seal(io.BytesIO(content), also=named(also))
    return InLocker(sealed, recognise(io.BytesIO(content)))


def seal_files(
    incident: Incident, paths: Sequence[Path], *, actor: Actor, title: str, kind: str = "file",
    source: str = "", progress: Progress | None = None, record: Mapping[str, Any] | None = None,
    also: Iterable[str] = (), twice: bool = False,
) -> Item:  # fmt: skip
    """Seal a file, or files and folders as one item with a manifest. `progress` gets the path, bytes done and bytes in all.

    `source` says where they came from, where it is not the paths: copies of objects in S3, for instance. `record` says more of the item:
    the fields of `record.FIELDS`. `also` names hashes beside SHA-256: sha512, blake3. `twice` reads everything a second time and
    compares, which is done anyway with what changes while it is read.

    Raises `Refused` where a path is not there, `Failed` when the disk is full. What was interrupted is gone on with.
    """
    require_on(actor, "write", incident)
    for path in paths:
        if not path.exists():
            raise Refused(f"{path} is not there.", hint="Check the path; nothing was sealed.")
    source = source or ", ".join(str(path) for path in paths)[:500]
    box, hashes = _locker_for(kind), named(also)
    box.sweep()
    if len(paths) == 1 and paths[0].is_file():
        path, size = paths[0], paths[0].stat().st_size
        told = (lambda done: progress(path.name, done, size)) if progress else None
        sealed = box.seal(path, also=hashes, twice=twice, told=told)
        note = note_of(changed=sealed.source_changed, second=sealed.second_reading)
        missed = [f"{path.name}: {note}"] if note else []
        return _register(
            incident, actor, sealed, title=title, kind=kind, source=source, record=record, missed=missed,
            container=recognise_all([(path.name, path)]),
        )  # fmt: skip
    whole = paths[0] if len(paths) == 1 else paths
    sealed, manifest = box.seal_tree(whole, progress, also=hashes, twice=twice)
    return _register(
        incident, actor, sealed, title=title, kind=kind, source=source, record=record,
        size=sum(entry.size for entry in manifest.entries), files=len(manifest.entries),
        missed=[f"{entry.path}: {entry.note or entry.kind}" for entry in manifest.incomplete],
        container=recognise_all(found) if len(found := list(walk(whole))) <= LOOKED_INTO else Container(),
    )  # fmt: skip


def _locker_for(kind: str) -> Locker:
    """Malware is encrypted whatever the environment says: it must neither run nor be scanned away."""
    return locker(encrypt=kind == MALWARE)


@transaction.atomic
def _register(
    incident: Incident, actor: Actor, sealed: Sealed, *, title: str, kind: str, source: str = "", held_at: str = "",
    size: int | None = None, files: int = 0, missed: Sequence[str] = (), record: Mapping[str, Any] | None = None,
    container: Container,
) -> Item:  # fmt: skip
    """The row and its custody line. `size` is of all files, where `sealed` is only their manifest."""
    said = records.given(record or {})
    Chain.objects.select_for_update().get(name=incident.name)  # numbers are given one at a time
    count = Item.objects.filter(incident=incident).count()
    hashes = {
        "sha512": sealed.sha512, "blake3": sealed.blake3, "container": container.name[:40],
        "recorded_hashes": container.recorded,
    }  # fmt: skip
    item = Item(
        incident=incident, name=f"EV-{count + 1:03d}", title=title[:300], kind=kind, sha256=sealed.sha256,
        size=sealed.size if size is None else size, files=files, source=source[:500], held_at=held_at[:500],
        lock_proof=sealed.lock_proof, simulated=incident.simulated, sealed_at=timezone.now(), sealed_by=actor.name,
        due_at=next_check(), **hashes, **said,
    )  # fmt: skip
    item.full_clean()
    item.save()
    more = {**hashes, "present": sealed.present, "second_reading": sealed.second_reading}
    ledger.append(
        incident.name, actor=actor, verb="evidence.seal", obj=item.name,
        data={
            "title": item.title, "kind": kind, "sha256": item.sha256, "size": item.size, "files": files,
            "source": item.source, "held_at": item.held_at, "simulated": item.simulated, "missed": list(missed),
            "encrypted": sealed.path.suffix == SUFFIX, "lock_proof": item.lock_proof,
            **{name: value for name, value in more.items() if value},
            **{name: records.plain(value) for name, value in said.items()},
        },
    )  # fmt: skip
    return item


def register(
    incident: Incident, sealed: Sealed, *, actor: Actor, container: Container | None = None, **said: Any
) -> Item:  # fmt: skip
    """An item whose bytes are in the locker already. `said` is title, kind, source, and what else the row has."""
    require_on(actor, "write", incident)
    return _register(incident, actor, sealed, container=container or Container(), **said)


def verify(item: Item, *, actor: Actor) -> str:
    """`check` without its reason."""
    return check(item, actor=actor).result


def check(item: Item, *, actor: Actor) -> Checked:
    """Read the bytes again: "match", "mismatch" or "could-not-check". Of a folder, its manifest and every file in it."""
    require_on(actor, "read", item.incident)
    refuse_if_gone(item)
    found = compare(item)
    record_check(item, found, actor=actor)
    return found


@transaction.atomic
def record_check(item: Item, found: Checked, *, actor: Actor) -> None:
    """Write down what reading the item again gave, and when it is to be read next."""
    require_on(actor, "read", item.incident)
    refuse_if_gone(Item.objects.select_for_update().get(pk=item.pk))
    item.checked_at, item.check_result = timezone.now(), found.result
    give_back(item, due_at=next_check(found.result))
    item.attempts = 0
    item.save(update_fields=["checked_at", "check_result", "due_at", "lease_owner", "lease_until", "attempts"])
    ledger.append(
        item.incident.name, actor=actor, verb="evidence.verify", obj=item.name,
        data={"result": found.result, "sha256": item.sha256} | ({"reason": found.reason} if found.reason else {}),
    )  # fmt: skip


def compare(item: Item) -> Checked:
    """Read the item with every hash that was recorded; nothing is written. Of a folder its files are read several at a time."""
    box = locker()
    whole = box.check(item.sha256, sha512=item.sha512, blake3=item.blake3)
    if whole.result == "match" and item.held_at:
        return _compare_elsewhere(item) or whole
    if whole.result != "match" or not item.files:
        return whole
    files = {entry.sha256: entry for entry in _entries(item)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda one: box.check(one.sha256, sha512=one.sha512, blake3=one.blake3), files.values()))
    return next((one for bad in ("mismatch", "could-not-check") for one in found if one.result == bad), whole)


def check_content(item: Item, *, actor: Actor) -> Checked:
    """Ask whether the content of a disk image (E01) is what its maker recorded. Says nothing of our copy: that is `check`."""
    require_on(actor, "read", item.incident)
    refuse_if_gone(item)
    names = {f"image.{item.container}": item.sha256}
    if item.files:
        names = {entry.path: entry.sha256 for entry in _entries(item)}
    with locker().plain(names.values()) as paths:
        found = content_of({name: paths[sha256] for name, sha256 in names.items()})
    data = {"result": found.result, "sha256": item.sha256} | ({"reason": found.reason} if found.reason else {})
    with transaction.atomic():
        ledger.append(item.incident.name, actor=actor, verb="evidence.verify_content", obj=item.name, data=data)
    return found


def _compare_elsewhere(item: Item) -> Checked | None:
    """What stays at its place is looked at there, once its description is known to be as sealed. None where the place is not asked."""
    from hikeshi.desk.evidence import elsewhere  # which seals with us

    with locker().open(item.sha256) as stream:
        return elsewhere.check(item, stream.read(DESCRIPTION_LIMIT))


def files_of(item: Item) -> dict[str, str]:
    """The name of every file of the item by its SHA-256: its own, or those its manifest lists."""
    if not item.files:
        return {item.sha256: Path(item.source).name or item.title}
    return {entry.sha256: entry.path for entry in _entries(item)}


def _entries(item: Item) -> list[ManifestEntry]:
    """The files that the manifest of a folder lists with their hashes."""
    with locker().open(item.sha256) as stream:
        entries = msgspec.json.decode(stream.read(), type=Manifest).entries
    return [entry for entry in entries if entry.sha256]


def hand_out(item: Item, *, actor: Actor, sha256: str = "") -> BinaryIO:
    """The sealed bytes, for taking away; of a folder its manifest, or with `sha256` one of the files it lists. `taken_as` names them.

    Malware leaves only in a zip with a password, see `custody/malware.py`: all of the item, or with `sha256` that file.
    Who took them and when becomes a custody line before the first byte leaves. Raises `Refused` for a file the item does not hold.
    """
    require_on(actor, "read", item.incident)
    return hand_to(item, actor=actor, sha256=sha256)


def hand_to(item: Item, *, actor: Actor, sha256: str = "") -> BinaryIO:
    """As `hand_out`, to somebody whose right was seen to already: the receiver of a transfer, through their link."""
    refuse_if_gone(item)
    wanted = sha256 or item.sha256
    if wanted != item.sha256 and wanted not in files_of(item):
        raise Refused(f"{item.name} has no such file.", hint="Its manifest lists the SHA-256 of each file.")
    data = {"sha256": wanted, "sensitivity": item.sensitivity}
    if item.kind == MALWARE:
        from hikeshi.custody.malware import zipped  # half a second, only where there is malware

        samples = {one: name for one, name in files_of(item).items() if wanted in (one, item.sha256)}
        stream = zipped(samples, locker().open, settings.ENVIRONMENT.home)
        data["form"] = "as_a_zip_with_a_password"
    else:
        stream = locker().open(wanted)
    with transaction.atomic():
        ledger.append(item.incident.name, actor=actor, verb="evidence.hand_out", obj=item.name, data=data)
    return stream


def taken_as(item: Item, sha256: str = "") -> str:
    """What to call the file that `hand_out` gives: nothing that a double click would run."""
    ending = ENDINGS.get(item.kind, "bin") if sha256 in ("", item.sha256) or item.kind == MALWARE else "bin"
    return f"{item.incident.name}-{item.name}-{(sha256 or item.sha256)[:12]}.{ending}"


def refuse_if_gone(item: Item) -> None:
    """Raises `Refused` for an item that was disposed of: its record is all that is left."""
    if item.disposed_at:
        raise Refused(f"{item.name} was disposed of.", hint="Its record stays, its bytes do not.")


def custody(item: Item) -> list[Entry]:
    """The item's custody lines, oldest first."""
    return list(Entry.objects.filter(chain__name=item.incident.name, object=item.name).order_by("seq"))
