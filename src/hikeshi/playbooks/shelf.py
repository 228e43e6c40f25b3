"""The playbooks that come with Hikeshi."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hikeshi.playbooks.playbook import Playbook, load

LIBRARY: Final = (
    "business-email-compromise",
    "compromised-ec2",
    "denial-of-service",
    "edge-device",
    "endpoint-malware",
    "identity-takeover",
    "insider",
    "leaked-access-key",
    "lost-device",
    "personal-data-leak",
    "phishing",
    "public-storage",
    "ransomware",
    "supplier",
    "web-application",
)
"""Their names, in alphabetical order: `library/<name>.yaml`."""

FOLDER: Final = Path(__file__).parent / "library"


def library() -> dict[str, Playbook]:
    """The playbooks that come with Hikeshi, by name. Read once."""
    return dict(_library())


def proposed(finding_type: str, books: Iterable[Playbook]) -> Playbook | None:
    """Of `books` the one that answers a GuardDuty finding type: that with the longest matching beginning."""
    fitting = ((prefix, book) for book in books for prefix in book.matches if finding_type.startswith(prefix))
    return max(fitting, key=lambda pair: len(pair[0]), default=("", None))[1]


@functools.cache
def _library() -> dict[str, Playbook]:
    return {name: load(FOLDER / f"{name}.yaml") for name in LIBRARY}
