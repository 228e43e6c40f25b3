"""Every error Hikeshi raises on purpose: whose fault it is, where, and whether trying again can help.

The doors translate them once: `Refused` is exit code 3 or HTTP 403/409, `Failed` is 1 or 502/503, `Partly` is 5 or 503,
`Unreadable` is 5 or 422.
"""

from __future__ import annotations

from dataclasses import dataclass


class HikeshiError(Exception):
    """The root of the tree. `hint` says how to go on and is shown after the message."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        ended = not self.hint or self.message.endswith((".", "?", "!", ":"))
        return f"{self.message}{'' if ended else '.'} {self.hint}".strip()


class Refused(HikeshiError):
    """Not allowed, or not now: a rule of ours said no and nothing was changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two people changed: what both began with, what is saved now, and what the second wanted."""

    field: str
    base: str
    saved: str
    own: str

    def __str__(self) -> str:
        return f"{self.field}: saved {self.saved!r}, yours {self.own!r} (before: {self.base!r})."


class Conflict(Refused):
    """Somebody else changed the thing first. `current` is what is saved now, so that both texts can be shown.

    Where it was fields of a row, `differences` names each with all its texts, and `version` is the row's version now.
    """

    def __init__(
        self, message: str, *, current: str = "", hint: str = "", version: int = 0,
        differences: tuple[Difference, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(message, hint=hint)
        self.current = current
        self.version = version
        self.differences = differences


class Failed(HikeshiError):
    """The world did not do what was asked. `permanent` is false where trying again later can help."""

    def __init__(self, message: str, *, permanent: bool = True, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent


class Partly(Failed):
    """The world stopped us in the middle. What was done is kept and can be used, and the same command goes on with the rest."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, permanent=False, hint=hint)


class Unreadable(HikeshiError):
    """Input that cannot be understood: `source` names it, `place` says where in it (a line, a record, an offset).

    `where` is what stands before the message, for who says the message in another language.
    """

    def __init__(self, message: str, *, source: str, place: str = "", hint: str = "") -> None:
        where = f"{source}, {place}" if place else source
        super().__init__(f"{where}: {message}", hint=hint)
        self.where = f"{where}: "
        self.source = source
        self.place = place
