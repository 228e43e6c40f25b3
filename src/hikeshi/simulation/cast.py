"""Who and what plays in the story: names, addresses and keys, each chosen so that it cannot be anybody's.

Addresses are from the documentation ranges (RFC 5737, RFC 3849), account and access keys are the made-up ones of the AWS guides' kind.
"""

from __future__ import annotations

from typing import Final

ACCOUNT: Final = "111122223333"
REGION: Final = "ap-northeast-1"
ZONE: Final = "ap-northeast-1a"

ATTACKER: Final = "198.51.100.23"
"""Where the leaked key of `ci-deploy` is used from."""
OUTSIDE: Final = "198.51.100.77"
"""Where the instance role's stolen session is used from."""
POOL: Final = "203.0.113.66"
POOL_PORT: Final = 3333
POOL_V6: Final = "2001:db8:66::66"
"""The command and control server, which is also the mining pool."""
SCANNER: Final = "203.0.113.99"

LEAKED_USER: Final = "ci-deploy"
LEAKED_KEY: Final = "AKIAIOSFODNN7EXAMPLE"
BACKDOOR_USER: Final = "svc-monitoring"
BACKDOOR_KEY: Final = "AKIAI44QH8DHBEXAMPLE"
STOLEN_SESSION_KEY: Final = "ASIAIOSFODNN7EXAMPLE"

VICTIM_ROLE: Final = "shop-web"
VICTIM_PUBLIC: Final = "192.0.2.80"
OFFICE: Final = ("192.0.2.10", "192.0.2.11")
RUNNER: Final = "192.0.2.40"
"""Where deployments really come from."""
