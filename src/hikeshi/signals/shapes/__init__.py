"""The shapes of payload that are understood by what they hold: one line for each file of this folder, alphabetical.

They exclude one another, so that the order means nothing; `tests/family/test_signals.py` tries each with the samples of all others.
Payloads of other products are described by mappings (`mapping.py`), which are asked after these.
"""

from __future__ import annotations

from typing import Final

from hikeshi.signals.shape import Shape
from hikeshi.signals.shapes import awsconfig, cloudwatch, guardduty, mail, ocsf, securityhub, selfreport

SHAPES: Final[dict[str, Shape]] = {
    "awsconfig": awsconfig,
    "cloudwatch": cloudwatch,
    "guardduty": guardduty,
    "mail": mail,
    "ocsf": ocsf,
    "securityhub": securityhub,
    "selfreport": selfreport,
}
