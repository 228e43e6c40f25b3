"""How preflight enters an account: the places to ask in, and a world in each role."""

from __future__ import annotations

from django.conf import settings

from hikeshi.actions.aws.policy import Role
from hikeshi.actions.aws.preflight.question import Place
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsSettings, AwsWorld
from hikeshi.aws.buckets import SHARED
from hikeshi.aws.sessions import Entry
from hikeshi.desk.clouds.models import Account

PREFLIGHT = "preflight"


def places_of(account: Account, *, region: str = "") -> list[Place]:
    """One for each of its regions, or only `region`; an account without regions is asked about in the environment's."""
    environment = settings.ENVIRONMENT
    return [
        Place(
            account=account.number,
            region=name,
            roles={role: arn for role, arn in account.roles.items() if arn},
            external_id=account.external_id,
            evidence_bucket=account.evidence_bucket or environment.evidence_bucket,
            evidence_key=account.evidence_key,
            queue_url=environment.queue_url,
        )
        for name in ([region] if region else account.regions or [environment.aws_region])
    ]


def enter(place: Place, role: Role | None) -> AwsWorld:
    """A world that is only read from: its recorder is dropped, and nothing is ever changed in it. It waits behind every containment."""
    arn = place.roles.get(role, "") if role else ""
    return AwsWorld(
        incident=PREFLIGHT,
        step=f"{PREFLIGHT}/{place.account}",
        account=place.account,
        region=place.region,
        record=ListRecorder(),
        endpoint_url=settings.ENVIRONMENT.aws_endpoint_url or None,
        settings=AwsSettings(evidence_bucket=place.evidence_bucket),
        buckets=SHARED,
        reading=Entry(role=arn, session=f"hikeshi-{PREFLIGHT}", external_id=place.external_id) if arn else None,
    )
