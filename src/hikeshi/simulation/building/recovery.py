"""What the actions in `actions/aws/recovery/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hikeshi.simulation.account import ACCOUNT, REGION, Account

INVOICES = "example-invoices"


def destroyed(account: Account) -> dict[str, Any]:
    """A bucket with versions: one object deleted and one overwritten since a moment, one untouched, one new."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=INVOICES, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=INVOICES, VersioningConfiguration={"Status": "Enabled"})
    for name in ("deleted", "encrypted", "untouched"):
        s3.put_object(Bucket=INVOICES, Key=f"2026/{name}.pdf", Body=name.encode())
    _age(INVOICES)
    s3.delete_object(Bucket=INVOICES, Key="2026/deleted.pdf")
    s3.put_object(Bucket=INVOICES, Key="2026/encrypted.pdf", Body=b"\x00" * 32)
    s3.put_object(Bucket=INVOICES, Key="2026/ransom-note.txt", Body=b"pay")
    return {"bucket": INVOICES, "as_of": (datetime.now(UTC) - timedelta(minutes=30)).isoformat(), "unlocked": True}


def _age(bucket: str) -> None:
    """Everything in the bucket is an hour old: S3 tells the age of a version in whole seconds."""
    from moto.s3.models import s3_backends  # moto cannot do it over HTTP

    for _, version in s3_backends[ACCOUNT]["aws"].buckets[bucket].keys.iteritems():
        version.last_modified -= timedelta(hours=1)


def to_release(account: Account) -> dict[str, Any]:
    return {"instance_id": account.machine(1).id, "without_evidence": "a test machine without data"}
