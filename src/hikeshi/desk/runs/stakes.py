"""What is at stake with one step's plan: read from the action, the incident, the account and the asset register."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Plan
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.assets.register import normal
from hikeshi.desk.clouds.models import Account
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.desk.runs.policy import PROTECTED_ROLES, Environment, Need, Stakes, needed
from hikeshi.text import Text

GRAVEST_FIRST: Final[tuple[Environment, ...]] = ("production", "staging", "development", "test")


def account_of(number: str) -> Account | None:
    """The account as it is registered, while it is not retired."""
    return Account.objects.filter(number=number, retired_at=None).first() if number else None


def touched(names: Iterable[str]) -> list[Asset]:
    """The assets that go by one of these names: ids, ARNs, or the last part of an ARN."""
    asked = {normal(name) for name in names if name}
    asked |= {name.rpartition("/")[2] for name in asked if name.startswith("arn:")}
    return list(Asset.objects.filter(identifier__in=asked, retired_at=None))


def environment(account: Account | None, assets: Iterable[Asset]) -> Environment:
    """The gravest that the account or one of the assets is said to be in. Nothing known counts as production."""
    known = {asset.environment for asset in assets} | {account.environment if account else ""}
    return next((one for one in GRAVEST_FIRST if one in known), "production")


def vital(assets: Iterable[Asset]) -> bool:
    """Whether one of them is vital or has a role whose loss is an outage."""
    roles = [str(asset.tags.get("role", "")).lower().replace("_", "-").replace(" ", "-") for asset in assets]
    return any(asset.criticality == 1 for asset in assets) or any(role in PROTECTED_ROLES for role in roles)


def stakes_of(step: Step, plan: Plan) -> Stakes:
    """What the table of `policy.py` is asked with."""
    action = ACTIONS[step.action]
    number = str(step.run.facts.get("alert.account", ""))
    assets = touched([*plan.resources, number])
    near = [asset for asset in assets if asset.identifier != normal(number)]
    return Stakes(
        effect=action.effect, radius=action.radius, reversible=action.reversible,
        severity=step.run.incident.severity, environment=environment(account_of(number), assets), vital=vital(near),
    )  # fmt: skip


def need_of(step: Step, plan: Plan) -> Need:
    """How many yeses this plan needs now; the severity or the register may change it until it is carried out.

    A playbook may ask for more than the table (`approvals`), never for fewer.
    """
    need, spec = needed(stakes_of(step, plan)), spec_of(step)
    if spec is None or spec.approvals <= need.count:
        return need
    count = spec.approvals
    return Need(count, (Text(f"The playbook asks for {count}.", f"プレイブックの指定により {count} 名の承認が必要。"),))
