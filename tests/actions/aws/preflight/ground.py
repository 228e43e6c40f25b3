"""An account that is ready, and asking it one question."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from actions.account import ACCOUNT, BUCKET, REGION, Cloud
from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.policy import Role, names_of
from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Answer, Ground, Place
from hikeshi.actions.aws.role_policies import documents
from hikeshi.actions.aws.world import AwsWorld

ROLES: tuple[Role, ...] = ("read", "acquire", "contain", "eradicate")
EXTERNAL_ID = "hikeshi-7f3a"
KINDS = tuple(ACTIONS.values())


class Account:
    """The simulated account as preflight meets it; `used` are the permissions its worlds have used."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.place = Place(account=ACCOUNT, region=REGION, evidence_bucket=BUCKET, external_id=EXTERNAL_ID)
        self.worlds: list[AwsWorld] = []
        self.ahead = timedelta()

    @property
    def used(self) -> set[str]:
        return {permission for world in self.worlds for permission in world.used}

    def enter(self, place: Place, role: Role | None) -> AwsWorld:
        world = self.cloud.world(account=place.account, region=place.region)
        world.ahead = self.ahead
        self.worlds.append(world)
        return world

    def ground(self, *actions: str, **changes: Any) -> Ground:
        place = Place(**{**{name: getattr(self.place, name) for name in Place.__struct_fields__}, **changes})
        return Ground(
            place=place, enter=self.enter, actions=tuple(ACTIONS[name] for name in actions) if actions else KINDS
        )

    def ask(self, question: str, *actions: str, **changes: Any) -> list[Answer]:
        return list(QUESTIONS[question].ask(self.ground(*actions, **changes)))

    def role(self, role: Role, **more: Any) -> str:
        """A role with the policies as generated; its ARN."""
        iam = self.cloud.client("iam")
        outside = {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Condition": outside}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = str(iam.create_role(RoleName=f"hikeshi-{role}", AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"])
        names = names_of(account=ACCOUNT, bucket=BUCKET)
        for number, document in enumerate(documents(role, KINDS, names)):
            # The roots of accounts, a resource of sts:AssumeRoot, are a mistake in the eyes of the simulation.
            text = json.dumps(document).replace("arn:aws:iam::*:root", "*")
            policy = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=text)
            iam.attach_role_policy(RoleName=f"hikeshi-{role}", PolicyArn=policy["Policy"]["Arn"])
        return arn


def verdicts(answers: list[Answer]) -> dict[str, str]:
    """Resource, or else action, to its answer."""
    return {answer.resource or answer.action: answer.answer for answer in answers}
