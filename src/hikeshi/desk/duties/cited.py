"""What a report cites as evidence has to be there: a number that nobody sealed proves nothing to an authority."""

from __future__ import annotations

import re
from typing import Final

from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

NUMBER: Final = re.compile(r"\bEV-\d+\b")


def check_cited(chain: str, text: str) -> None:
    """Every EV-NNN in `text` is an item of this chain's incident. Raises `Refused` for one that is not; free words may say anything."""
    named = sorted(set(NUMBER.findall(text)))
    known = set(
        Entry.objects.filter(chain__name=chain, verb__startswith="evidence.", object__in=named)
        .values_list("object", flat=True)
    ) if named else set()  # fmt: skip
    missing = [name for name in named if name not in known]
    if missing:
        raise Refused(f"{missing[0]} is no evidence of {chain}.", hint="Seal it first, or name where it is in words.")
