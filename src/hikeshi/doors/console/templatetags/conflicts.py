"""`{% both_texts problem action back %}`: a refused form with the saved text, one's own, and the four ways to go on."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hikeshi.doors.console.both import merged, pieces
from hikeshi.errors import Conflict

register = template.Library()

FIELDS: dict[str, str | Promise] = {
    "code_name": _("Code name"),
    "detected_at": _("Detected"),
    "exposed_domains": _("Mail and chat domains the attacker may read: one per line"),
    "marking": _("Marking (TLP)"),
    "occurred_at": _("Occurred"),
    "severity": _("Severity"),
    "severity_reason": _("Severity and why"),
    "summary": _("Summary"),
    "title": _("Title"),
    "unaware": _("Who must not know: one person, group or address per line"),
}
"""What fields are called; one that is not here is shown by its name."""


@register.inclusion_tag("console/parts/conflict.html", takes_context=True)
def both_texts(context: template.Context, problem: Conflict, action: str, back: str) -> dict[str, Any]:
    """`action` is where the form goes, `back` the page without it. What was typed beside the fields in question goes along unseen."""
    typed = {name: value for name, value in context["typed"].items() if name not in {"csrfmiddlewaretoken", "version"}}
    rows, both = [], dict(typed)
    for one in problem.differences:
        rows.append(
            {
                "words": FIELDS.get(one.field, one.field), "saved": pieces(one.base, one.saved),
                "own": pieces(one.base, one.own), "field": one.field, "by_hand": typed.get(one.field, ""),
            }
        )  # fmt: skip
        if one.field in typed:
            both[one.field] = merged(one.base, one.saved, one.own) or f"{one.saved}\n\n{one.own}"
    asked = {row["field"] for row in rows}
    written = [row for row in rows if row["field"] in typed and not str(row["by_hand"]).isdecimal()]
    return {
        "rows": rows, "action": action, "back": back, "version": problem.version,
        "seen": context["typed"].get("version", ""), "mine": typed, "written": written,
        "both": both if written and all(row["field"] in {"summary", "unaware", "text"} for row in written) else None,
        "unseen": {name: value for name, value in typed.items() if name not in asked},
        "csrf_token": context.get("csrf_token"),
    }  # fmt: skip
