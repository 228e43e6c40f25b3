"""GuardDuty's trusted and threat lists, and the names of its filters, which moto lacks: kept and told; no finding is ever hidden by them.

Amazon GuardDuty API Reference: CreateIPSet, GetIPSet, ListIPSets, UpdateIPSet, the same of trusted entity sets, ListFilters. Simplified:
the file at a list's location is not read, there is one page of everything, and a list is (in)active at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

Operation = Callable[[Call], Answer]


def _missing(call: Call) -> Answer:
    return error_answer(call, 400, "BadRequestException", "The request is rejected: there is no such list (simulated).")


def _state(call: Call) -> str:
    return "ACTIVE" if call.params.get("activate") else "INACTIVE"


def _of(kind: str, label: str) -> dict[str, Operation]:
    """The operations on one kind of list; `label`: how its id is called in addresses, and with a small letter in answers."""
    told = label[0].lower() + label[1:]

    def kept(call: Call) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = shelf("guardduty", call.region, kind).setdefault(
            call.params["DetectorId"], {}
        )
        return found

    def create(call: Call) -> Answer:
        made = secrets.token_hex(16)
        names = ("name", "format", "location")
        kept(call)[made] = {**{name: call.params[name] for name in names}, "status": _state(call)}
        return json_answer({told: made})

    def get(call: Call) -> Answer:
        one = kept(call).get(call.params[label])
        return _missing(call) if one is None else json_answer(one)

    def delete(call: Call) -> Answer:
        return _missing(call) if kept(call).pop(call.params[label], None) is None else json_answer({})

    def update(call: Call) -> Answer:
        one = kept(call).get(call.params[label])
        if one is None:
            return _missing(call)
        one.update({name: call.params[name] for name in ("name", "location") if name in call.params})
        one.update({"status": _state(call)} if "activate" in call.params else {})
        return json_answer({})

    return {
        f"Create{kind}": create,
        f"Delete{kind}": delete,
        f"Get{kind}": get,
        f"List{kind}s": lambda call: json_answer({f"{told}s": list(kept(call))}),
        f"Update{kind}": update,
    }


def _filters(call: Call) -> Answer:
    """Of the filters that moto keeps."""
    from moto.guardduty.models import guardduty_backends  # moto is there only for drills and tests, and slow to import

    detector = guardduty_backends[cast.ACCOUNT][call.region].detectors.get(call.params["DetectorId"])
    return _missing(call) if detector is None else json_answer({"filterNames": list(detector.filters)})


OPERATIONS: Final[Mapping[str, Operation]] = {
    **_of("IPSet", "IpSetId"),
    **_of("ThreatEntitySet", "ThreatEntitySetId"),
    **_of("TrustedEntitySet", "TrustedEntitySetId"),
    "ListFilters": _filters,
}
