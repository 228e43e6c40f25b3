"""Where a step acts: the account it is about, entered with no more rights than its plan needs."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.recorder import Recorder
from hikeshi.actions.aws.world import AwsSettings, AwsWorld
from hikeshi.aws.buckets import SHARED, Urgency
from hikeshi.aws.together import TOGETHER
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.errors import Refused


def world_of(step: Step, recorder: Recorder) -> AwsWorld:
    """The world for one step: its account and region, how they are entered, what is never touched there, and the incident's saved plans."""
    environment, facts = settings.ENVIRONMENT, step.run.facts
    account = facts.get("alert.account", "")
    if environment.aws_accounts and account not in environment.aws_accounts:
        raise Refused(
            f"The account {account or '(unknown)'} is not one that actions may touch.",
            hint="HIKESHI_AWS_ACCOUNTS lists those that are.",
        )
    SHARED.share_among(_processes())
    return AwsWorld(
        incident=step.run.incident.name,
        step=f"{step.run.incident.name}/{step.run_id}/{step.key}",
        account=account,
        region=facts.get("alert.region", environment.aws_region),
        record=recorder,
        endpoint_url=environment.aws_endpoint_url or None,
        settings=AwsSettings(evidence_bucket=environment.evidence_bucket, protected=environment.aws_protected),
        earlier=[plan_of(other) for other in _earlier(step)],
        buckets=SHARED,
        urgency=urgency_of(step),
        together=TOGETHER,
    )


def urgency_of(step: Step) -> Urgency:
    """Who goes first where requests are short: what cuts a network off, then every other containment, then the rest."""
    kind = ACTIONS[step.action]
    if kind.effect != "contain":
        return Urgency.REST
    return Urgency.NETWORK if ".network." in kind.__module__ else Urgency.PROTECTION


def _processes() -> int:
    """How many processes work on steps now, by the leases they hold: they share what the accounts allow."""
    held = Step.objects.filter(lease_until__gt=timezone.now()).values_list("lease_owner", flat=True)
    return len({owner.rpartition(":")[0] for owner in held})  # a worker is called host:process:number


def _earlier(step: Step) -> list[Step]:
    """The incident's other steps that have a plan: one action may need the state another has saved."""
    return list(Step.objects.filter(run__incident=step.run.incident).exclude(pk=step.pk).exclude(plan=""))
