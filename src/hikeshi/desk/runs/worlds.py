"""Where a step acts: the account it is about, entered with no more rights than its plan needs."""

from __future__ import annotations

import logging
from typing import Final

from django.conf import settings

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.narrowing import narrowed
from hikeshi.actions.aws.policy import role_of
from hikeshi.actions.aws.recorder import Recorder
from hikeshi.actions.aws.world import AwsSettings, AwsWorld, partition_of
from hikeshi.aws.buckets import SHARED, Urgency
from hikeshi.aws.sessions import Entry, named
from hikeshi.aws.together import TOGETHER
from hikeshi.desk.clouds.models import Account
from hikeshi.desk.clouds.verbs import account_for, protected_patterns
from hikeshi.desk.runs import sharing
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.errors import Refused

log = logging.getLogger(__name__)
PARTS_OF_AN_ARN: Final = 6


def world_of(step: Step, recorder: Recorder) -> AwsWorld:
    """The world for one step: its account and region, how they are entered, what is never touched there, and the incident's saved plans.

    Raises `Refused` for an account that is not registered, and for a region that is not one of its regions.
    """
    environment = settings.ENVIRONMENT
    number, region = _place(step)
    account = account_for(number)
    if account and account.regions and region not in account.regions:
        raise Refused(f"{region} is not a region in which {account} is entered.", hint="Add it to the account.")
    bucket = (account and account.evidence_bucket) or environment.evidence_bucket
    sharing.look(now=True)
    return AwsWorld(
        incident=step.run.incident.name,
        step=f"{step.run.incident.name}/{step.run_id}/{step.key}",
        account=number,
        region=region,
        record=recorder,
        endpoint_url=environment.aws_endpoint_url or None,
        settings=AwsSettings(evidence_bucket=bucket, protected=protected_patterns(account)),
        earlier=lambda: [plan_of(other) for other in _earlier(step)],
        buckets=SHARED,
        urgency=urgency_of(step),
        together=TOGETHER,
        reading=_reading(account) if account else None,
        changing=_changing(step, account, region, bucket) if account else None,
    )


def _place(step: Step) -> tuple[str, str]:
    """Account and region: of the resource where its name says so, else of the alert, else as set."""
    facts = step.run.facts
    account, region = facts.get("alert.account", ""), facts.get("alert.region", "")
    for value in step.inputs.values():
        parts = value.split(":", PARTS_OF_AN_ARN - 1) if isinstance(value, str) and value.startswith("arn:") else []
        if len(parts) == PARTS_OF_AN_ARN and (parts[4] == "" or parts[4].isdigit()):
            return parts[4] or account, parts[3] or region or settings.ENVIRONMENT.aws_region
    return account, region or settings.ENVIRONMENT.aws_region


def _reading(account: Account) -> Entry | None:
    """Who reads: one session for all steps of the account, so that they can read together."""
    if not account.read_role:
        return None
    return Entry(role=account.read_role, session="hikeshi-read", external_id=account.external_id)


def _changing(step: Step, account: Account, region: str, bucket: str) -> Entry | None:
    """Who changes: the role that the effect asks for, under the incident's and the approver's names, narrowed to the plan."""
    kind = ACTIONS[step.action]
    role = account.roles[role_of(kind)]
    if not role:
        return None
    plan = plan_of(step) if step.plan else None
    limits = narrowed(kind, plan, account=account.number, region=region, bucket=bucket, partition=partition_of(region))
    if limits.width != "resources":
        log.warning("the session of step %s is narrowed to %s only: its policy would be too long", step, limits.width)
    yes = step.approvals.filter(plan_digest=step.plan_digest).order_by("pk").first()
    return Entry(
        role=role, session=named(f"{step.run.incident.name}-{step.run_id}-{step.key}"), external_id=account.external_id,
        source_identity=named(yes.by) if yes else "hikeshi", policy=limits.text,
    )  # fmt: skip


def urgency_of(step: Step) -> Urgency:
    """Who goes first where requests are short: what cuts a network off, then every other containment, then the rest."""
    kind = ACTIONS[step.action]
    if kind.effect != "contain":
        return Urgency.REST
    return Urgency.NETWORK if ".network." in kind.__module__ else Urgency.PROTECTION


def _earlier(step: Step) -> list[Step]:
    """The incident's other steps that have a plan: one action may need the state another has saved."""
    return list(Step.objects.filter(run__incident=step.run.incident).exclude(pk=step.pk).exclude(plan=""))
