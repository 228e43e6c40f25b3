"""What can go wrong with one AWS call, translated once from the two exception families of the SDK."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from hikeshi.errors import Failed

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Refused for being too many, before anything was done: safe to send again."""

DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
"""The connection was never made, so nothing can have been carried out."""


class CallFailed(Failed):
    """One AWS call failed. `code` is AWS's error code or the SDK's exception name; `permission` is what the call needs."""

    def __init__(self, message: str, *, permission: str, code: str, permanent: bool = True, hint: str = "") -> None:
        super().__init__(message, permanent=permanent, hint=hint)
        self.permission = permission
        self.code = code
        self.request_id = ""


class NoAnswer(CallFailed):
    """A changing call was sent and no usable answer came: it may or may not have been carried out.

    Never permanent, and never a plain failure: read the world, then decide. Every `do` reads first, so repeating it is right.
    """


SdkError = ClientError | BotoCoreError | ResponseParserError
"""Everything the SDK raises on purpose; the parser's error belongs to neither family."""


def translate(error: SdkError, permission: str, *, changing: bool) -> CallFailed:
    """What the SDK raised, as a `CallFailed`; `changing` says whether a lost answer leaves the outcome open."""
    if isinstance(error, ClientError):
        failure = _answered(error, permission, changing=changing)
        failure.request_id = str(error.response.get("ResponseMetadata", {}).get("RequestId", ""))
        return failure
    return _unanswered(error, permission, changing=changing)


def _answered(error: ClientError, permission: str, *, changing: bool) -> CallFailed:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    said = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in THROTTLED:
        hint = "AWS limits calls per account and region; the step can be repeated."
        return CallFailed(
            f"{permission} was throttled ({code}).", permission=permission, code=code, permanent=False, hint=hint
        )
    if code in DENIED:
        hint = f"Grant {permission} to the role Hikeshi uses in this account, or lift the policy that denies it."
        return CallFailed(f"{permission} is not permitted: {said}", permission=permission, code=code, hint=hint)
    if status >= 500:
        return _lost(f"{permission} was answered with HTTP {status} ({code}).", permission, code, changing=changing)
    return CallFailed(f"{permission} was refused by AWS ({code}): {said}", permission=permission, code=code)


def _unanswered(error: BotoCoreError | ResponseParserError, permission: str, *, changing: bool) -> CallFailed:
    code = type(error).__name__
    if isinstance(error, NOT_SENT):
        hint = "Check the network path to the AWS endpoint; nothing was sent."
        return CallFailed(
            f"{permission} could not be sent: {error}", permission=permission, code=code, permanent=False, hint=hint
        )
    if isinstance(error, HTTPClientError):
        return _lost(f"{permission} was sent and not answered: {error}", permission, code, changing=changing)
    if isinstance(error, ResponseParserError):
        if changing:
            return _lost(f"{permission} was answered with something unreadable.", permission, code, changing=True)
        return CallFailed(f"{permission} was answered with something unreadable.", permission=permission, code=code)
    hint = "Check the credentials and the region given to Hikeshi."
    return CallFailed(f"{permission} could not be prepared: {error}", permission=permission, code=code, hint=hint)


def _lost(message: str, permission: str, code: str, *, changing: bool) -> CallFailed:
    kind = NoAnswer if changing else CallFailed
    hint = (
        "Whether it was carried out is open: read the state, then repeat the step."
        if changing
        else "The step can be repeated."
    )
    return kind(message, permission=permission, code=code, permanent=False, hint=hint)
