"""ATT&CK techniques that were revoked, and what replaced them.

MITRE ATT&CK Enterprise up to version 19 (April 2026), https://attack.mitre.org. (c) The MITRE Corporation; this work is reproduced and distributed
with its permission. Only what rules and playbooks in the field still carry is listed.
"""

from __future__ import annotations

from typing import Final

REVOKED: Final[dict[str, str]] = {
    "T1002": "T1560",
    "T1043": "T1571",
    "T1050": "T1543.003",
    "T1053.004": "T1543.004",
    "T1060": "T1547.001",
    "T1063": "T1518.001",
    "T1064": "T1059",
    "T1066": "T1027.005",
    "T1075": "T1550.002",
    "T1076": "T1021.001",
    "T1077": "T1021.002",
    "T1081": "T1552.001",
    "T1086": "T1059.001",
    "T1089": "T1685",
    "T1094": "T1095",
    "T1099": "T1070.006",
    "T1100": "T1505.003",
    "T1107": "T1070.004",
    "T1145": "T1552.004",
    "T1146": "T1070.003",
    "T1192": "T1566.002",
    "T1193": "T1566.001",
    "T1194": "T1566.003",
    "T1208": "T1558.003",
    "T1214": "T1552.002",
    "T1483": "T1568.002",
    "T1488": "T1561",
    "T1492": "T1565.001",
    "T1493": "T1565.002",
    "T1503": "T1555.003",
    "T1506": "T1550.004",
    "T1522": "T1552.005",
    "T1562": "T1685",
    "T1562.001": "T1685",
    "T1562.002": "T1685.001",
    "T1562.004": "T1686",
    "T1562.006": "T1685",
    "T1562.007": "T1686",
    "T1562.008": "T1685.002",
    "T1562.012": "T1685.004",
}


def present(technique: str) -> str:
    """The id that a technique has now."""
    return REVOKED.get(technique, technique)
