"""Requests on the wire: told apart by protocol, never a crash, and the body stays readable for whoever comes next."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.simulation.wire import Call, error_answer, joined, read_call

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=simulated/20251104/ap-northeast-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def environ(
    body: bytes = b"", *, service: str = "", target: str = "", kind: str = "", method: str = "POST"
) -> dict[str, Any]:
    made: dict[str, Any] = {"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    if service:
        made["HTTP_AUTHORIZATION"] = SIGNED.format(service)
    if target:
        made["HTTP_X_AMZ_TARGET"] = target
    if kind:
        made["CONTENT_TYPE"] = kind
    return made


def test_ec2_is_a_form_of_its_own() -> None:
    call = read_call(environ(b"Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1", service="ec2", kind=FORM))
    assert (call.service, call.region, call.operation, call.protocol) == (
        "ec2",
        "ap-northeast-1",
        "DescribeVpcs",
        "ec2",
    )
    assert call.params["VpcId.1"] == "vpc-1"


def test_iam_is_a_query() -> None:
    assert read_call(environ(b"Action=ListUsers", service="iam", kind=FORM)).protocol == "query"


def test_ssm_is_json() -> None:
    call = read_call(environ(b'{"InstanceIds": ["i-1"]}', service="ssm", target="AmazonSSM.SendCommand"))
    assert (call.operation, call.protocol, call.params) == ("SendCommand", "json", {"InstanceIds": ["i-1"]})


def test_an_unsigned_upload_is_s3_and_its_body_is_not_read() -> None:
    made = environ(b"x" * 100, method="PUT") | {"PATH_INFO": "/bucket/a/key"}
    call = read_call(made)
    assert (call.service, call.operation, call.protocol, call.body) == ("s3", "PutObject", "rest", b"")
    assert made["wsgi.input"].read() == b"x" * 100


@pytest.mark.parametrize(
    ("service", "method", "path", "query", "operation", "protocol"),
    [
        ("s3", "PUT", "/bucket", "publicAccessBlock", "PutPublicAccessBlock", "rest"),
        ("s3", "PUT", "/bucket/key", "partNumber=1&uploadId=x", "UploadPart", "rest"),
        ("s3", "GET", "/bucket", "list-type=2&prefix=", "ListObjectsV2", "rest"),
        ("eks", "POST", "/clusters/prod/access-entries", "", "CreateAccessEntry", "rest-json"),
        ("guardduty", "DELETE", "/detector/abc/threatintelset/def", "", "DeleteThreatIntelSet", "rest-json"),
        ("eks", "GET", "/clusters/prod/access-entries/arn:aws:iam::1:role%2Fx", "", "DescribeAccessEntry", "rest-json"),
        ("nobody", "DELETE", "/x", "", "DELETE", "rest"),
    ],
)
def test_a_rest_request_has_a_name(
    service: str, method: str, path: str, query: str, operation: str, protocol: str
) -> None:
    made = environ(service=service, method=method) | {"RAW_URI": path, "QUERY_STRING": query}
    call = read_call(made)
    assert (call.operation, call.protocol) == (operation, protocol)


def test_labels_and_body_are_what_a_rest_request_asks_with() -> None:
    made = environ(b'{"type": "STANDARD"}', service="eks", kind="application/json")
    call = read_call(made | {"PATH_INFO": "/clusters/prod/access-entries"})
    assert call.params == {"name": "prod", "type": "STANDARD"}
    assert b"<Code>" not in error_answer(call, 404, "ResourceNotFoundException", "None.").body


@given(
    body=st.binary(max_size=300),
    target=st.sampled_from(["", "AmazonSSM.SendCommand"]),
    kind=st.sampled_from(["", FORM]),
)
def test_any_body_is_read_and_put_back(body: bytes, target: str, kind: str) -> None:
    made = environ(body, service="iam", target=target, kind=kind)
    read_call(made)
    assert made["wsgi.input"].read() == body


@pytest.mark.parametrize(
    ("protocol", "found"), [("json", b'"__type":"Slow"'), ("ec2", b"<Code>Slow"), ("query", b"<Code>Slow")]
)
def test_an_error_names_its_code(protocol: Any, found: bytes) -> None:
    call = Call(service="any", region="", operation="", protocol=protocol, params={}, body=b"")
    answer = error_answer(call, 503, "Slow", "Slow down.")
    assert answer.status == 503
    assert found in answer.body


def test_a_joined_answer_is_closed() -> None:
    class Chunks(list[bytes]):
        closed = False

        def close(self) -> None:
            self.closed = True

    chunks = Chunks([b"a", b"b"])
    assert joined(chunks) == b"ab"
    assert chunks.closed
