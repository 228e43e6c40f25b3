"""Evidence that leaves the house as a bundle (custody/bundle): what goes along is decided and on the record before the first byte leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.custody import timestamp
from hikeshi.custody.bundle.case import case_document
from hikeshi.custody.bundle.contents import Contents, Excerpt, Held, PublicKey, Signed, closing, parts
from hikeshi.custody.bundle.parts import Closing, Part, Told, of_bytes, write_folder, write_zip, zipped
from hikeshi.custody.canonical import canonical
from hikeshi.custody.chain import timestamp as written
from hikeshi.custody.disk import free_bytes
from hikeshi.custody.signing import fingerprint
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import form, verbs as evidence
from hikeshi.desk.evidence.gaps import gaps
from hikeshi.desk.evidence.models import MALWARE, TLP, Item
from hikeshi.desk.evidence.place import locker
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import checkpoints, keys, stamps, verbs as ledger
from hikeshi.desk.ledger.models import Chain, SigningKey
from hikeshi.errors import Failed, HikeshiError, Refused
from hikeshi.text import Text

CASE: Final = "case.jsonld"
NOT_SAID: Final = frozenset({"id", "incident", "lease_owner", "lease_until", "due_at", "attempts"})
"""Columns of an item that are our own business."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to hand over. `items` are numbers such as EV-001; none: all.

    Without their bytes go the items of `without_bytes` (all of them with `hashes_only`), and with `tlp` those that are marked more
    narrowly or not at all. `record` is "whole" for the incident's record from its first line on, or "custody" for the custody lines of the
    items alone, each with its proof.
    """

    items: tuple[str, ...] = ()
    without_bytes: tuple[str, ...] = ()
    hashes_only: bool = False
    tlp: str = ""
    record: Literal["whole", "custody"] = "whole"
    recipient: str = ""
    purpose: str = ""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that is on the record and ready to be written. `size` is the bytes of its items."""

    name: str
    incident: Incident
    contents: Contents
    actor: Actor
    size: int


def begin(incident: Incident, choice: Choice, *, actor: Actor) -> Export:
    """Decide what goes along, write the custody lines, and sign a checkpoint over them. Nothing has left yet.

    Raises `Refused` for an item that is not there, `Failed` when the signing key cannot be reached.
    """
    require_on(actor, "write", incident)
    held = _chosen(incident, choice)
    signer = keys.signer()
    now = timezone.now()
    name = f"{incident.name}-{now:%Y%m%dT%H%M%S}Z"
    _record(incident, name, held, choice, actor)
    chain = Chain.objects.get(name=incident.name)
    checkpoint = checkpoints.checkpoint(chain, actor=actor)
    about = {
        "bundle": name, "incident": _incident(incident), "made_at": written(now), "made_by": actor.name,
        "recipient": choice.recipient, "purpose": choice.purpose, "record": choice.record, "simulated": incident.simulated,
    }  # fmt: skip
    authorities = _authorities()
    excerpt = _excerpt(chain, checkpoint.size, held, choice)
    contents = Contents(
        about=about, identity=checkpoints.origin(chain.name).rpartition("/")[0], signer=signer, keys=_keys(),
        items=[one for one, _item in held], ledger=[excerpt], open=locker().open,
        gaps=_gaps(incident, held, choice, authorities), roots="".join(pem for one in authorities for pem in one.roots),
        extras=[*_rotations(), _case(chain, excerpt, about, held), *_forms(incident, held, actor)], stamp=(lambda manifest: _stamp(authorities, manifest)) if authorities else None,
    )  # fmt: skip
    size = sum(item.size for one, item in held if not one.left_out)
    return Export(name=name, incident=incident, contents=contents, actor=actor, size=size)


def stream(export: Export) -> Iterator[bytes]:
    """The bundle as the bytes of a zip. When the last one was taken, the record says with which hash the bundle left."""
    close = closing(export.contents)
    yield from zipped(parts(export.contents), close)
    _end(export, close)


def write(export: Export, target: Path, told: Told) -> dict[str, Any]:
    """The bundle as a zip where `target` ends so, else as a folder; whole or not at all. Says what was written.

    A folder that was interrupted goes on where it was. Raises `Refused` where something is there already, `Failed` when it does not fit.
    """
    refuse_if_there(target)
    if free_bytes(target.parent) < export.size:
        raise Failed(
            f"The items have {export.size} bytes, {free_bytes(target.parent)} are free at {target.parent}.",
            hint="Free space, choose another place, or leave the bytes of large items out.", permanent=False,
        )  # fmt: skip
    close = closing(export.contents)
    (write_zip if target.suffix == ".zip" else write_folder)(parts(export.contents), close, target, told)
    return {"path": str(target), **_end(export, close)}


def case_of(export: Export) -> bytes:
    """The CASE document that is in the bundle."""
    (part,) = [one for one in export.contents.extras if one.name == CASE]
    with part.open() as stream:
        return stream.read()


def refuse_if_there(target: Path) -> None:
    if target.exists() or not target.absolute().parent.is_dir():
        raise Refused(f"{target} is there already, or its folder is not.", hint="Name a new file or folder.")


@transaction.atomic
def _end(export: Export, close: Closing) -> dict[str, Any]:
    """Note the hash under which the bundle is known from now on."""
    sha256 = close.sha256
    told = {
        "bundle": export.name, "manifest_sha256": sha256, "signed_by": fingerprint(export.contents.signer.public),
        "files": close.count, "stamped": close.stamped,
    }  # fmt: skip
    ledger.append(
        export.incident.name, actor=export.actor, verb="evidence.export_end", obj=export.incident.name, data=told
    )
    return told


@transaction.atomic
def _record(incident: Incident, name: str, held: Sequence[tuple[Held, Item]], choice: Choice, actor: Actor) -> None:
    """One line for the incident and a custody line for each item: whoever reads an item's custody sees that it left, and how."""
    said = {"bundle": name, "recipient": choice.recipient, "purpose": choice.purpose}
    more = {"items": [item.name for _, item in held], "record": choice.record, "tlp": choice.tlp}
    ledger.append(incident.name, actor=actor, verb="evidence.export", obj=incident.name, data={**said, **more})
    for one, item in held:
        data = {**said, "sha256": item.sha256, "bytes": "left-out" if one.left_out else "included"}
        data |= {"reason": one.left_out.en} if one.left_out else {}
        ledger.append(incident.name, actor=actor, verb="evidence.export", obj=item.name, data=data)


def _chosen(incident: Incident, choice: Choice) -> list[tuple[Held, Item]]:
    rows = {item.name: item for item in incident.evidence.order_by("name")}
    wanted = {name.upper() for name in choice.items} or set(rows)
    missing = sorted((wanted | {name.upper() for name in choice.without_bytes}) - set(rows))
    if missing:
        raise Refused(f"{incident.name} has no {', '.join(missing)[:200]}.", hint="`hikeshi evidence list` has them.")
    if choice.tlp and choice.tlp not in dict(TLP):
        raise Refused(f"{choice.tlp[:40]!r} is no TLP marking.", hint=f"There are: {', '.join(dict(TLP))}.")
    return [(_held(item, choice), item) for name, item in rows.items() if name in wanted]


def _held(item: Item, choice: Choice) -> Held:
    """The item as it goes along: malware in a zip with a password, whatever was asked."""
    reason = _reason(item, choice)
    samples = evidence.files_of(item) if item.kind == MALWARE and not reason else {}
    return Held(said_of(item), reason, samples)


def said_of(item: Item) -> dict[str, Any]:
    """Everything the row says, as plain JSON."""
    told = {}
    for field in item._meta.concrete_fields:
        if field.name not in NOT_SAID:
            value = getattr(item, field.name)
            told[field.name] = value.isoformat() if isinstance(value, date | datetime) else value
    return told


def _reason(item: Item, choice: Choice) -> Text | None:
    """Why the item's bytes stay here; None where they go along."""
    order = list(dict(TLP))
    if choice.hashes_only or item.name in {name.upper() for name in choice.without_bytes}:
        return Text("left out on request", "指定により除外")
    if choice.tlp and not item.tlp:
        return Text("has no TLP marking, and a ceiling was set", "TLP の指定がなく、上限が設定されているため除外")
    if choice.tlp and order.index(item.tlp) < order.index(choice.tlp):
        return Text(f"is TLP:{item.tlp.upper()}, above the ceiling", f"TLP:{item.tlp.upper()} が上限を超えるため除外")
    if item.disposed_at:
        return Text("was disposed of; its record is what is left", "廃棄済み。記録のみ残っています")
    try:
        locker().open(item.sha256).close()
    except HikeshiError:
        return Text("its bytes are not in the locker or cannot be read", "証拠保管庫にないか読み取れません")
    return None


def _incident(incident: Incident) -> dict[str, Any]:
    names = ("declared_at", "detected_at", "occurred_at", "contained_at", "closed_at")
    times = {name: written(value) for name in names if (value := getattr(incident, name))}
    return {"name": incident.name, "title": incident.title, "severity": incident.severity, **times}


def _keys() -> list[PublicKey]:
    return [
        PublicKey(
            public=row.public, algorithm=row.algorithm, since=written(row.since), until=written(row.until) if row.until else ""
        )
        for row in SigningKey.objects.all()
    ]  # fmt: skip


def _rotations() -> list[Part]:
    """How one key followed another."""
    changes = [msgspec.to_builtins(one) for one in keys.rotations()]
    return [of_bytes("keys/rotations.json", canonical(changes, name="rotations"))] if changes else []


def _case(chain: Chain, excerpt: Excerpt, about: dict[str, Any], held: Sequence[tuple[Held, Item]]) -> Part:
    """The custody lines in CASE."""
    last = max(excerpt.proofs, default=0)
    lines = (line for line in ledger.lines(chain, until=last) if line.seq in excerpt.proofs)
    identity = checkpoints.origin(chain.name).rpartition("/")[0]
    made = case_document(identity, about["incident"], [one.record for one, _item in held], lines)
    return of_bytes(CASE, canonical(made, name=CASE))


def _forms(incident: Incident, held: Sequence[tuple[Held, Item]], actor: Actor) -> list[Part]:
    """The chain-of-custody form of the items, to be read without any program of ours."""
    items = [item for _, item in held]
    texts = {language: form.html(incident, items, language, printed_by=actor.name) for language in ("en", "ja")}
    return [of_bytes(f"forms/custody-{language}.html", text.encode()) for language, text in texts.items() if items]


def _excerpt(chain: Chain, size: int, held: Sequence[tuple[Held, Item]], choice: Choice) -> Excerpt:
    """The record up to the checkpoint. Lines that are written while the bundle is made are not part of it."""
    names = [item.name for _, item in held]
    mine = chain.entries.filter(seq__lte=size, object__in=[*names, chain.name], verb__startswith="evidence.")
    proofs = {seq: checkpoints.prove(chain, seq) for seq in mine.order_by("seq").values_list("seq", flat=True)}
    if choice.record == "whole":
        return Excerpt(
            chain=chain.name, entries=ledger.lines(chain, until=size), checkpoints=_signed(chain, 0, size), proofs=proofs
        )  # fmt: skip
    entries = (line for line in ledger.lines(chain, until=size) if line.seq in proofs)
    return Excerpt(
        chain=chain.name, entries=entries, form="selection", checkpoints=_signed(chain, size, size), proofs=proofs
    )


def _signed(chain: Chain, least: int, most: int) -> list[Signed]:
    rows = chain.checkpoints.filter(size__gte=least, size__lte=most).order_by("pk").prefetch_related("stamps")
    return [
        Signed(row.note, [bytes(one.reply) for one in row.stamps.all() if one.state == "held"]) for row in rows
    ]  # fmt: skip


def _gaps(
    incident: Incident, held: Sequence[tuple[Held, Item]], choice: Choice, authorities: Sequence[timestamp.Authority]
) -> list[Text]:
    """What a reader will miss: said by us before they ask."""
    names = {item.name for _, item in held}
    found = [
        Text(f"{item.name}: {one.left_out.en}", f"{item.name}: {one.left_out.ja}") for one, item in held if one.left_out
    ]
    found += [
        Text(f"{name}: not in this bundle", f"{name}: このバンドルに含まれません")
        for name in incident.evidence.exclude(name__in=names).values_list("name", flat=True)
    ]
    found += [
        Text(f"{gap.item}: {gap.text.en}", f"{gap.item}: {gap.text.ja}")
        for gap in gaps(incident) if gap.item in names or gap.kind == "not-collected"
    ]  # fmt: skip
    if choice.record != "whole":
        found.append(Text("Only the custody lines of these items are in the bundle, not the whole record.", "このバンドルには該当する証拠の保管記録のみが含まれ、記録の全体は含まれません。"))  # fmt: skip
    if not authorities:
        found.append(Text("No time-stamp authority is configured.", "時刻認証局が設定されていません。"))
    return found


def _authorities() -> list[timestamp.Authority]:
    return [stamps.authority(url) for url in settings.ENVIRONMENT.timestamp_authorities]


def _stamp(authorities: Sequence[timestamp.Authority], manifest: bytes) -> bytes:
    """A time stamp by the first authority that answers. Where none does, the bundle goes without, and its reader is told."""
    for authority in authorities:
        try:
            return timestamp.ask(authority, manifest, now=timezone.now())[0]
        except HikeshiError:
            continue
    return b""
