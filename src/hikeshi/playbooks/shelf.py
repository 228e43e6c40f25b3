"""The playbooks that come with Hikeshi."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from hikeshi.playbooks.playbook import Playbook, load

LIBRARY: Final = (
    "compromised-ec2",
    "personal-data-leak",
    "ransomware",
)
"""Their names, in alphabetical order: `library/<name>.yaml`."""

FOLDER: Final = Path(__file__).parent / "library"


def library() -> dict[str, Playbook]:
    """The playbooks that come with Hikeshi, by name. Read once."""
    return dict(_library())


def propose(finding_type: str) -> Playbook | None:
    """The playbook of the library that answers a GuardDuty finding type: the one with the longest matching beginning."""
    fitting = (
        (prefix, book) for book in library().values() for prefix in book.matches if finding_type.startswith(prefix)
    )
    return max(fitting, key=lambda pair: len(pair[0]), default=("", None))[1]


@functools.cache
def _library() -> dict[str, Playbook]:
    return {name: load(FOLDER / f"{name}.yaml") for name in LIBRARY}
