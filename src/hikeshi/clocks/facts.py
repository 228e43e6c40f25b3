"""What people know of an incident that decides which duties may apply and whom to call in: yes, no, or unknown."""

from __future__ import annotations

from typing import Final

from hikeshi.text import Text

FACTS: Final[dict[str, Text]] = {
    "insider": Text("Somebody of our own may be behind it", "内部者の関与のおそれがある"),
    "personal_data": Text("Personal data is involved, or may be", "個人データが関係する(おそれを含む)"),
    "public": Text("Outsiders or the media know, or will", "社外・報道機関に知られている、または知られる見込み"),
}
"""By key, alphabetical: what the question is, as a statement that is true or not."""
