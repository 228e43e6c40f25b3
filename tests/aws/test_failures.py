"""Both families of SDK errors, translated."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from hikeshi.aws.failures import DENIED, THROTTLED, NoAnswer, SdkError, translate


def answered(code: str, status: int = 400) -> ClientError:
    told = {
        "Error": {"Code": code, "Message": "made up"},
        "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": status},
    }
    return ClientError(told, "CreateTags")  # type: ignore[arg-type]  # the SDK's stubs want every header of an answer


@pytest.mark.parametrize("code", sorted(DENIED))
def test_denied_names_the_permission_and_is_permanent(code: str) -> None:
    failure = translate(answered(code, 403), "ec2:CreateTags", changing=True)
    assert failure.permanent
    assert failure.permission in failure.hint
    assert failure.request_id == "r-1"


@pytest.mark.parametrize("code", sorted(THROTTLED))
def test_throttled_was_not_carried_out(code: str) -> None:
    failure = translate(answered(code, 503), "ec2:CreateTags", changing=True)
    assert not failure.permanent
    assert not isinstance(failure, NoAnswer)


@pytest.mark.parametrize(
    "error", [answered("InternalError", 500), ReadTimeoutError(endpoint_url="http://x"), ResponseParserError("html")]
)
def test_a_lost_answer_is_unknown_only_where_something_may_have_changed(error: SdkError) -> None:
    assert isinstance(translate(error, "ec2:CreateTags", changing=True), NoAnswer)
    assert not isinstance(translate(error, "ec2:CreateTags", changing=False), NoAnswer)


def test_what_was_never_sent_is_never_unknown() -> None:
    failure = translate(ConnectTimeoutError(endpoint_url="http://x"), "ec2:CreateTags", changing=True)
    assert not isinstance(failure, NoAnswer)
    assert not failure.permanent


def test_missing_credentials_are_permanent() -> None:
    failure = translate(NoCredentialsError(), "ec2:CreateTags", changing=True)
    assert failure.permanent
    assert "credentials" in failure.hint
