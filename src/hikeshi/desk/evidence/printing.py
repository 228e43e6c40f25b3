"""Printing the chain-of-custody form. What was printed, by whom and under which hash, is itself a line of custody."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final, Literal

from django.conf import settings
from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import form
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.verbs import Draft
from hikeshi.errors import Failed, Refused

Format = Literal["html", "pdf"]
FORMATS: Final[tuple[Format, ...]] = ("html", "pdf")
MOST_ITEMS: Final = 500
"""On one form: beyond this a bundle is what is wanted."""


def print_form(
    incident: Incident, items: Sequence[Item], *, actor: Actor, language: str, kind: Format, pdf: str | None = None
) -> bytes:
    """The form of these items as HTML (UTF-8) or PDF, each item's custody line one entry longer.

    `pdf` makes it a page of the console: its style is linked, and the address of the PDF is on it. Raises `Refused` where there is
    nothing to print or too much, `Failed` where PDF cannot be made here.
    """
    require_on(actor, "read", incident)
    _refuse_what_is_no_form(items, language)
    text = form.html(incident, items, language, printed_by=actor.name, stands_alone=pdf is None, pdf=pdf or "")
    made = to_pdf(text) if kind == "pdf" else text.encode()
    data = {
        "format": kind,
        "language": language,
        "document_sha256": hashlib.sha256(made).hexdigest(),
        "items": len(items),
    }
    with transaction.atomic():
        ledger.append_many(incident.name, (Draft("evidence.form", item.name, data) for item in items), actor=actor)
    return made


def _refuse_what_is_no_form(items: Sequence[Item], language: str) -> None:
    if language not in dict(settings.LANGUAGES):
        raise Refused(f"There is no form in {language[:20]!r}.", hint="Use en or ja.")
    if not 0 < len(items) <= MOST_ITEMS:
        raise Refused(
            f"A form has 1 to {MOST_ITEMS} items, not {len(items)}.", hint="Name single items, or export a bundle."
        )


def to_pdf(text: str, told: Callable[[int], None] | None = None) -> bytes:
    """Paper from HTML, without reaching for anything: not the network, not a file. Raises `Failed` where it cannot be made.

    `told` hears how many pages are set.
    """
    try:
        import weasyprint  # half a second and system libraries that only this needs
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except OSError as problem:
        raise Failed(
            f"PDF cannot be made here: {problem}.",
            hint="Install libpangoft2-1.0-0, or print the HTML form from a browser.",
        ) from problem

    class Nothing(URLFetcher):  # type: ignore[misc]  # it has no types
        def fetch(self, url: str, headers: object = None) -> object:
            del headers
            raise FatalURLFetchingError(f"A form refers to nothing outside itself, and this one to {url[:200]!r}.")

    try:
        with _pages_told(told) if told else nullcontext():
            made: bytes = weasyprint.HTML(string=text, url_fetcher=Nothing()).write_pdf()
    except FatalURLFetchingError as problem:
        raise Failed(str(problem), hint="It is a fault in Hikeshi: nothing was fetched or printed.") from problem
    return made


@contextmanager
def _pages_told(told: Callable[[int], None]) -> Iterator[None]:
    """While it sets, the library says to its log, and nowhere else, on which page it is."""
    log = logging.getLogger("weasyprint.progress")

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            page = record.args[0] if isinstance(record.args, tuple) and len(record.args) == 1 else 0
            if isinstance(page, int) and page:
                told(page)

    ear, level = Ear(), log.level
    log.addHandler(ear)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(ear)
        log.setLevel(level)
