"""Somebody calling the API with a token, and a plan to be approved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client

from hikeshi.actions.action import Call, Plan
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents.models import Incident
from hikeshi.text import Text

ROOT = "/api/v1"
SYSTEM = system("Hikeshi", "worker")


@dataclass
class Caller:
    """Somebody with a token, calling."""

    person: Person
    token: str

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        answer: HttpResponse = getattr(Client(), method)(f"{ROOT}{path}", headers=headers, **more)
        return answer

    def get(self, path: str, status: int = 200) -> Any:
        return self._json(self("get", path), status)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self._json(self("post", path, {} if body is None else body), status)

    @staticmethod
    def _json(answer: HttpResponse, status: int) -> Any:
        assert answer.status_code == status, answer.content
        return json.loads(answer.content)


def as_actor(caller: Caller) -> Actor:
    return accounts.actor_of(caller.person, "console")


def plan(incident: Incident, made_at: datetime | None = None) -> Plan:
    now = made_at or datetime.now(UTC)
    call = Call(
        "ec2.ModifyNetworkInterfaceAttribute", {"Groups": ["sg-1"]}, Text("Swap the groups.", "グループを差し替える。")
    )
    return Plan(
        action="aws.ec2.isolate", inputs={"instance_id": "i-0123456789abcdef0"}, incident=incident.name, made_at=now,
        expires_at=now + timedelta(hours=1), resources=("i-0123456789abcdef0",), calls=(call,),
        before={"groups": ["sg-web"]}, after={"groups": ["sg-1"]},
        will_not_stop=(Text("Sessions already stolen.", "すでに盗まれたセッション。"),),
    )  # fmt: skip
