"""What the actions in `actions/aws/recovery/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from hikeshi.simulation.account import ACCOUNT, REGION, Account
from hikeshi.simulation.building import identity

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


USER_DATA = "#!/bin/sh\nsystemctl start shop\n"


def to_rebuild(account: Account) -> dict[str, Any]:
    """An instance with a role, a key pair and user data; and beside it an image of another host, older than the attack."""
    identity.role(account)
    account.ec2.create_key_pair(KeyName="operators")
    old = {"Arn": identity.profile(account, "web-profile", identity.ROLE)}
    machine = account.machine(1, IamInstanceProfile=old, KeyName="operators", UserData=USER_DATA)
    return {
        "instance_id": machine.id, "clean_before": a_while_ago(),
        "group_ids": [account.group(machine.vpc, "web-rebuilt")], "user_data_sha256": hashlib.sha256(USER_DATA.encode()).hexdigest(),
        **golden(account),
    }  # fmt: skip


def a_while_ago() -> str:
    """Half an hour: after the image was made, before anything else."""
    return (datetime.now(UTC) - timedelta(minutes=30)).isoformat(timespec="seconds")


def golden(account: Account) -> dict[str, Any]:
    """An image of a build host that is an hour old, and a profile with a role of its own."""
    image = account.ec2.create_image(InstanceId=account.machine(1).id, Name="golden")["ImageId"]
    _age_image(image)
    identity.role(account, "rebuilt-web")
    identity.profile(account, "rebuilt-web", "rebuilt-web")
    return {"image_id": image, "new_profile": "rebuilt-web"}


def _age_image(image: str) -> None:
    from moto.ec2.models import ec2_backends  # moto cannot do it over HTTP

    backend: Any = ec2_backends[ACCOUNT][REGION]
    backend.amis[image].creation_date -= timedelta(hours=1)
