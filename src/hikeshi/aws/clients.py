"""SDK clients, built once per process: building the first one costs about half a second, using it again nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

_building = threading.Lock()


class Keys(NamedTuple):
    """Temporary keys of a session. Secret: its text shows none of it."""

    access: str
    secret: str
    token: str

    def __repr__(self) -> str:
        return f"Keys({self.access[:4]}...)"


def client(
    service: str,
    region: str,
    endpoint_url: str | None,
    read_timeout: float,
    *,
    attempts: int = 1,
    keys: Keys | None = None,
) -> Any:
    """The client for one service and region; clients are safe to share between threads, building them is not.

    With `endpoint_url` (a simulated account) the keys are dummies, so real credentials never reach a simulator. The SDK
    itself never sends a call twice: its retries do not know whether a call changes something, so `AwsWorld` decides. Who only
    reads says how many `attempts` it may make. `keys` of a session; without them the process's own credentials.
    """
    with _building:
        return _client(service, region, endpoint_url, read_timeout, attempts, keys)


@lru_cache(maxsize=512)
def _client(
    service: str, region: str, endpoint_url: str | None, read_timeout: float, attempts: int, keys: Keys | None
) -> Any:
    simulated = endpoint_url is not None
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        signature_version="s3v4" if service == "s3" else None,
        # Regional host names: a signed URL with the global name is redirected, and the host's curl must not follow.
        s3={"addressing_style": "path" if simulated else "virtual"},
        max_pool_connections=64,  # blocks of an image are read by many threads at once
        request_checksum_calculation="when_required",
        user_agent_extra="hikeshi",
    )
    if keys is None and simulated:
        keys = Keys("simulated", "simulated", "")
    signed = {"aws_access_key_id": keys.access, "aws_secret_access_key": keys.secret} if keys else {}
    if keys and keys.token:
        signed["aws_session_token"] = keys.token
    build: Any = _session().client  # the stubs know one overload per service; here the name is a value
    made = build(service, region_name=region or None, endpoint_url=endpoint_url, config=config, **signed)
    if service == "s3control" and endpoint_url is not None:
        made.meta.events.register("before-sign.s3control", partial(_at, endpoint_url))
    return made


def _at(endpoint_url: str, request: Any, **_: Any) -> None:
    """S3 Control puts the account's number into the host name, where no simulator is: the account is in a header as well."""
    request.url = urlsplit(request.url)._replace(netloc=urlsplit(endpoint_url).netloc).geturl()


@lru_cache(maxsize=1)
def _session() -> boto3.session.Session:
    return boto3.session.Session()


def warm(services: Iterable[str], region: str, endpoint_url: str | None, read_timeout: float) -> None:
    """Build the clients before they are needed: half a second now instead of in the middle of a containment."""
    for service in services:
        client(service, region, endpoint_url, read_timeout)
