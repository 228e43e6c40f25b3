"""What moto lacks of Route 53 Resolver's query logging: a VPC taken out of it. No query is ever written down.

Route 53 Resolver API Reference, DisassociateResolverQueryLogConfig. Simplified: it is complete at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer


def _disassociate(call: Call) -> Answer:
    from moto.route53resolver.models import route53resolver_backends  # moto is there only for drills and tests

    backend: Any = route53resolver_backends[cast.ACCOUNT][call.region]
    kept = backend.resolver_query_log_config_associations
    for which, one in kept.items():
        if (one.resolver_query_log_config_id, one.resource_id) == (
            call.params["ResolverQueryLogConfigId"],
            call.params["ResourceId"],
        ):
            del kept[which]
            backend.resolver_query_log_configs[one.resolver_query_log_config_id].association_count -= 1
            return json_answer({"ResolverQueryLogConfigAssociation": {**one.description(), "Status": "DELETING"}})
    return error_answer(call, 400, "ResourceNotFoundException", "There is no such association (simulated).")


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {"DisassociateResolverQueryLogConfig": _disassociate}
