"""Downloads of code, which moto only pretends to offer: packages of functions and their layers, layers of images, from the simulator itself.

Lambda API Reference, GetFunction and GetLayerVersionByArn; Amazon ECR API Reference, CompleteLayerUpload and GetDownloadUrlForLayer. Simplified: an address is not signed and does not expire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import msgspec

from hikeshi.simulation import cast
from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

DOWNLOADS: Final = "/hikeshi-sim/code"
PassOn = Callable[[], Answer]


def _lambda(region: str) -> Any:
    from moto.awslambda.models import lambda_backends  # moto is there only for drills and tests, and slow to import

    return lambda_backends[cast.ACCOUNT][region]


def _address(call: Call, **what: str) -> str:
    return f"http://{call.host}{DOWNLOADS}?{urlencode({'region': call.region, **what})}"


def get_function(call: Call, told: Answer) -> Answer:
    """Moto's answer, with a place where the package really is."""
    if told.status != 200:
        return told
    body = told.json()
    if "Location" in body.get("Code", {}):
        body["Code"]["Location"] = _address(
            call, function=call.params["FunctionName"], version=body["Configuration"]["Version"]
        )
    return msgspec.structs.replace(told, body=msgspec.json.encode(body))


def get_layer_version(call: Call) -> Answer:
    arn = call.params["Arn"]
    found = _lambda(call.region).layers_versions_by_arn(arn)
    if found is None:
        return error_answer(call, 404, "ResourceNotFoundException", "There is no such layer version (simulated).")
    content = {"Location": _address(call, layer=arn), "CodeSha256": found.code_sha_256, "CodeSize": found.code_size}
    return json_answer({"LayerVersionArn": arn, "Version": found.version, "Content": content})


def complete_layer_upload(call: Call, pass_on: PassOn) -> Answer:
    """Moto keeps how long a layer is, not what is in it."""
    from moto.ecr.models import ecr_backends  # as above

    repository = ecr_backends[cast.ACCOUNT][call.region].repositories[call.params["repositoryName"]]
    body = bytes(repository.uploads[call.params["uploadId"]].layer_parts)
    told = pass_on()
    shelf("ecr", call.region, "layers")[told.json()["layerDigest"]] = body
    return told


def get_layer(call: Call) -> Answer:
    digest = call.params["layerDigest"]
    if digest not in shelf("ecr", call.region, "layers"):
        return error_answer(call, 400, "LayersNotFoundException", "There is no such layer (simulated).")
    return json_answer({"downloadUrl": _address(call, digest=digest), "layerDigest": digest})


def download(query: str) -> Answer:
    """What is at one of the addresses above."""
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    if "digest" in asked:
        return _bytes(shelf("ecr", asked["region"], "layers")[asked["digest"]])
    kept = _lambda(asked["region"])
    if "layer" in asked:
        found = kept.layers_versions_by_arn(asked["layer"])
    else:
        found = kept.get_function(asked["function"], asked["version"])
    return _bytes(found.code_bytes)


def _bytes(body: bytes) -> Answer:
    return Answer(status=200, headers=(("Content-Type", "application/octet-stream"),), body=body)
