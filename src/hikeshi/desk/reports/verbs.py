"""Turning the record into Markdown and HTML, and freezing the result.

Values come from attackers too (user agents, role names, object keys): the `md` filter takes the meaning out of Markdown signs, and the
HTML is made from the Markdown with raw HTML switched off.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from markdown_it import MarkdownIt

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.desk.reports.facts import gather
from hikeshi.desk.reports.models import Report
from hikeshi.errors import Refused

LANGUAGES = ("en", "ja")


def to_html(markdown: str) -> str:
    """Safe HTML of our own Markdown: raw HTML in it is shown as text, links other than http(s) are not made."""
    html: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return html


def freeze(incident: Incident, kind: str, language: str, *, actor: Actor, more: dict[str, Any] | None = None) -> Report:
    """Make a report from the record as it is now and keep it under its hash, as evidence too. `more` goes to the template."""
    require_on(actor, "write", incident)
    if language not in LANGUAGES:
        raise Refused(f"There is no report in {language!r}.", hint="Use en or ja.")
    with translation.override(language):
        facts = gather(incident, language) | (more or {})
        markdown = render_to_string(f"reports/{kind}.{language}.md", facts).strip() + "\n"
    return _keep(incident, kind, language, markdown, actor)


@transaction.atomic
def _keep(incident: Incident, kind: str, language: str, markdown: str, actor: Actor) -> Report:
    digest = hashlib.sha256(markdown.encode()).hexdigest()
    report = Report(
        incident=incident, kind=kind, language=language, markdown=markdown, html=to_html(markdown), sha256=digest,
        ledger_seq=Chain.objects.get(name=incident.name).head_seq, frozen_at=timezone.now(), frozen_by=actor.name,
    )  # fmt: skip
    report.full_clean()
    report.save()
    ledger.append(
        incident.name, actor=actor, verb="report.freeze", obj=f"{kind} ({language})",
        data={"sha256": digest, "ledger_seq": report.ledger_seq},
    )  # fmt: skip
    evidence.seal_bytes(
        incident, markdown.encode(), actor=actor, title=f"{kind} ({language}), Markdown", kind="report",
        source=f"ledger up to #{report.ledger_seq}",
    )  # fmt: skip
    return report
