"""What somebody in the company noticed and wrote down: the form on /report/, `alert report`, or the API. The shape is our own.

    {"hikeshi_report": 1, "number": "7K3-M9Q", "what": "...", "when": "...", "device": "...", "call_back": "...", "language": "ja"}

`number` is what the reporter may quote on the telephone, `when` is in the reporter's own words. Every report is a cause of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hikeshi.signals import fields
from hikeshi.signals.defang import defang, host_of, urls
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

NAME = "selfreport"
ABOUT = Text(en="Reports by people in the company", ja="社内からの報告")
SCORE = 5.0
"""A person is worried: medium, until somebody has called back."""


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict) and "hikeshi_report" in document:
        yield "", document


def signal(part: Any) -> Signal:
    what = fields.text(part.get("what"), 10_000)
    if not what:
        raise ValueError("the report does not say what happened")
    return Signal(
        key=fields.identity(NAME, part.get("number")),
        title=fields.text(f"{fields.name(part.get('number'))}: {defang(what)}", fields.TITLE_LIMIT),
        kind="Report:Person",
        score=SCORE,
        principal=fields.name(part.get("call_back")),
        first_seen_at=fields.moment(part.get("reported_at")),
        last_seen_at=fields.moment(part.get("reported_at")),
        observables=fields.observables(_seen(part, what)),
        cause=(NAME, fields.name(part.get("number"))),
    )


def _seen(report: dict[str, Any], what: str) -> Iterator[tuple[Kind, Any]]:
    yield "host", report.get("device")
    for url in urls(what):
        yield "url", url
        yield "domain", host_of(url)
