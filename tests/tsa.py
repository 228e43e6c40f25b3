"""A time-stamp authority of the tests: `openssl ts -reply` behind a small HTTP server, honest or lying as asked."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Answer = tuple[int, str, bytes]
REPLY = "application/timestamp-reply"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha512
accuracy = secs:1, millisecs:500
ess_cert_id_alg = sha256
signer_digest = sha256
"""


class Issued:
    """A key and its certificate, as files."""

    def __init__(self, folder: Path, name: str, by: Issued | None, *, purpose: bool = False, until: int = 30) -> None:
        """`purpose`: for time stamping. `until`: days from now; negative for an expired one."""
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.secret = ec.generate_private_key(ec.SECP256R1())
        self.key, self.pem = folder / f"{name}.key", folder / f"{name}.pem"
        self.certificate = self._sign(by or self, purpose=purpose, until=until)
        pem = self.secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key.write_bytes(pem)
        self.pem.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def _sign(self, by: Issued, *, purpose: bool, until: int) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(by.name).public_key(self.secret.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=until))
            .add_extension(x509.BasicConstraints(ca=not purpose, path_length=None), critical=True)
        )  # fmt: skip
        if purpose:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(by.secret, hashes.SHA256())


class Tsa:
    """An authority with root, intermediate and signing certificate. `answer` may be replaced by a lie."""

    def __init__(self, folder: Path, name: str = "tsa", *, until: int = 30) -> None:
        if not shutil.which("openssl"):
            pytest.skip("openssl is not installed")
        self.folder = folder / name
        self.folder.mkdir()
        self.root = Issued(self.folder, f"{name}-root", None)
        self.middle = Issued(self.folder, f"{name}-middle", self.root)
        self.signer = Issued(self.folder, f"{name}-signer", self.middle, purpose=True, until=until)
        (self.folder / "tsa.cnf").write_text(CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self.answer: Callable[[bytes], Answer] = self.honest
        self.asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsa"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def honest(self, query: bytes) -> Answer:
        return 200, REPLY, self.reply(query)

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        openssl(
            "ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", self.folder / "query.tsq",
            "-inkey", self.signer.key, "-signer", self.signer.pem, "-chain", self.middle.pem, "-out", self.folder / "reply.tsr",
        )  # fmt: skip
        return (self.folder / "reply.tsr").read_bytes()

    def reply_to(self, data: bytes) -> bytes:
        """A reply to somebody else's question about `data`, with a nonce of its own."""
        (self.folder / "data").write_bytes(data)
        openssl("ts", "-query", "-data", self.folder / "data", "-sha256", "-cert", "-out", self.folder / "own.tsq")
        return self.reply((self.folder / "own.tsq").read_bytes())

    def signed_by(self, other: Issued, query: bytes, *beside: Path) -> bytes:
        """What this authority would say, signed with another certificate; `beside` are certificates put in with it."""
        (self.folder / "honest.tsr").write_bytes(self.reply(query))
        token, info, forged = (self.folder / name for name in ("token.der", "info.der", "forged.der"))
        openssl("ts", "-reply", "-in", self.folder / "honest.tsr", "-token_out", "-out", token)
        openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", token, "-out", info, "-binary")
        more = [word for path in beside for word in ("-certfile", path)]
        openssl(
            "cms", "-sign", "-in", info, "-binary", "-nodetach", "-econtent_type", TST_INFO, "-signer", other.pem,
            "-inkey", other.key, "-md", "sha256", "-outform", "DER", "-out", forged, *more,
        )  # fmt: skip
        body = b"\x30\x03\x02\x01\x00" + forged.read_bytes()
        return b"\x30\x82" + len(body).to_bytes(2) + body

    def _door(self) -> type[BaseHTTPRequestHandler]:
        tsa = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                tsa.asked += 1
                status, kind, body = tsa.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", tsa.url)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None:
                pass

        return Door


def openssl(*words: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
