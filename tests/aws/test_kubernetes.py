"""The API of a cluster, asked over real TLS: who is trusted, who is told who we are, and what is refused."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hikeshi.aws import kubernetes
from hikeshi.aws.clients import Keys, client
from hikeshi.aws.kubernetes import Api, path_of, token
from hikeshi.errors import Failed

HOST = "0123456789ABCDEF.gr7.ap-northeast-1.eks.amazonaws.com"


class Authority:
    """A CA of one certificate, for one name."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1)).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(key, hashes.SHA256())
        )  # fmt: skip
        self.pem = made.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.file = folder / f"{made.serial_number}.pem"
        self.file.write_bytes(private + self.pem)

    @property
    def told(self) -> dict[str, str]:
        return {"data": base64.b64encode(self.pem).decode()}


class Answers(BaseHTTPRequestHandler):
    """Answers with what the test wants, and keeps what it was asked."""

    reply: tuple[int, bytes] = (200, b"{}")
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append((self.command, self.path, dict(self.headers), body))
        status, told = type(self).reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Location", "https://attacker.example/")
        self.end_headers()
        self.wfile.write(told)

    do_DELETE = do_GET = do_PATCH = do_POST = _answer  # noqa: N815 - the names are the interface

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(authority: Authority) -> Iterator[tuple[type[Answers], int]]:
    class Here(Answers):
        seen: list[tuple[str, str, dict[str, str], bytes]] = []  # noqa: RUF012 - one list for the handlers of one server

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.file)
    server = HTTPServer(("127.0.0.1", 0), Here)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Here, server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def sts() -> Any:
    return client("sts", "ap-northeast-1", None, 5.0, keys=Keys("AKIDEXAMPLE", "secret", "session"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, HOST)


class Lines:
    """Leads the name of the cluster to this machine, as a resolver would: everything else is as it is on AWS."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import socket

        real = socket.create_connection
        self.port = 0
        monkeypatch.setattr(
            "http.client.socket.create_connection",
            lambda _at, *rest, **more: real(("127.0.0.1", self.port), *rest, **more),
        )


def api(sts: Any, authority: Authority, **changes: Any) -> Api:
    cluster = {"endpoint": f"https://{HOST}", "certificateAuthority": authority.told, **changes}
    return Api(lambda _: cluster, sts, seconds=5.0)


def test_a_cluster_is_asked_over_tls_with_a_token_that_names_it(
    sts: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines(monkeypatch)
    with served(authority) as (here, lines.port):
        here.reply = (200, b'{"kind": "Pod"}')
        told = api(sts, authority).patch_pod(cluster="prod", namespace="shop", name="web-1", body={"metadata": {}})
        assert told == {"kind": "Pod"}
        method, path, headers, body = here.seen[0]
    assert (method, path, body) == ("PATCH", "/api/v1/namespaces/shop/pods/web-1", b'{"metadata":{}}')
    assert headers["Content-Type"] == "application/merge-patch+json"
    written = headers["Authorization"].removeprefix("Bearer k8s-aws-v1.")
    url = urlsplit(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode())
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc) == ("https", "sts.ap-northeast-1.amazonaws.com")
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert (query["Action"], query["X-Amz-Expires"]) == (["GetCallerIdentity"], ["60"])


def test_tokens_are_for_one_cluster_each(sts: Any) -> None:
    assert token(sts, "prod") != token(sts, "test")


def test_another_authority_or_another_name_is_not_spoken_to(
    sts: Any, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines(monkeypatch)
    other, named = Authority(tmp_path, HOST), Authority(tmp_path, "attacker.example")
    for serving, trusted in ((other, authority), (named, named)):
        with served(serving) as (here, lines.port):
            with pytest.raises(SSLError):
                api(sts, trusted).get_node(cluster="prod", name="n1")
            assert here.seen == []


@pytest.mark.parametrize(
    "endpoint",
    [
        f"http://{HOST}", f"https://{HOST}:8443", "https://169.254.169.254", "https://amazonaws.com.attacker.example",
        f"https://{HOST}@attacker.example", "https://attacker-amazonaws.com", "",
    ],
)  # fmt: skip
def test_only_an_https_address_of_aws_is_asked(sts: Any, authority: Authority, endpoint: str) -> None:
    with pytest.raises(Failed, match="no HTTPS address of AWS"):
        api(sts, authority, endpoint=endpoint).get_node(cluster="prod", name="n1")


def test_a_cluster_without_a_ca_is_not_asked(sts: Any, authority: Authority) -> None:
    for told in ({}, {"data": "no base64"}, {"data": base64.b64encode(b"no certificate").decode()}):
        with pytest.raises(Failed, match="CA of the cluster"):
            api(sts, authority, certificateAuthority=told).get_node(cluster="prod", name="n1")


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        (404, b'{"reason": "NotFound"}', "NotFound"), (409, b'{"reason": "Conflict"}', "Conflict"),
        (401, b"", "AccessDeniedException"), (403, b'{"reason": "Forbidden"}', "AccessDeniedException"),
        (429, b"too many", "TooManyRequestsException"), (302, b"", "HTTP 302"), (503, b"<html>", "HTTP 503"),
    ],
)  # fmt: skip
def test_what_the_api_refuses_is_an_error_of_the_sdk_and_nothing_is_followed(
    sts: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch, status: int, told: bytes, code: str
) -> None:
    lines = Lines(monkeypatch)
    with served(authority) as (here, lines.port):
        here.reply = (status, told)
        with pytest.raises(ClientError) as refused:
            api(sts, authority).get_node(cluster="prod", name="n1")
        assert len(here.seen) == 1
    assert refused.value.response["Error"]["Code"] == code


def test_an_answer_without_end_and_a_cut_line_are_no_answers(
    sts: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines(monkeypatch)
    monkeypatch.setattr(kubernetes, "MOST_BYTES", 100)
    with served(authority) as (here, lines.port):
        here.reply = (200, b"x" * 101)
        with pytest.raises(Failed, match="more than 100 bytes"):
            api(sts, authority).get_node(cluster="prod", name="n1")
        monkeypatch.setattr(here, "_answer", lambda self: self.connection.shutdown(2), raising=True)
        monkeypatch.setattr(here, "do_GET", lambda self: self.connection.shutdown(2))
        with pytest.raises((ConnectionClosedError, ReadTimeoutError)):
            api(sts, authority).get_node(cluster="prod", name="n1")


def test_names_are_escaped_and_only_known_operations_exist(sts: Any, authority: Authority) -> None:
    assert path_of("RoleBinding", "shop", "a/../b") == (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/a%2F..%2Fb"
    )
    assert path_of("Pod", "", "") == "/api/v1/pods"
    assert not hasattr(api(sts, authority), "get_secret")
