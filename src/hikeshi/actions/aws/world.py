"""The AWS world: where AWS actions look and act, on behalf of one step of one incident."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import msgspec
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from hikeshi.actions.action import Call, Plan
from hikeshi.actions.aws.recorder import Recorder, Settled, without_secrets
from hikeshi.aws import kubernetes
from hikeshi.aws.buckets import Buckets, Urgency
from hikeshi.aws.clients import Keys, client
from hikeshi.aws.failures import THROTTLED, CallFailed, NoAnswer, translate
from hikeshi.aws.presigning import like
from hikeshi.aws.rates import api
from hikeshi.aws.sessions import SESSIONS, Entry
from hikeshi.aws.together import BY_VALUE, Together
from hikeshi.errors import Refused
from hikeshi.pace import AWS, part
from hikeshi.text import Text

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each repeat of a call that AWS has refused for now (at most; the real pause is between half and all of it)."""

SECONDS_PER_CALL = 0.5
"""A cautious guess for one call on AWS, for `Plan.estimate_seconds`."""

FRESH = 2.0
"""Seconds for which a list that was read back may stand as proof (`AwsWorld.proving`)."""

_MARKERS = {
    "elb": ("Marker", "NextMarker"),
    "elbv2": ("Marker", "NextMarker"),
    "iam": ("Marker", "Marker"),
    "logs": ("nextToken", "nextToken"),
    "rolesanywhere": ("nextToken", "nextToken"),
    "s3": ("ContinuationToken", "NextContinuationToken"),
}
_IAM_PREFIX = {
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "sso-admin": "sso",
}
_IAM_NAME = {
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:CopyObject": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:UploadPart": "s3:PutObject",
    "s3control:DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3control:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}


def permission_for(service: str, operation: str) -> str:
    """The IAM permission a call needs: `permission_for("s3", "HeadObject") == "s3:GetObject"`."""
    name = f"{_IAM_PREFIX.get(service, service)}:{operation}"
    return _IAM_NAME.get(name, name)


HOMES = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where the services that have no region are answered, by partition (AWS General Reference, service endpoints)."""
GLOBAL = frozenset({"cloudfront", "iam", "organizations", "route53"})


def partition_of(region: str) -> str:
    """`partition_of("cn-north-1") == "aws-cn"`."""
    return next(
        (name for name in ("aws-cn", "aws-us-gov") if region.startswith(name.removeprefix("aws-") + "-")), "aws"
    )


def home_region(service: str, region: str) -> str:
    """The region in which a service is asked on behalf of `region`."""
    return HOMES[partition_of(region)] if service in GLOBAL else region


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the organisation has set for one account. Nothing here is a secret."""

    evidence_bucket: str = ""
    """Where memory images go; empty means none is set up, and memory cannot be captured."""
    evidence_prefix: str = "hikeshi"
    memory_tool_sha256: str = ""
    """What the memory tool on the hosts must hash to; empty means it is recorded and not compared."""
    protected: tuple[str, ...] = ()
    """What no action ever changes, by id, name or ARN, with * and ?: our own infrastructure, the log collector, break-glass roles."""
    plan_minutes: int = 15
    """How long a plan stays valid."""
    read_timeout_seconds: float = 20.0


class AwsWorld:
    """Implements `hikeshi.actions.action.World`. One object per step; not shared between threads.

    `simulated` is true exactly when `endpoint_url` is given. `earlier` are the saved plans of this incident, so that an
    action can use the state another one has saved (saved state is believed only from plans). With `buckets` each call waits for
    its turn before it is sent; `urgency` says who goes first. With `together` lists are read for all who ask at the same time.
    `reading` and `changing` say in which role each is done; without them with the credentials of the process.
    """

    def __init__(
        self,
        *,
        incident: str,
        step: str,
        account: str,
        region: str,
        record: Recorder,
        endpoint_url: str | None = None,
        settings: AwsSettings | None = None,
        earlier: Sequence[Plan] | Callable[[], Sequence[Plan]] = (),
        sleep: Callable[[float], None] = time.sleep,
        buckets: Buckets | None = None,
        urgency: Urgency = Urgency.REST,
        together: Together | None = None,
        reading: Entry | None = None,
        changing: Entry | None = None,
    ) -> None:
        self.incident = incident
        self.step = step
        self.account = account
        self.region = region
        self.record = record
        self.endpoint_url = endpoint_url
        self.simulated = endpoint_url is not None
        self.settings = settings or AwsSettings()
        self._earlier = earlier
        self.cloud_seconds = 0.0
        self.waited_seconds = 0.0
        """Spent waiting for our own turn, which is no time of the cloud's."""
        self.used: set[str] = set()
        """IAM permissions used so far."""
        self.sent: list[Call] = []
        """Changing calls sent so far, without secrets."""
        self._keys: Keys | None = None
        self._sleep = sleep
        self._buckets = buckets
        self._urgency = urgency
        self._together = together
        self._reading, self._changing = reading, changing
        self._entry = reading
        self._told: dict[str, tuple[float, list[dict[str, Any]]]] = {}
        self._proving = False
        self._clusters: dict[tuple[str, str], dict[str, Any]] = {}

    def now(self) -> datetime:
        return datetime.now(UTC)

    @cached_property
    def earlier(self) -> tuple[Plan, ...]:
        """The saved plans of this incident, read only when an action asks: an incident may have hundreds."""
        return tuple(self._earlier() if callable(self._earlier) else self._earlier)

    @cached_property
    def caller(self) -> str:
        """The ARN of who we are in this account, as STS tells it."""
        return str(self.read("sts", "GetCallerIdentity")["Arn"])

    @contextmanager
    def as_root(self, account: str, task: str) -> Iterator[None]:
        """Make the calls inside as the root user of a member account, with the permissions of a task and not our own.

        STS API Reference, AssumeRoot. Inside ask with `read`, not `pages`: what many ask together is asked with our own credentials.
        """
        outer, self._keys = self._keys, None
        policy = {"arn": f"arn:{self.caller.split(':')[1]}:iam::aws:policy/root-task/{task}"}
        try:
            told = self.read("sts", "AssumeRoot", TargetPrincipal=account, TaskPolicyArn=policy, DurationSeconds=900)
            keys = told["Credentials"]
            self._keys = Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            yield
        finally:
            self._keys = outer

    @contextmanager
    def elsewhere(self, region: str) -> Iterator[None]:
        """Make the calls inside in another region of the account."""
        outer, self.region = self.region, region
        try:
            yield
        finally:
            self.region = outer

    @property
    def plan_minutes(self) -> int:
        return self.settings.plan_minutes

    def pause(self, seconds: float) -> None:
        """Wait for AWS to see what it was just told."""
        self._told.clear()
        self._sleep(seconds)

    @contextmanager
    def proving(self) -> Iterator[None]:
        """Within, where nothing is changed, a list is not asked for again that AWS has told since our last call that changed something.

        For the check that follows an action at once: the action has read back what it did, and that is the proof. Never older than `FRESH`.
        """
        self._proving = True
        try:
            yield
        finally:
            self._proving = False

    def guard(self, resources: Iterable[str]) -> None:
        """Raises `Refused` naming the resource and the line of the register that protects it."""
        for resource in resources:
            for pattern in self.settings.protected:
                if fnmatchcase(resource, pattern):
                    hint = "`hikeshi cloud protected` shows what protects it; change it there if that is wrong."
                    raise Refused(f"{resource} is protected ({pattern}) and is never touched.", hint=hint)

    def estimate(self, calls: Sequence[Call], *, at_once: int = 1) -> float:
        """How long these calls will take, in seconds: the turns they wait for, as the buckets stand now, and the calls themselves.

        `at_once`: over so many steps beside each other, as in mass work.
        """
        calls = [call for call in calls if not call.seldom]
        return self._turns(calls) + len(calls) / max(1, at_once) * SECONDS_PER_CALL

    def _turns(self, calls: Sequence[Call]) -> float:
        if self._buckets is None:
            return 0.0
        named = [(*call.operation.partition(":"), call.params) for call in calls]
        wanted = [api(service, operation, params) for service, _, operation, params in named]
        return self._buckets.seconds(self._place, wanted, self._urgency)

    def send(self, call: Call, *, eventually: tuple[str, ...] = ()) -> dict[str, Any]:
        """`change`, for a call that is already written in a plan ("ec2:CreateTags")."""
        service, operation = call.operation.split(":")
        return self.change(service, operation, call.why, eventually=eventually, **call.params)

    def read(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        """One reading call ("ec2", "DescribeVolumes"); repeated within bounds when throttled or lost. Raises `CallFailed`."""
        self._turn(service, operation, params)
        return self._send(service, operation, params, changing=False)

    def pages(self, service: str, operation: str, items: str, /, **params: Any) -> Iterator[dict[str, Any]]:
        """Every element of the list `items` over all pages; only an absent token ends, an empty page does not."""
        key, now = f"{service}:{operation} {items} {sorted(params.items())}", time.monotonic()
        if self._proving and key in self._told and now - self._told[key][0] < FRESH:
            return iter(self._told[key][1])
        if self._together is None:
            return self._pages(service, operation, items, params)
        told = self._asked_together(service, operation, items, params)
        if self._keys is None:
            self._told[key] = now, told
        return iter(told)

    def _pages(
        self, service: str, operation: str, items: str, params: Mapping[str, Any], *, turn: bool = True
    ) -> Iterator[dict[str, Any]]:
        asked, told = _MARKERS.get(service, ("NextToken", "NextToken"))
        if turn:
            self._turn(service, operation, params)
        answer = self._send(service, operation, dict(params), changing=False)
        yield from answer.get(items, ())
        while token := answer.get(told):
            answer = self.read(service, operation, **{**params, asked: token})
            yield from answer.get(items, ())

    def _asked_together(
        self, service: str, operation: str, items: str, params: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        assert self._together is not None  # noqa: S101  asked by `pages` only
        filters = params.get("Filters", ())
        name = filters[0].get("Name", "") if len(params) == len(filters) == 1 else ""
        by_value = BY_VALUE.get((service, operation, name))
        values = filters[0]["Values"] if by_value else ()
        key = (self._place, self._reading, service, operation, name if by_value else repr(sorted(params.items())))
        self.used.add(permission_for(service, operation))
        before, began = self.cloud_seconds + self.waited_seconds, time.monotonic()

        def send(wanted: list[str]) -> list[dict[str, Any]]:
            now = {"Filters": [{"Name": name, "Values": wanted}]} if by_value else params
            return list(self._pages(service, operation, items, now, turn=False))

        told = self._together.ask(
            key, values, lambda: self._turn(service, operation, params), send, lambda: self._linger(0)
        )
        self.waited_seconds += time.monotonic() - began - (self.cloud_seconds + self.waited_seconds - before)
        return [one for item in told for value, one in by_value(item) if value in values] if by_value else told

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """What steps of one process share in the account, such as a group in a VPC, is made by one of them at a time."""
        if self._together is None:
            yield
            return
        with self._together.alone((self._place, what), lambda: self._linger(0)):
            yield

    def change(
        self, service: str, operation: str, why: Text, /, *, eventually: tuple[str, ...] = (), **params: Any
    ) -> dict[str, Any]:
        """One changing call, written down before it is sent and after it is answered.

        Repeated only where AWS has certainly not carried it out: throttled, never connected, or an error code named in
        `eventually` (a thing just created that AWS does not see yet). Raises `CallFailed`, and `NoAnswer` where it was sent
        and the outcome is open.
        """
        told = without_secrets(params)
        self._turn(service, operation, params)  # before the intent: a worker that dies in the line has sent nothing
        ref = self.record.intend(f"{service}:{operation}", told)
        self._told.clear()
        self.sent.append(Call(operation=f"{service}:{operation}", params=told, why=why))
        before = self.cloud_seconds
        try:
            answer = self._send(service, operation, params, changing=True, eventually=eventually)
        except CallFailed as failure:
            outcome: Settled = "unknown" if isinstance(failure, NoAnswer) else "failed"
            self.record.settle(
                ref, outcome, failure.request_id, self.cloud_seconds - before, without_secrets(str(failure))
            )
            raise
        request_id = str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
        self.record.settle(ref, "done", request_id, self.cloud_seconds - before, "")
        return answer

    def presigned(self, operation: str, seconds: int, **params: Any) -> str:
        """A signed S3 URL, valid for `seconds` (or until the signing session ends). A secret: never recorded as it is."""
        self.used.add(permission_for("s3", operation))
        self._entry = self._changing  # what is signed here is done under it
        url: str = self._client("s3").generate_presigned_url(xform_name(operation), Params=params, ExpiresIn=seconds)
        return url

    def presigned_each(
        self, operation: str, seconds: int, name: str, values: Sequence[int], **params: Any
    ) -> list[str]:
        """The same for many calls that differ in the parameter `name` of the query only, such as the parts of an upload (`PartNumber`)."""
        first = [self.presigned(operation, seconds, **params, **{name: value}) for value in values[:1]]
        signing = self._client("s3")
        method = signing.meta.service_model.operation_model(operation).http["method"]
        secret = signing._get_credentials().secret_key  # noqa: SLF001 - what it signs with, kept nowhere
        written = name[:1].lower() + name[1:]
        urls = like(first[0], method, secret, written, [str(value) for value in values]) if first else []
        return urls or [self.presigned(operation, seconds, **params, **{name: value}) for value in values]

    @property
    def _place(self) -> str:
        return f"{self.endpoint_url or ''} {self.account} {self.region}"

    def _turn(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """Wait until this call may be sent, and say meanwhile that we are still here."""
        if self._buckets is not None:
            one = api(service, operation, params)
            self.waited_seconds += self._buckets.take(self._place, one, self._urgency, self._linger)

    def _linger(self, seconds: float) -> None:
        self.record.alive()
        self._sleep(seconds)

    def _client(self, service: str) -> Any:
        if service == kubernetes.SERVICE:
            seconds = self.settings.read_timeout_seconds
            return kubernetes.Api(self._cluster, self._sdk("sts"), simulated_at=self.endpoint_url, seconds=seconds)
        return self._sdk(service)

    def _sdk(self, service: str) -> Any:
        region, seconds = home_region(service, self.region), self.settings.read_timeout_seconds
        keys = self._keys
        if keys is None and self._entry is not None:
            keys = SESSIONS.keys(self._entry, region, self.endpoint_url, seconds)
        return client(service, region, self.endpoint_url, seconds, keys=keys)

    def _cluster(self, name: str) -> dict[str, Any]:
        """Where a cluster is, and who speaks for it; asked once."""
        place = self.region, name
        if place not in self._clusters:
            self._clusters[place] = self.read("eks", "DescribeCluster", name=name)["cluster"]
        return self._clusters[place]

    def _send(
        self, service: str, operation: str, params: dict[str, Any], *, changing: bool, eventually: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        for pause in PAUSES:
            try:
                return self._once(service, operation, params, changing=changing)
            except CallFailed as failure:
                for_now = not failure.permanent and not isinstance(failure, NoAnswer)
                if not for_now and failure.code not in eventually:
                    raise
            self.pause(pause * secrets.SystemRandom().uniform(0.5, 1.0))
            self._turn(service, operation, params)
        return self._once(service, operation, params, changing=changing)

    def _once(self, service: str, operation: str, params: dict[str, Any], *, changing: bool) -> dict[str, Any]:
        permission = permission_for(service, operation)
        if self._keys is None:
            self.used.add(permission)
        if "TagSpecifications" in params:
            self.used.add("ec2:CreateTags")
        self._entry = self._changing if changing else self._reading
        started = time.monotonic()
        try:
            with part(AWS, f"{service}:{operation}"):
                answer: dict[str, Any] = getattr(self._client(service), xform_name(operation))(**params)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            failure = translate(error, permission, changing=changing)
            if failure.code in THROTTLED and self._buckets is not None:
                self._buckets.refused(self._place, api(service, operation, params))
            raise failure from error
        finally:
            self.cloud_seconds += time.monotonic() - started
        return answer
