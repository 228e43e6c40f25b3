"""What kind of address it is: private, for documentation, shared, or of AWS where an administrator has put ip-ranges.json in the home.

References: the IANA special-purpose address registries; https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.enrichment.enricher import NOTHING, Enricher, Said
from hikeshi.signals.signal import Observable
from hikeshi.text import Text

LIMIT: Final = 32 * 1024 * 1024
NETWORKS: Final = tuple(
    (ipaddress.ip_network(network), Text(en, ja))
    for network, en, ja in (
        ("10.0.0.0/8", "private address", "プライベートアドレス"), ("172.16.0.0/12", "private address", "プライベートアドレス"),
        ("192.168.0.0/16", "private address", "プライベートアドレス"), ("fc00::/7", "private address", "プライベートアドレス"),
        ("100.64.0.0/10", "shared address of a carrier", "キャリアの共用アドレス"), ("127.0.0.0/8", "this machine itself", "自装置"),
        ("169.254.169.254/32", "the cloud's metadata service", "クラウドのメタデータサービス"), ("169.254.0.0/16", "link-local address", "リンクローカルアドレス"),
        ("192.0.2.0/24", "for documentation", "文書用アドレス"), ("198.51.100.0/24", "for documentation", "文書用アドレス"),
        ("203.0.113.0/24", "for documentation", "文書用アドレス"), ("2001:db8::/32", "for documentation", "文書用アドレス"),
    )
)  # fmt: skip


def ask(one: Observable, actor: Actor) -> list[Said]:
    del actor
    try:
        address = ipaddress.ip_address(one.value)
    except ValueError:
        return []
    found = [words for network, words in NETWORKS if address.version == network.version and address in network][:1]
    services = sorted(_aws(str(address)))
    if services:
        found.append(Text(f"of AWS: {', '.join(services)}", f"AWS のアドレス: {', '.join(services)}"))
    return [Said(words) for words in found]


def _aws(address: str) -> set[str]:
    path = Path(settings.ENVIRONMENT.home) / "ip-ranges.json"
    try:
        stamp = path.stat()
    except OSError:
        return set()
    found, ranges = ipaddress.ip_address(address), _ranges(path, stamp.st_mtime_ns, stamp.st_size)
    length = found.max_prefixlen
    prefixes = (str(ipaddress.ip_network((int(found), bits), strict=False)) for bits in range(8, length + 1))
    return {service for prefix in prefixes for service in ranges.get(prefix, ())}


@lru_cache(maxsize=2)
def _ranges(path: Path, changed: int, size: int) -> dict[str, set[str]]:
    """Services and regions by network, read once for each state of the file; nothing where it cannot be read."""
    del changed
    if size > LIMIT:
        return {}
    try:
        document = msgspec.json.decode(path.read_bytes())
        rows = [*document.get("prefixes", ()), *document.get("ipv6_prefixes", ())]
        found: dict[str, set[str]] = {}
        for row in rows:
            network = str(row.get("ip_prefix") or row.get("ipv6_prefix"))
            found.setdefault(network, set()).add(f"{row.get('service')} {row.get('region')}"[:60])
    except (OSError, msgspec.MsgspecError, AttributeError, TypeError):
        return {}
    return found


ENRICHER = Enricher(Text("kind of address", "アドレスの種類"), "red", NOTHING, ask)
