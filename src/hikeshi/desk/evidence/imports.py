"""Evidence that arrives as a bundle of another instance: verified first, then kept whole, with a receipt for the sender.

Items become items with their original record noted; everything that proves where they come from (foreign ledger lines, checkpoints, keys,
time stamps) becomes one item of its own, byte for byte. Nothing foreign is written into our ledger as if it were ours.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from hikeshi.custody.bundle.checking import Verdict, check
from hikeshi.custody.bundle.opening import opened
from hikeshi.custody.bundle.stand_alone import BROKEN, MISMATCH, Bundle, parsed
from hikeshi.custody.canonical import canonical
from hikeshi.custody.chain import timestamp as written
from hikeshi.custody.locker import SHA256, Locker, Sealed
from hikeshi.custody.manifest import Manifest
from hikeshi.custody.signing import Signer, fingerprint
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import record, verbs
from hikeshi.desk.evidence.models import KINDS, Item
from hikeshi.desk.evidence.place import locker
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import checkpoints, keys, verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

RECEIPT: Final = "hikeshi-receipt-1"
SHOWN: Final = 20
"""Findings that the entry of an import quotes."""


class Arrived(msgspec.Struct, frozen=True):
    """One item of the bundle, its bytes in our locker. `same` says whether they are those of its record."""

    said: dict[str, Any]
    sealed: Sealed
    files: int
    same: bool


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken in. `receipt` is canonical JSON, `signature` is over it: Ed25519 raw, or DER of ECDSA over SHA-256."""

    incident: Incident
    items: tuple[Item, ...]
    left_out: tuple[str, ...]
    verdict: Verdict
    receipt: bytes
    signature: bytes


def take_in(
    path: Path, incident: Incident | None, *, actor: Actor, key: str = "", anyway: str = "",
    told: Callable[[str], None] = lambda _name: None,
) -> Imported:  # fmt: skip
    """Verify the bundle at `path` and keep it in `incident`, or in a new one that takes its title and severity from the bundle.

    `key` is the sender's fingerprint, known from elsewhere. A bundle with a difference is refused unless `anyway` gives a reason, which goes
    on the record with every difference. Raises `Refused` for hostile bundles and for one that this incident has already.
    """
    if incident is not None:
        incidents.require_on(actor, "write", incident)
    verdict = check(path, key=key, told=told)
    _refuse_difference(verdict, anyway)
    signer = keys.signer()
    with opened(path) as bundle:
        try:
            manifest = _manifest(bundle)
            arrived = [one for said in manifest["items"] if (one := _arrive(bundle, said)) is not None]
            sha256 = hashlib.sha256(bundle.document("MANIFEST.sha256")).hexdigest()
        except (*BROKEN, msgspec.MsgspecError) as problem:
            raise Refused("Its manifest makes no sense, so it cannot be taken in.", hint="Seal the file itself with `evidence add`.") from problem  # fmt: skip
        frame, count = _frame(bundle)
    kept = _keep(
        incident, manifest, verdict, arrived, (frame, count), sha256, signer, actor=actor, anyway=anyway.strip()
    )
    return msgspec.structs.replace(kept, signature=signer.sign(kept.receipt))


def _refuse_difference(verdict: Verdict, anyway: str) -> None:
    differences = [one for one in verdict.findings if one.outcome == MISMATCH]
    if differences and not anyway.strip():
        first = differences[0]
        raise Refused(
            f"The bundle is not as it was signed ({len(differences)} differences). First, {first.place}: {first.en}. {first.ja}。",
            hint="`hikeshi custody verify` lists all. Ask the sender, or take it in anyway with a reason.",
        )


def _manifest(bundle: Bundle) -> dict[str, Any]:
    told = parsed(bundle.document("manifest.json"))
    for said in told["items"]:
        if not SHA256.fullmatch(said["sha256"]) or not isinstance(said["name"], str):
            raise ValueError(said["sha256"])
    return cast("dict[str, Any]", told)


def _arrive(bundle: Bundle, said: dict[str, Any]) -> Arrived | None:
    """Seal the bytes of one item; None for one whose bytes are not here."""
    state, at = said["bytes"]["state"], said["bytes"].get("at", "")
    box = locker()
    if state == "folder":
        return _arrive_tree(box, bundle, said, at) if f"{at}manifest.json" in bundle.names else None
    if state == "password-zip":  # kept as it came: live malware is never unpacked
        at += "samples.zip"
    if state == "left-out" or at not in bundle.names:
        return None
    sealed = _seal(box, bundle, at)
    return Arrived(said, sealed, 0, state == "password-zip" or sealed.sha256 == said["sha256"])


def _arrive_tree(box: Locker, bundle: Bundle, said: dict[str, Any], at: str) -> Arrived:
    below = sorted(name for name in bundle.names if name.startswith((f"{at}tree/", f"{at}by-hash/")))
    here = {_seal(box, bundle, name).sha256 for name in below}
    listed = msgspec.json.decode(bundle.document(f"{at}manifest.json"), type=Manifest).entries
    sealed = _seal(box, bundle, f"{at}manifest.json")
    whole = here >= {entry.sha256 for entry in listed if entry.sha256}
    return Arrived(said, sealed, len(listed), whole and sealed.sha256 == said["sha256"])


def _seal(box: Locker, bundle: Bundle, name: str) -> Sealed:
    with bundle.open(name) as stream:
        return box.seal(stream)


def _frame(bundle: Bundle) -> tuple[Sealed, int]:
    """Everything but the items, sealed as one folder. The names were found harmless when the bundle was opened."""
    home = Path(settings.ENVIRONMENT.home)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="bundle-") as folder:
        for name in sorted(name for name in bundle.names if not name.startswith("items/")):
            target = Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with bundle.open(name) as stream, target.open("xb") as file:
                while chunk := stream.read(1 << 20):
                    file.write(chunk)
        sealed, manifest = locker().seal_tree(Path(folder))
    return sealed, len(manifest.entries)


@transaction.atomic
def _keep(
    incident: Incident | None, manifest: dict[str, Any], verdict: Verdict, arrived: list[Arrived], frame: tuple[Sealed, int],
    sha256: str, signer: Signer, *, actor: Actor, anyway: str,
) -> Imported:  # fmt: skip
    """Rows, custody lines, and the receipt: all of them or none."""
    incident = incident or _declare(manifest, actor)
    _refuse_if_unfit(incident, manifest, sha256)
    origin = f"{_text(manifest.get('bundle'))} of {_text(manifest.get('identity'))}"
    title = f"Bundle {origin}: record, checkpoints, keys"
    whole = verbs.register(incident, frame[0], actor=actor, title=title, kind="receipt", files=frame[1], source=f"manifest {sha256}")  # fmt: skip
    items = [_item(incident, one, origin, actor) for one in arrived]
    names = {_text(one.said["name"]) for one in arrived}
    missing = tuple(_text(said["name"]) for said in manifest["items"] if _text(said["name"]) not in names)
    receipt = canonical(_receipt(manifest, verdict, sha256, signer, arrived, items, missing, incident, actor))
    data = {
        "bundle": _text(manifest.get("bundle")), "manifest_sha256": sha256, "signed_by": _text(manifest.get("signed_by")),
        "kept_as": whole.name, "items": {_text(one.said["name"]): item.name for one, item in zip(arrived, items, strict=True)},
        "left_out": list(missing), "result": verdict.outcome, "anyway": anyway,
        "findings": [f"{one.place}: {one.en}" for one in verdict.findings if one.outcome != "match"][:SHOWN],
        "receipt_sha256": hashlib.sha256(receipt).hexdigest(),
    }  # fmt: skip
    ledger.append(incident.name, actor=actor, verb="evidence.import", obj=incident.name, data=data)
    return Imported(
        incident=incident, items=(whole, *items), left_out=missing, verdict=verdict, receipt=receipt, signature=b""
    )  # fmt: skip


def _declare(manifest: Mapping[str, Any], actor: Actor) -> Incident:
    told = manifest.get("incident") if isinstance(manifest.get("incident"), dict) else {}
    severity = told.get("severity") if told else 3
    return incidents.declare(
        _text(told.get("title") if told else "") or "Imported evidence", severity if severity in {1, 2, 3, 4} else 3,
        actor=actor, reason=f"imported with the bundle {_text(manifest.get('bundle'))}", simulated=manifest.get("simulated") is True,
    )  # fmt: skip


def _refuse_if_unfit(incident: Incident, manifest: Mapping[str, Any], sha256: str) -> None:
    if manifest.get("simulated") is True and not incident.simulated:
        raise Refused("The bundle is of a drill, the incident is not.", hint="Take it in without naming an incident.")
    if Entry.objects.filter(chain__name=incident.name, verb="evidence.import", data__contains=sha256).exists():
        raise Refused(f"{incident.name} has this bundle already.", hint="`hikeshi evidence list` has its items.")


def _item(incident: Incident, one: Arrived, origin: str, actor: Actor) -> Item:
    """An item of ours with the bytes of the foreign one, and a line that says everything its record said there."""
    said = one.said
    kind = said.get("kind") if said.get("kind") in dict(KINDS) and one.same else "file"
    size = said["size"] if one.files and isinstance(said.get("size"), int) else None
    note = "" if one.same else " (not the bytes of its record)"
    if said["bytes"]["state"] == "password-zip":
        kind, note = "file", " (malware in its zip, password infected)"
    item = verbs.register(
        incident, one.sealed, actor=actor, title=f"{_text(said.get('title')) or _text(said['name'])}{note}", kind=kind, size=size,
        files=one.files, source=f"{_text(said['name'])} in {origin}", record=_fields(said),
    )  # fmt: skip
    data = {"from": origin, "original": said, "same": one.same, "sha256": one.sealed.sha256}
    ledger.append(incident.name, actor=actor, verb="evidence.import", obj=item.name, data=data)
    return item


def _fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the foreign record says in fields that ours has too, as far as it is of their kind."""
    found: dict[str, Any] = {}
    for name in record.FIELDS:
        field, value = Item._meta.get_field(name), said.get(name)
        if isinstance(field, models.DateTimeField):
            found[name] = _moment(value)
        elif isinstance(field, models.BigIntegerField):
            found[name] = value if isinstance(value, int) and not isinstance(value, bool) else None
        elif isinstance(value, str) and (not field.choices or value in dict(field.flatchoices)):  # type: ignore[union-attr]
            found[name] = value[: getattr(field, "max_length", None) or len(value)]
    return found


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def _receipt(
    manifest: Mapping[str, Any], verdict: Verdict, sha256: str, signer: Signer, arrived: list[Arrived], items: list[Item],
    missing: tuple[str, ...], incident: Incident, actor: Actor,
) -> dict[str, Any]:  # fmt: skip
    """What the sender gets back: which bytes arrived, as we hashed them."""
    return {
        "format": RECEIPT, "bundle": _text(manifest.get("bundle")), "manifest_sha256": sha256, "result": verdict.outcome,
        "received_at": written(timezone.now()), "received_by": actor.name, "identity": checkpoints.origin("x").rpartition("/")[0],
        "incident": incident.name, "signed_by": fingerprint(signer.public), "public": signer.public, "left_out": list(missing),
        "items": [
            {"name": _text(one.said["name"]), "sha256": one.sealed.sha256, "same": one.same, "kept_as": item.name}
            for one, item in zip(arrived, items, strict=True)
        ],
    }  # fmt: skip


def _text(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""
