"""The API itself: who may come in, how things are written, and which nouns there are. One file per noun beside this one."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.functional import Promise
from ninja import NinjaAPI, Router
from ninja.renderers import BaseRenderer

from hikeshi import __version__
from hikeshi.doors.api import (
    actions,
    affected,
    alerts,
    anchors,
    answers,
    approvals,
    assets,
    bundles,
    cacao,
    changes,
    clocks,
    clouds,
    completeness,
    contacts,
    custody,
    decisions,
    duties,
    event_notes,
    evidence,
    evidence_form,
    evidence_plan,
    groups,
    halts,
    incidents,
    kit,
    ledger,
    metrics,
    notices,
    oncall,
    orders,
    playbook_lint,
    playbooks,
    proposals,
    readiness,
    rehearsals,
    reports,
    roles,
    runs,
    secrecy,
    similar,
    sources,
    state,
    steps,
    suppressions,
    tasks,
    timelines,
)
from hikeshi.doors.api.bearer import bearer, token_required

NOUNS: Final[dict[str, Router]] = {
    "actions": actions.router,
    "affected": affected.router,
    "alerts": alerts.router,
    "anchors": anchors.router,
    "approvals": approvals.router,
    "assets": assets.router,
    "bundles": bundles.router,
    "cacao": cacao.router,
    "changes": changes.router,
    "clocks": clocks.router,
    "clouds": clouds.router,
    "completeness": completeness.router,
    "contacts": contacts.router,
    "custody": custody.router,
    "decisions": decisions.router,
    "duties": duties.router,
    "event notes": event_notes.router,
    "evidence": evidence.router,
    "evidence form": evidence_form.router,
    "evidence plan": evidence_plan.router,
    "groups": groups.router,
    "halts": halts.router,
    "incidents": incidents.router,
    "kit": kit.router,
    "ledger": ledger.router,
    "metrics": metrics.router,
    "notices": notices.router,
    "oncall": oncall.router,
    "orders": orders.router,
    "playbook_lint": playbook_lint.router,
    "playbooks": playbooks.router,
    "proposals": proposals.router,
    "readiness": readiness.router,
    "rehearsals": rehearsals.router,
    "reports": reports.router,
    "roles": roles.router,
    "runs": runs.router,
    "secrecy": secrecy.router,
    "similar": similar.router,
    "sources": sources.router,
    "state": state.router,
    "steps": steps.router,
    "suppressions": suppressions.router,
    "tasks": tasks.router,
    "timelines": timelines.router,
}
"""The nouns, each with its endpoints; what hangs on an incident has the incident's name in its address."""


class Json(BaseRenderer):
    """Times keep their microseconds, which Django's own encoder cuts off."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        del request, response_status
        return msgspec.json.encode(data, enc_hook=_text)


def _text(value: object) -> str:
    if isinstance(value, Promise):  # a translated text that has not been looked up yet
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class Api(NinjaAPI):
    """Ninja's API behind a token, and exempt from the sign-in page: a program cannot follow a redirect to it."""

    @property
    def urls(self) -> tuple[list[Any], str, str]:
        found, app, namespace = super().urls
        patterns: list[Any] = [*found, path("<path:rest>", token_required(_nowhere), name="nowhere")]
        for pattern in patterns:
            pattern.callback = login_not_required(pattern.callback)
        return patterns, app, namespace


def _nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    del request, rest
    return answers.not_found()


api = Api(
    title="Hikeshi",
    version=__version__,
    description="The same verbs as the console, for programs. Authenticate with `Authorization: Bearer <token>`.",
    urls_namespace="api",
    auth=bearer,
    renderer=Json(),
    docs_url=None,  # the page Ninja brings needs inline script, which our CSP forbids; the document is at /api/v1/openapi.json
    docs_decorator=token_required,
)
for kind, respond in answers.ANSWERS.items():
    api.add_exception_handler(kind, respond)
for noun, router in NOUNS.items():
    api.add_router("", router, tags=[noun])
