"""Code that is kept: every file as AWS has it, held against the hash that AWS tells, and carried on by another worker."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actions.account import BUCKET, Cloud, running_cloud
from hikeshi.actions import action
from hikeshi.actions.aws.acquisition.download import downloaded
from hikeshi.actions.aws.acquisition.evidence_folder import PART, EvidenceFolder
from hikeshi.actions.aws.acquisition.image_parts import image_of
from hikeshi.errors import Refused
from hikeshi.simulation.building.data import layered_function, pushed_image
from hikeshi.text import Text


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with running_cloud(quickly=True) as cloud:
        yield cloud


@pytest.fixture
def account(running: Cloud) -> Cloud:
    running.reset()
    running.bucket()
    return running


def kept(account: Cloud) -> dict[str, bytes]:
    s3 = account.client("s3")
    listed = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    return {key.rpartition("/")[2]: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in listed}


def acquire(account: Cloud, name: str, inputs: dict[str, Any]) -> Any:
    made, world = action(name, inputs), account.world()
    return made.do(world, made.plan(world))


def test_every_version_of_a_function_is_kept_as_it_is(account: Cloud) -> None:
    told = acquire(account, "aws.lambda.acquire_code", layered_function(account))
    files = kept(account)
    assert told.outcome == "done"
    texts = {
        name: zipfile.ZipFile(io.BytesIO(files[name])).read("a.py")
        for name in files
        if name.startswith("version-") and name.endswith(".zip")
    }
    assert texts == {"version-LATEST.zip": b"b = exec", "version-1.zip": b"b = print"}
    assert zipfile.ZipFile(io.BytesIO(files["layer-1.zip"])).namelist() == ["tools.py"]
    assert b"hikeshi-sim" not in b"".join(body for name, body in files.items() if name.endswith((".json", ".note")))
    for one in told.observed["files"]:
        assert hashlib.sha256(files[one["name"]]).hexdigest() == one["sha256"]


def test_every_part_of_an_image_is_named_by_its_digest(account: Cloud) -> None:
    assert acquire(account, "aws.ecr.acquire_image", pushed_image(account)).outcome == "done"
    named = {
        name: body
        for name, body in kept(account).items()
        if name.startswith(("blob-", "manifest-")) and not name.endswith(".note")
    }
    assert len(named) == 4
    assert all(hashlib.sha256(body).hexdigest() in name for name, body in named.items())


def test_a_file_with_another_hash_than_aws_tells_is_kept_and_said(account: Cloud) -> None:
    inputs = layered_function(account)
    made, world = action("aws.lambda.acquire_code", inputs), account.world()
    plan, read = made.plan(world), world.read

    def altered(service: str, operation: str, **asked: Any) -> dict[str, Any]:
        told = read(service, operation, **asked)
        if operation == "GetFunction":
            told["Configuration"]["CodeSha256"] = "AAAA"
        return told

    world.read = altered  # type: ignore[method-assign,assignment]  # code that changes between two calls
    told = made.do(world, plan)
    assert told.outcome == "partial"
    assert "version-1.zip does not have the hash" in " ".join(one.en for one in told.still_open)


def test_what_is_long_goes_up_in_parts_and_what_is_empty_as_one(account: Cloud) -> None:
    folder, why = EvidenceFolder(account.world(), "long"), Text(en="-", ja="-")
    body = b"0123456789abcdef" * (PART // 16) + b"end"
    assert folder.stream("long", iter([body[: PART - 1], body[PART - 1 :]]), why) == (
        hashlib.sha256(body).hexdigest(),
        len(body),
    )
    assert folder.stream("empty", iter([]), why) == (hashlib.sha256(b"").hexdigest(), 0)
    assert {name: len(one) for name, one in kept(account).items()} == {"long": len(body), "empty": 0}


def test_nothing_is_fetched_from_elsewhere_than_aws(account: Cloud) -> None:
    for address in ("http://198.51.100.7/code.zip", "file:///etc/passwd"):
        with pytest.raises(Refused, match="not HTTPS"):
            next(downloaded(account.world(), address, 10))


def test_a_download_has_a_bound(account: Cloud) -> None:
    layered_function(account)
    told = account.world().read("lambda", "GetFunction", FunctionName="order-intake", Qualifier="$LATEST")
    with pytest.raises(Refused, match="longer than 5 bytes"):
        list(downloaded(account.world(), told["Code"]["Location"], 5))


@pytest.mark.parametrize(
    ("reference", "repository", "which"),
    [
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1", "shop/web", {"imageTag": "1"}),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web", "web", {"imageTag": "latest"}),
        (
            "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/web@sha256:" + "ab" * 32,
            "web",
            {"imageDigest": "sha256:" + "ab" * 32},
        ),
    ],
)
def test_the_image_of_a_container_is_found_in_its_reference(
    reference: str, repository: str, which: dict[str, str]
) -> None:
    image = image_of(reference)
    assert image is not None
    assert (image.repository, image.id) == (repository, which)
    assert image_of("docker.io/library/nginx:1") is None
    assert msgspec.to_builtins(image_of(reference, "sha256:" + "cd" * 32))["id"] == {
        "imageDigest": "sha256:" + "cd" * 32
    }
