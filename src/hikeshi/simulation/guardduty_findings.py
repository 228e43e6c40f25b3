"""GuardDuty's own findings, which moto lacks: samples are made, told, and take feedback. Real ones come as events (`finding.py`).

Amazon GuardDuty API Reference: CreateSampleFindings, GetFindings, ListFindings, UpdateFindingsFeedback. Simplified: a finding has its
id, type and feedback only, and there is one page of everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer


def _kept(call: Call) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = shelf("guardduty", call.region, "findings").setdefault(
        call.params["DetectorId"], {}
    )
    return found


def _create(call: Call) -> Answer:
    for kind in call.params["findingTypes"]:
        made = hashlib.sha256(kind.encode()).hexdigest()[:32]
        service = {"archived": False, "additionalInfo": {"value": '{"sample":true}', "type": "default"}}
        _kept(call)[made] = {"id": made, "type": kind, "region": call.region, "service": service}
    return json_answer({})


def _get(call: Call) -> Answer:
    wanted = call.params["findingIds"]
    return json_answer({"findings": [one for which, one in _kept(call).items() if which in wanted]})


def _judge(call: Call) -> Answer:
    if missing := [one for one in call.params["findingIds"] if one not in _kept(call)]:
        return error_answer(call, 400, "BadRequestException", f"There is no finding {missing[0]} (simulated).")
    for which in call.params["findingIds"]:
        _kept(call)[which]["service"]["userFeedback"] = call.params["feedback"]
    return json_answer({})


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "CreateSampleFindings": _create,
    "GetFindings": _get,
    "ListFindings": lambda call: json_answer({"findingIds": list(_kept(call))}),
    "UpdateFindingsFeedback": _judge,
}
