"""Identifiers, times and the extension in which everything travels that CACAO has no word for."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

SPEC_VERSION: Final = "cacao-2.0"
EXTENSION: Final = "extension-definition--4f2f7f0c-8a54-4b0e-9d57-5d9a5e7a6c11"
"""Our extension: `playbook` in `playbook_extensions` is the head of the playbook, `step` in `step_extensions` a step, as in our own files."""
US: Final = "identity--0b9d5f6a-2f6e-4a44-8f1b-6f2c1a7b3d90"
"""Who made a playbook, where the organisation names no STIX identity of its own."""
VARIABLE: Final = re.compile(r"^__[a-zA-Z_][a-zA-Z0-9_-]{0,199}__$")


def made_id(kind: str, *parts: str) -> str:
    """An identifier that is always the same for the same thing: step ids have to be UUIDs of version 4 (section 10.10), so the bits are
    those of a SHA-256 in that shape.
    """
    digest = hashlib.sha256("/".join(("hikeshi", kind, *parts)).encode()).digest()
    return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with exactly three digits of a second (section 10.17)."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def print_of(part: Any) -> str:
    """SHA-256 of the RFC 8785 form, in lower-case hex: whether somebody has changed it since."""
    return hashlib.sha256(rfc8785.dumps(part)).hexdigest()


def variable(fact: str) -> str:
    """The variable of a fact, a choice or a state: "fact.key_id" is `__fact_key_id__`, "choice.1.4" is `__choice_1_4__`."""
    return f"__{re.sub(r'[^a-zA-Z0-9]', '_', fact)}__"


def seen(document: dict[str, Any]) -> list[Any]:
    """What others see and may change of the head: compared when it comes back."""
    return [document.get("name"), document.get("description")]


def shape(document: dict[str, Any]) -> dict[str, Any]:
    """Which steps follow which, without their words and extensions."""
    words = {"name", "description", "step_extensions", "commands", "external_references"}
    return {
        key: {name: value for name, value in step.items() if name not in words}
        for key, step in document["workflow"].items()
    }
