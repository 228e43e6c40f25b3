"""What a REST request is called: the operation's name from its method and address, as the SDK's own service models have it.

A model says of each operation its HTTP method, its address with labels in braces (`/clusters/{name}/access-entries`), and which query
values and headers it requires. The most demanding operation that fits is meant: UploadPart is PutObject with a part number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

LABEL: Final = re.compile(r"\{(\w+)(\+?)\}")
S3_CONTROL: Final = "/v20180820/"
"""S3 Control signs as S3 does; its addresses begin with the version of its API."""


class Shape(msgspec.Struct, frozen=True):
    """How requests of one operation look."""

    operation: str
    method: str
    address: re.Pattern[str]
    demands: frozenset[tuple[str, str | None]]
    """Query values, in lower case for headers with the prefix "header:"; None where any value will do."""
    literal: int
    """Characters of the address that are not labels: the more, the nearer it is meant."""


class Named(msgspec.Struct, frozen=True):
    """An operation's name, and its labels and query values by their names on the wire. `json`: its body and its errors are JSON."""

    operation: str
    params: Mapping[str, str]
    json: bool


def named(environ: Mapping[str, Any], service: str) -> Named | None:
    """Which operation of the service is asked for, None where its model is unknown or has none that fits."""
    # As sent: an ARN in a label has slashes of its own, which are escaped there.
    path = urlsplit(environ.get("RAW_URI", "")).path or quote(environ.get("PATH_INFO", "/"))
    service = "s3control" if service == "s3" and path.startswith(S3_CONTROL) else service
    protocol, shapes = _model(service)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    has = query | {f"header:{name[5:].lower()}": value for name, value in environ.items() if name.startswith("HTTP_")}
    for shape in shapes:
        if shape.method == environ["REQUEST_METHOD"] and _met(shape, has) and (fits := shape.address.fullmatch(path)):
            labels = {name: unquote(value) for name, value in fits.groupdict().items()}
            return Named(shape.operation, query | labels, protocol == "rest-json")
    return None


def _met(shape: Shape, has: Mapping[str, str]) -> bool:
    return all(name in has and value in (None, has[name]) for name, value in shape.demands)


@lru_cache(maxsize=32)
def _model(service: str) -> tuple[str, tuple[Shape, ...]]:
    """The protocol of a service and its REST operations, the most demanding first; ("", ()) where it has none."""
    from botocore.exceptions import DataNotFoundError  # a tenth of a second to load: only where it is needed
    from botocore.loaders import Loader

    try:
        model = Loader().load_service_model(service, "service-2")
    except DataNotFoundError:
        return "", ()
    protocol = str(model["metadata"]["protocol"])
    if not protocol.startswith("rest"):
        return "", ()
    operations = [
        (name, told) for name, told in model["operations"].items() if "http" in told and not told.get("deprecated")
    ]
    shapes = [_shape(name, told, model["shapes"]) for name, told in operations]
    return protocol, tuple(sorted(shapes, key=lambda shape: (-len(shape.demands), -shape.literal)))


def _shape(name: str, told: Mapping[str, Any], shapes: Mapping[str, Any]) -> Shape:
    address, _, query = told["http"]["requestUri"].partition("?")
    demands: set[tuple[str, str | None]] = {
        (key, value or None) for key, value in parse_qsl(query, keep_blank_values=True)
    }
    takes = shapes.get(told.get("input", {}).get("shape", ""), {})
    for member in takes.get("required", ()):
        where = takes["members"][member]
        on_wire = where.get("locationName", member)
        if where.get("location") == "querystring":
            demands.add((on_wire, None))
        elif where.get("location") == "header":
            demands.add((f"header:{on_wire.lower().replace('-', '_')}", None))
    return Shape(name, told["http"]["method"], _address(address), frozenset(demands), len(LABEL.sub("", address)))


def _address(address: str) -> re.Pattern[str]:
    parts, end = [], 0
    for label in LABEL.finditer(address):
        parts.append(re.escape(address[end : label.start()]))
        parts.append(f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})")
        end = label.end()
    return re.compile("".join(parts) + re.escape(address[end:]).rstrip("/") + "/?")
