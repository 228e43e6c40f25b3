"""Copies as objects in S3, one for each checkpoint, never written twice.

    s3://bucket/prefix                          the bucket's own Object Lock rule applies, where it has one
    s3://bucket/prefix?mode=compliance&days=365 retention of our own; the bucket must have Object Lock

In compliance mode nobody can delete the object before its date, not even the account's owner; governance mode yields to a permission.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from hikeshi.aws.reach import Reach
from hikeshi.errors import Failed, Refused

SECONDS: Final = 15.0
ATTEMPTS: Final = 3
DAYS_LIMIT: Final = 36_500


def put_note(place: str, name: str, text: str, reach: Reach) -> str:
    """Put the note under the prefix, if nothing is there. The receipt names the version and until when it is locked.

    Raises `Failed` when S3 does not take it, or holds something else under that name; `Refused` for an address not understood.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # half a second, only where copies go to S3

    from hikeshi.aws.clients import client
    from hikeshi.aws.failures import translate

    bucket, key, retention = _address(place, name)
    s3 = client("s3", reach.region, reach.endpoint_url, SECONDS, attempts=ATTEMPTS)
    try:
        try:
            s3.put_object(
                Bucket=bucket, Key=key, Body=text.encode(), ContentType="text/plain; charset=utf-8",
                IfNoneMatch="*", ChecksumAlgorithm="SHA256", **retention,
            )  # fmt: skip
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "PreconditionFailed":
                raise
        return _receipt(s3.get_object(Bucket=bucket, Key=key), place, key, text)
    except (BotoCoreError, ClientError) as error:
        failure = translate(error, "s3:PutObject", changing=False)
        hint = (
            failure.hint
            or "Check the bucket, its Object Lock and our rights (s3:PutObject, s3:PutObjectRetention, s3:GetObject)."
        )
        raise Failed(f"{place}: {failure.message}", permanent=failure.permanent, hint=hint) from error


def _receipt(found: Any, place: str, key: str, text: str) -> str:
    """Read back what is there: a receipt for bytes nobody has looked at would prove nothing."""
    with found["Body"] as body:
        if body.read(len(text.encode()) + 1) != text.encode():
            raise Failed(f"{place} holds something else as {key}.", hint="Who wrote it? Nothing was overwritten.")
    said = f"version {found.get('VersionId', 'none')}"
    if "ObjectLockRetainUntilDate" in found:
        until = found["ObjectLockRetainUntilDate"].astimezone(UTC)
        return f"{said}, {found['ObjectLockMode'].lower()} until {until:%Y-%m-%dT%H:%M:%SZ}"
    return f"{said}, not locked"


def _address(place: str, name: str) -> tuple[str, str, dict[str, Any]]:
    """Bucket, key, and the retention asked for."""
    parts = urlsplit(place)
    asked = dict(parse_qsl(parts.query))
    mode, days = asked.pop("mode", ""), asked.pop("days", "")
    fits = (
        bool(parts.netloc)
        and not asked
        and (
            mode in {"compliance", "governance"} and days.isdecimal() and 0 < int(days) <= DAYS_LIMIT
            if mode or days
            else True
        )
    )
    if not fits:
        raise Refused(
            f"{place} is not understood.", hint="s3://bucket/prefix or s3://bucket/prefix?mode=compliance&days=365"
        )
    prefix = parts.path.strip("/")
    key = f"{prefix}/{name}" if prefix else name
    if not mode:
        return parts.netloc, key, {}
    until = datetime.now(UTC) + timedelta(days=int(days))
    return parts.netloc, key, {"ObjectLockMode": mode.upper(), "ObjectLockRetainUntilDate": until}
