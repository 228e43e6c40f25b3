"""The rules of deadlines: what Hikeshi counts, for whom the law asks what, and a try of one with times of your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.clocks.rule import Rule, problems
from hikeshi.desk.duties import counsel
from hikeshi.doors import clock_rules, find
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import HikeshiError
from hikeshi.text import Text

KINDS: Final = {
    "contract": _("contract"),
    "guideline": _("guideline"),
    "internal_target": _("own target"),
    "no_number": _("no number in the law"),
    "statutory": _("statutory"),
    "voluntary": _("voluntary"),
}
STATUSES: Final = {
    "in_force": _("in force"),
    "not_in_force": _("not in force"),
    "proposed": _("proposed"),
    "voluntary": _("voluntary"),
}
CONFIDENCES: Final = {
    "high": _("read at the source"),
    "low": _("unverified: off until confirmed"),
    "medium": _("secondary sources agree: off until confirmed"),
}
STATES: Final = {
    "due_soon": _("due soon"),
    "needs_review": _("needs review"),
    "not_applicable": _("does not apply"),
    "not_started": _("not started"),
    "overdue": _("over"),
    "running": _("on time"),
    "submitted": _("met"),
    "submitted_late": _("met late"),
}


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """All rules, or those of one jurisdiction, in a table that says how binding each is."""
    refuse_strangers(request)
    wanted = request.GET.get("jurisdiction", "")[:10]
    everything = [clock_rules.row(one) for one in clock_rules.chosen()]
    places = sorted({one["jurisdiction"].split("-")[0] for one in everything} - {""})
    rows = [_row(clock_rules.row(one)) for one in clock_rules.chosen(wanted)]
    return page(
        request, "console/clock_rules.html", {"rows": rows, "places": places, "wanted": wanted, "broken": problems()}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, name: str) -> HttpResponse:
    """One rule. Times typed into its form are only tried: nothing is recorded. A POST is counsel's sign-off, or takes it back."""
    refuse_strangers(request)
    try:
        found = clock_rules.named(name)
    except HikeshiError as problem:
        raise Http404 from problem
    known = _row(clock_rules.detail(found))
    typed = {one["key"]: request.GET.get(one["key"], "").strip()[:60] for one in known["moments"]}
    context: dict[str, Any] = {
        **_signed(found), "rule": known, "fields": [{**one, "what": say(one["what"]), "typed": typed[one["key"]]} for one in known["moments"]],
    }  # fmt: skip
    if request.method == "POST":
        refusal = attempt(lambda: _sign(request, found.name))
        if refusal is not None:
            return page(request, "console/clock_rule.html", context, problem=refusal)
        return done(request, _("The sign-off is on record."), "clock_rule", found.name)
    given = [f"{key}={time}" for key, time in typed.items() if time]
    if not given:
        return page(request, "console/clock_rule.html", context)
    try:
        due = clock_rules.due(found, given, zone=settings.ENVIRONMENT.time_zone, now=timezone.now())
    except HikeshiError as problem:
        return page(request, "console/clock_rule.html", context, problem=problem)
    due |= {"explanation": say(due["explanation"]), "word": STATES.get(due["state"], due["state"])}
    return page(request, "console/clock_rule.html", {**context, "due": due})


def _signed(rule: Rule) -> dict[str, Any]:
    rows, text = counsel.sign_offs(rule), counsel.digest(rule)
    now = any(row.withdrawn_at is None for row in rows)
    return {"on": counsel.is_on(rule, counsel.signed()), "sign_offs": rows, "digest": text, "signed_now": now}


def _sign(request: HttpRequest, name: str) -> None:
    form, who = request.POST, actor(request)
    if form.get("act") == "withdraw":
        counsel.withdraw(name, actor=who, reason=form.get("reason", ""))
    else:
        counsel.sign(name, actor=who, counsel=form.get("counsel", ""), note=form.get("note", ""))


def refuse_strangers(request: HttpRequest) -> None:
    try:
        find.insider(actor(request))
    except HikeshiError as problem:
        raise Http404 from problem


def _row(known: dict[str, Any]) -> dict[str, Any]:
    """A rule with its texts in the reader's language."""
    said = {name: say(value) for name, value in known.items() if isinstance(value, dict) and "ja" in value}
    words = {"kind_word": KINDS[known["kind"]], "status_word": STATUSES[known["status"]]}
    if "confidence" in known:
        words["confidence_word"] = CONFIDENCES[known["confidence"]]
    items = [say(one["item"]) for one in known.get("content", ())]
    return {**known, **said, **words, "items": items}


def say(text: Text | Mapping[str, str]) -> str:
    """A text of the engine, or its plain form, in the reader's language."""
    language = "ja" if get_language() == "ja" else "en"
    return str(text[language]) if isinstance(text, Mapping) else str(getattr(text, language))
