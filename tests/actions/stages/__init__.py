"""A stage for every action in the table; the family tests play on all of them."""

from __future__ import annotations

from actions.stages import acquisition, data, identity, instance, network, recovery
from actions.stages.stage import Stage, Stages

__all__ = ["STAGES", "Stage"]

STAGES: Stages = {
    **acquisition.STAGES,
    **data.STAGES,
    **identity.STAGES,
    **instance.STAGES,
    **network.STAGES,
    **recovery.STAGES,
}
