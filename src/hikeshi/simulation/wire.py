"""One AWS request as it is on the wire, and answers in the same protocol.

AWS speaks five protocols here: JSON (SSM, SQS, DynamoDB), query (IAM, STS, Auto Scaling), EC2's own query, REST with XML (S3) and REST
with JSON (Lambda, EKS, GuardDuty). The service is the one named in the signature (Signature Version 4), the operation is in a header or
in the form; that of a REST request follows from its method and address (`rest.py`), and where no model knows it, its method stands for it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qs

import msgspec

from hikeshi.simulation import rest

Protocol = Literal["json", "query", "ec2", "rest", "rest-json"]
SIGNED_FOR = re.compile(r"Credential=(?P<key>[^/]*)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: `params` is the JSON body, or the form with the last value of each key; with REST, labels and query as well."""

    service: str
    region: str
    operation: str
    protocol: Protocol
    params: Mapping[str, Any]
    body: bytes
    method: str = "POST"
    host: str = ""
    """The name and port it was sent to."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered: status (HTTP), headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def read_call(environ: dict[str, Any]) -> Call:
    """Read a WSGI request and put its body back for whoever comes next. An unsigned request counts as S3, as presigned URLs do."""
    signed = SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
    service, region = (signed["service"], signed["region"]) if signed else ("s3", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    kind = environ.get("CONTENT_TYPE", "")
    is_form = kind.startswith("application/x-www-form-urlencoded")
    body = b""
    if (
        target or is_form or kind.startswith("application/json")
    ):  # the body of an upload is not ours to read: it may be large
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
    if target:
        return Call(
            service=service,
            region=region,
            operation=target.rpartition(".")[2],
            protocol="json",
            params=_json(body),
            body=body,
            host=environ.get("HTTP_HOST", ""),
        )
    if is_form and service != "s3":
        form = {key: values[-1] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
        protocol: Protocol = "ec2" if service == "ec2" else "query"
        operation = form.get("Action", "")
        return Call(service=service, region=region, operation=operation, protocol=protocol, params=form, body=body)
    return _rest(environ, service, region, body)


def signer(environ: Mapping[str, Any]) -> str:
    """The access key a request is signed with; "" where it is not signed."""
    signed = SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signed["key"] if signed else ""


def _rest(environ: dict[str, Any], service: str, region: str, body: bytes) -> Call:
    method = environ["REQUEST_METHOD"]
    named = rest.named(environ, service)
    return Call(
        service=service,
        region=region,
        operation=named.operation if named else method,
        protocol="rest-json" if named and named.json else "rest",
        params={**_json(body), **named.params} if named else {},
        body=body,
        method=method,
        host=environ.get("HTTP_HOST", ""),
    )


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        decoded = msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError:
        return {}  # moto answers a damaged request itself
    return decoded if isinstance(decoded, dict) else {}


def json_answer(data: Any, *, status: int = 200) -> Answer:
    """An answer in the JSON protocol; `data` is anything msgspec can encode."""
    return Answer(
        status=status, headers=(("Content-Type", "application/x-amz-json-1.1"),), body=msgspec.json.encode(data)
    )


def error_answer(call: Call, status: int, code: str, message: str) -> Answer:
    """An error in the call's own protocol, so that the SDK raises its ordinary exception with `code`."""
    if call.protocol == "json":
        return json_answer({"__type": code, "message": message, "Message": message}, status=status)
    if call.protocol == "rest-json":
        told = json_answer({"code": code, "message": message}, status=status)
        return msgspec.structs.replace(told, headers=(*told.headers, ("x-amzn-ErrorType", code)))
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    shapes = {
        "ec2": f"<Response><Errors><Error>{error}</Error></Errors><RequestID>simulated</RequestID></Response>",
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>simulated</RequestId></ErrorResponse>",
        "rest": f"<Error>{error}<RequestId>simulated</RequestId></Error>",
    }
    body = f'<?xml version="1.0" encoding="UTF-8"?>{shapes[call.protocol]}'.encode()
    return Answer(status=status, headers=(("Content-Type", "text/xml"),), body=body)


def joined(chunks: Iterable[bytes]) -> bytes:
    """The whole body of a WSGI answer; closes it, as WSGI asks."""
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
