"""From the bytes of a payload to the signals in it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from hikeshi.errors import Refused, Unreadable
from hikeshi.signals import decoding, mails
from hikeshi.signals.decoding import Broken
from hikeshi.signals.envelopes import Part, documents
from hikeshi.signals.mapped import mapped
from hikeshi.signals.shape import Shape
from hikeshi.signals.shapes import SHAPES
from hikeshi.signals.signal import Signal
from hikeshi.text import Text

log = logging.getLogger(__name__)

SIGNAL_LIMIT: Final = 2_000
"""Signals of one payload."""

SHOWN: Final = 10
"""Problems of one payload that are told one by one."""

AHEAD: Final = timedelta(minutes=15)
"""How far the clock of a sender may be ahead before its times are doubted."""


class Reading(NamedTuple):
    """What a payload says: its signals, and what in it could not be understood. One of them is not empty."""

    signals: list[Signal]
    problems: list[Unreadable]

    @property
    def problem(self) -> str:
        """All problems in one text, empty where there is none."""
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"and {len(self.problems) - SHOWN:,} more")
        if self.signals and lines:
            lines.insert(
                0, f"{len(self.problems):,} of {len(self.problems) + len(self.signals):,} parts not understood:"
            )
        return "\n".join(lines)


def read(payload: bytes, source: str, reader: str = "", *, own: Path | None = None) -> Reading:
    """All signals in one payload, and each part that is none. Never raises for what a sender may send.

    `reader` is the name of a shape or a mapping; "" is whatever fits. `own` is a folder with further mappings.
    """
    try:
        return read_by(payload, source, readers(reader, own))
    except Refused as problem:
        return Reading([], [Unreadable(problem.message, source=source, hint=problem.hint)])


def read_by(payload: bytes, source: str, by: Sequence[Shape]) -> Reading:
    """As `read`, by these readers, of which the first that fits is taken."""
    try:
        return _read(_found(decoding.decode(payload, source), by), by, source)
    except Unreadable as problem:
        return Reading([], [problem])
    except RecursionError:
        return Reading([], [Unreadable("nested too deeply", source=source)])


def read_signals(payload: bytes, source: str, reader: str = "", *, own: Path | None = None) -> list[Signal]:
    """All signals in one payload. Raises the first `Unreadable` where there is none."""
    found = read(payload, source, reader, own=own)
    if not found.signals and found.problems:
        raise found.problems[0]
    return found.signals


def readers(reader: str = "", own: Path | None = None) -> list[Shape]:
    """The reader of that name, or all in the order they are asked. Raises `Refused` naming those there are."""
    if reader in SHAPES:
        return [SHAPES[reader]]
    mappings = mapped(own)
    if not reader:
        return [*SHAPES.values(), *mappings.values()]
    if reader not in mappings:
        raise Refused(f"There is no reader {reader!r}.", hint=f"Known: {', '.join([*SHAPES, *mappings])}.")
    return [mappings[reader]]


def _found(document: Any, by: Sequence[Shape]) -> Iterator[Part]:
    """The documents of a payload. A mail whose text or attachments are understood as alerts is these alerts, else a mail."""
    if not isinstance(document, Message):
        yield from documents(document)
        return
    inside = [part for part in _in_mail(document) if _parts(part.document, by)]
    yield from inside or [Part("$", document)]


def _in_mail(mail: Message) -> Iterator[Part]:
    for number, part in enumerate(mails.parts(mail), start=1):
        try:
            found = decoding.decode(mails.content(part).strip(), "")
        except Unreadable:
            continue
        if isinstance(found, dict | list):
            yield from documents(found, f"part {number}: $")


def _parts(document: Any, by: Iterable[Shape]) -> tuple[Shape, list[tuple[str, Any]]] | None:
    """The first reader that finds something in a document, and what."""
    for one in by:
        if found := list(one.parts(document)):
            return one, found
    return None


def _read(found: Iterator[Part], by: Sequence[Shape], source: str) -> Reading:
    signals, problems = list[Signal](), list[Unreadable]()
    for place, document in found:
        if isinstance(document, Broken):
            problems.append(Unreadable(document.reason, source=source, place=document.place))
            continue
        which = _parts(document, by)
        if which is None:
            hint = f"Known: {', '.join(one.NAME for one in by)}."
            problems.append(Unreadable("no alert in it that we know", source=source, place=_shown(place), hint=hint))
            continue
        for below, part in which[1]:
            if len(signals) + len(problems) >= SIGNAL_LIMIT:
                problems.append(
                    Unreadable(f"more than {SIGNAL_LIMIT:,} signals", source=source, place=_shown(place + below),
                               hint="The rest is in the payload only: send fewer at a time.")
                )  # fmt: skip
                return Reading(signals, problems)
            one = _signal(which[0], part, source, place + below)
            (signals if isinstance(one, Signal) else problems).append(one)  # type: ignore[arg-type] # one of both
    if not signals and not problems:
        problems.append(Unreadable("empty: there is no alert in it", source=source))
    return Reading(signals, problems)


def _signal(shape: Shape, part: Any, source: str, place: str) -> Signal | Unreadable:
    try:
        return _doubted(shape.signal(part))
    except (ValueError, RecursionError) as problem:
        return Unreadable(f"{problem}", source=source, place=_shown(f"{shape.NAME} {place}"))
    except (
        Exception
    ) as problem:  # what arrives must never stop the door: the payload is kept and says whose fault it is
        log.exception("the reader %s failed", shape.NAME)
        reason = f"the reader {shape.NAME} failed ({type(problem).__name__}): a fault of ours, please report it"
        return Unreadable(reason, source=source, place=_shown(place))


def _doubted(signal: Signal) -> Signal:
    """The signal, with a mark where it is dated later than now. Its time stays as the sender says."""
    latest = max((at for at in (signal.first_seen_at, signal.last_seen_at) if at), default=None)
    if latest is None or latest <= datetime.now(UTC) + AHEAD:
        return signal
    said = f"{latest:%Y-%m-%d %H:%M} UTC"
    doubt = Text(en=f"Dated in the future ({said}): the sender's clock is wrong, or the alert is.",
                 ja=f"未来の日時（{said}）が付いている。送信元の時計かアラートに誤りがある。")  # fmt: skip
    return msgspec.structs.replace(signal, doubts=(*signal.doubts, doubt))


def _shown(place: str) -> str:
    return "" if place == "$" else place
