"""Ids of ATT&CK and of the NIST Cybersecurity Framework.

ATT&CK: those that were withdrawn, of attack.mitre.org up to version 19 (April 2026). CSF: the subcategories of NIST CSF 2.0 (February 2024).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hikeshi.playbooks.lint.problem import Path, Problem, Subject
from hikeshi.playbooks.techniques import REVOKED

_OUTCOMES: Final = """
GV.OC 1 2 3 4 5, GV.RM 1 2 3 4 5 6 7, GV.RR 1 2 3 4, GV.PO 1 2, GV.OV 1 2 3, GV.SC 1 2 3 4 5 6 7 8 9 10,
ID.AM 1 2 3 4 5 7 8, ID.RA 1 2 3 4 5 6 7 8 9 10, ID.IM 1 2 3 4,
PR.AA 1 2 3 4 5 6, PR.AT 1 2, PR.DS 1 2 10 11, PR.PS 1 2 3 4 5 6, PR.IR 1 2 3 4,
DE.CM 1 2 3 6 9, DE.AE 2 3 4 6 7 8, RS.MA 1 2 3 4 5, RS.AN 3 6 7 8, RS.CO 2 3, RS.MI 1 2, RC.RP 1 2 3 4 5 6, RC.CO 3 4
"""
OUTCOMES: Final = {
    f"{line.split()[0]}-{int(number):02}": None for line in _OUTCOMES.split(",") for number in line.split()[1:]
}
"""All 106 of them."""


def _named(subject: Subject, field: str) -> Iterator[tuple[Path, str]]:
    for number, name in enumerate(getattr(subject.book, field)):
        yield (field, number), name
    for place, step in enumerate(subject.book.steps):
        for number, name in enumerate(getattr(step, field)):
            yield ("steps", place, field, number), name


def techniques(subject: Subject) -> Iterator[Problem]:
    for path, name in _named(subject, "attack"):
        if name in REVOKED:
            yield subject.at(
                "error", path,
                f"{name} was revoked in ATT&CK; expected {REVOKED[name]}.",
                f"{name} は ATT&CK で廃止されています。{REVOKED[name]} を使ってください。",
            )  # fmt: skip


def outcomes(subject: Subject) -> Iterator[Problem]:
    for path, name in _named(subject, "csf"):
        if name not in OUTCOMES:
            known = ", ".join(known for known in OUTCOMES if known.startswith(name[:5])) or "GV, ID, PR, DE, RS, RC"
            yield subject.at(
                "error", path,
                f"{name} is no subcategory of CSF 2.0; expected one of: {known}.",
                f"{name} は CSF 2.0 のサブカテゴリーではありません。次のいずれかを指定してください: {known}",
            )  # fmt: skip
