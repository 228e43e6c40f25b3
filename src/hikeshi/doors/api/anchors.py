"""Anchors: the keys that sign the ledger, and what the outside world holds of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Status

from hikeshi.desk.ledger import anchors as verbs, keys
from hikeshi.desk.ledger.models import Copy, Stamp
from hikeshi.doors import anchors, find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()


class Reason(Body):
    """Why; it is on the record for good."""

    reason: str


class Change(Reason):
    """`lost`: the old key is gone and cannot sign the change. Where the new key is, is for the machine's own settings to say."""

    lost: bool = False


class Again(Body):
    """`name` as it is listed."""

    kind: Literal["copies", "stamps"]
    name: str


class Held(Body):
    """Checkpoints as they are held outside, one or many."""

    text: str = Field(max_length=4 * 1024 * 1024)


@router.get("/anchors", response=list[anchors.PartyShape])
def list_parties(request: Call) -> list[anchors.PartyShape]:
    """How each time-stamp authority and each place of copies stands."""
    return anchors.all_parties(request.auth)


@router.post("/anchors/again", response=dict[str, Any])
def try_again(request: Call, body: Again) -> dict[str, Any]:
    """Try everything of one authority or place again that waits or was refused. `count` says how many."""
    return {"count": verbs.again(body.kind, body.name, actor=request.auth)}


@router.post("/anchors/compare", response=list[anchors.ComparedShape])
def compare_held(request: Call, body: Held) -> list[anchors.ComparedShape]:
    """Checkpoints held outside against the ledger as it is now, of the chains you may read."""
    return anchors.compare_text(request.auth, body.text, source="text")


@router.get("/anchors/keys", response=list[anchors.KeyShape])
def list_keys(request: Call) -> list[anchors.KeyShape]:
    """The keys that sign or have signed checkpoints, newest first."""
    return anchors.all_keys(request.auth)


@router.post("/anchors/keys/retire", response=anchors.KeyShape)
def retire_key(request: Call, body: Reason) -> anchors.KeyShape:
    """Withdraw the key that signs: nothing is signed until another one is named."""
    return anchors.key(keys.retire(actor=request.auth, reason=body.reason))


@router.post("/anchors/keys/rotate", response={201: anchors.KeyShape})
def rotate_key(request: Call, body: Change) -> Status[anchors.KeyShape]:
    """Let another key sign from now on: the one HIKESHI_SIGNING_KEY names where that is another, else a new file."""
    row = keys.rotate(actor=request.auth, reason=body.reason, lost=body.lost)
    return Status(201, anchors.key(row))


@router.get("/ledger/{chain}/copies", response=Page[anchors.CopyShape])
def list_copies(request: Call, chain: str, paging: Annotated[Paging, Query()]) -> Page[anchors.CopyShape]:
    """The copies of a chain's checkpoints outside, newest first."""
    rows = Copy.objects.filter(checkpoint__chain=find.chain(request.auth, chain)).select_related("checkpoint__chain")
    return newest_first(rows, paging, anchors.copy)


@router.get("/ledger/{chain}/stamps", response=Page[anchors.StampShape])
def list_stamps(request: Call, chain: str, paging: Annotated[Paging, Query()]) -> Page[anchors.StampShape]:
    """The time stamps of a chain's checkpoints, newest first."""
    rows = Stamp.objects.filter(checkpoint__chain=find.chain(request.auth, chain)).select_related("checkpoint__chain")
    return newest_first(rows, paging, anchors.stamp)


@router.get("/ledger/{chain}/stamps/verify", response=list[anchors.CheckedShape])
def verify_stamps(request: Call, chain: str) -> list[anchors.CheckedShape]:
    """Check every held time stamp of a chain once more: match, mismatch or could-not-check, with the reason."""
    return anchors.check_stamps(find.chain(request.auth, chain))
