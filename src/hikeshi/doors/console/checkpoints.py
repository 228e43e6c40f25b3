"""Signing a chain now, and taking away what strangers need: the signed note, the keys under it, and proofs."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.custody.proof import SUFFIX
from hikeshi.desk.ledger import checkpoints as verbs
from hikeshi.desk.ledger.models import Chain
from hikeshi.doors import checkpoints, find
from hikeshi.doors.console import audit
from hikeshi.doors.console.visit import actor, attempt, done
from hikeshi.errors import HikeshiError


def _chain(request: HttpRequest, name: str) -> Chain:
    return get_object_or_404(find.chains(actor(request)), name=name)


@require_POST
def sign(request: HttpRequest, name: str) -> HttpResponse:
    """Sign the chain as it is now. Where it must not be signed, its page says why."""
    chain = _chain(request, name)
    problem = attempt(lambda: verbs.checkpoint(chain, actor=actor(request)))
    if problem is not None:
        return audit.show(request, chain, problem)
    return done(request, _("Signed: every entry so far is under the checkpoint."), "chain", chain.name)


@require_POST
def rebuild(request: HttpRequest, name: str) -> HttpResponse:
    """Make the tiles again from the entries. The verb refuses where more is damaged, or to whom it is not given."""
    chain = _chain(request, name)
    problem = attempt(lambda: verbs.rebuild(chain, actor=actor(request)))
    if problem is not None:
        return audit.show(request, chain, problem)
    return done(request, _("The tiles are made again from the entries."), "chain", chain.name)


@require_safe
def note(request: HttpRequest, name: str, entries: int) -> HttpResponse:
    """The signed note, byte for byte."""
    chain = _chain(request, name)
    return _file(_detail(chain, entries)["note"], f"{chain.name}-{entries}.checkpoint")


@require_safe
def keys(request: HttpRequest, name: str, entries: int) -> HttpResponse:
    """The public keys that signed it, in PEM: what `custody check-proof --key` asks for."""
    chain = _chain(request, name)
    return _file("".join(_detail(chain, entries)["keys"]), f"{chain.name}-{entries}.pem")


@require_safe
def proof(request: HttpRequest, name: str, seq: int) -> HttpResponse:
    """The proof of one entry under the newest checkpoint."""
    chain = _chain(request, name)
    try:
        text = verbs.prove(chain, seq)
    except HikeshiError as problem:
        return audit.show(request, chain, problem)
    return _file(text, f"{chain.name}-{seq}{SUFFIX}")


@require_safe
def continued(request: HttpRequest, name: str, entries: int) -> HttpResponse:
    """The proof that the newest checkpoint continues this one."""
    chain = _chain(request, name)
    try:
        text = verbs.consistency(chain, entries)
    except HikeshiError as problem:
        return audit.show(request, chain, problem)
    return _file(text, f"{chain.name}-from-{entries}.proof")


def _detail(chain: Chain, entries: int) -> checkpoints.CheckpointDetail:
    try:
        return checkpoints.detail(checkpoints.of_size(chain, entries))
    except find.NotThere as problem:
        raise Http404 from problem


def _file(text: str, filename: str) -> HttpResponse:
    return HttpResponse(
        text.encode(), content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )  # fmt: skip
