"""Which commit a git checkout stands at, read from its files: git itself, and the hooks and settings of a checkout, are never run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

LIMIT: Final = 4 * 1024 * 1024
"""Bytes read of one file of git's."""
COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
BRANCH: Final = re.compile(r"refs/[A-Za-z0-9._/-]{1,200}")


def commit_of(folder: Path) -> str:
    """The id of the commit that `folder`, or a folder above it, has checked out. "" where it is no checkout, or cannot be told."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return _head(_git(place / ".git"))
    return ""


def _git(place: Path) -> Path:
    """The folder of git's files; in a second work tree `.git` is a file that names it."""
    named = _text(place).partition("gitdir: ")[2] if place.is_file() else ""
    return (place.parent / named) if named else place


def _head(git: Path) -> str:
    head = _text(git / "HEAD")
    branch = head.removeprefix("ref: ")
    if branch == head:
        return head if COMMIT.fullmatch(head) else ""
    if not BRANCH.fullmatch(branch) or ".." in branch:
        return ""
    shared = git / (_text(git / "commondir") or ".")
    found = _text(git / branch) or _text(shared / branch) or _packed(_text(shared / "packed-refs"), branch)
    return found if COMMIT.fullmatch(found) else ""


def _packed(text: str, branch: str) -> str:
    return next((line[: -len(branch) - 1] for line in text.splitlines() if line.endswith(f" {branch}")), "")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(LIMIT).decode("utf-8", "replace").strip()
    except OSError:
        return ""
