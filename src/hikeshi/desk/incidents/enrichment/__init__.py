"""What can say more about an observable: one file each, one line each here."""

from __future__ import annotations

from typing import Final

from hikeshi.desk.incidents.enrichment import address_class, indicators, past, register, web
from hikeshi.desk.incidents.enrichment.enricher import Enricher

ENRICHERS: Final[dict[str, Enricher]] = {
    "address-class": address_class.ENRICHER,
    "indicators": indicators.ENRICHER,
    "past": past.ENRICHER,
    "register": register.ENRICHER,
    "web": web.ENRICHER,
}
