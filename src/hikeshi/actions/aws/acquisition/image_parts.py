"""The parts of a container image as a registry has them: manifest, configuration, layers, each named by its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import msgspec

from hikeshi.actions.aws.acquisition.download import downloaded
from hikeshi.actions.aws.acquisition.keep_parts import Part
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused

MOST: Final = 50 * 1024**3
"""Bytes of a layer: ECR takes 52 000 MiB."""
TYPES: Final = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
)
PERMISSIONS: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_PLACE: Final = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr[\w\-]*\.(?P<region>[\w\-]+)\.[\w.\-]+/(?P<name>[^:@]+)(:(?P<tag>[\w.\-]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image of ECR; `id` is what BatchGetImage takes, by digest where it is known."""

    account: str
    region: str
    repository: str
    id: dict[str, str]


def image_of(reference: str, digest: str = "") -> Image | None:
    """The image a container runs; None where it is not in ECR: `image_of("1111.dkr.ecr.eu-west-1.amazonaws.com/web:1")`."""
    fits = _PLACE.match(reference)
    if fits is None:
        return None
    known = digest or fits["digest"]
    which = {"imageDigest": known} if known else {"imageTag": fits["tag"] or "latest"}
    return Image(account=fits["account"], region=fits["region"], repository=fits["name"], id=which)


def image_parts(world: AwsWorld, image: Image) -> Iterator[Part]:
    """The manifest as it is, what it points to, and, where it is an index, the same of each image in it.

    Raises `Refused` where the registry does not have it any more.
    """
    which = {"registryId": image.account, "repositoryName": image.repository}
    told = world.read("ecr", "BatchGetImage", **which, imageIds=[image.id], acceptedMediaTypes=list(TYPES))
    if not told.get("images"):
        name = next(iter(image.id.values()))
        hint = "It may be deleted; the disk of the instance that ran it has its layers."
        raise Refused(f"The registry has no image {name} in {image.repository}.", hint=hint)
    text = str(told["images"][0]["imageManifest"]).encode()
    digest = str(told["images"][0]["imageId"].get("imageDigest", "")).removeprefix("sha256:")
    yield Part(f"manifest-{digest or hashlib.sha256(text).hexdigest()}.json", lambda: iter([text]), digest)
    manifest: dict[str, Any] = msgspec.json.decode(text)
    for one in manifest.get("manifests", ()):
        inner = msgspec.structs.replace(image, id={"imageDigest": str(one["digest"])})
        yield from image_parts(world, inner)
    for one in (*filter(None, [manifest.get("config")]), *manifest.get("layers", ())):
        yield Part(f"blob-{_bare(one)}", partial(_layer, world, which, str(one["digest"])), _bare(one))


def _bare(one: dict[str, Any]) -> str:
    return str(one["digest"]).removeprefix("sha256:")


def _layer(world: AwsWorld, which: dict[str, str], digest: str) -> Iterator[bytes]:
    """Its address is asked for when it is needed: it lasts an hour."""
    told = world.read("ecr", "GetDownloadUrlForLayer", **which, layerDigest=digest)
    return downloaded(world, str(told["downloadUrl"]), MOST)
