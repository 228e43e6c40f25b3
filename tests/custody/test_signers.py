"""Keys in files, in a simulated KMS and on a SoftHSM token: what they sign is checked with their public key alone."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hikeshi.aws.reach import Reach
from hikeshi.custody.secret_files import read_secret
from hikeshi.custody.signers import SIGNERS, open_signer
from hikeshi.custody.signing import fingerprint, make_key_file, signature_holds
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.cloud import SimulatedCloud
from tokens import MODULE, address, make_token

NOTE = b"ledger.example/organisation\n42\nroot\n"


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimulatedCloud]:
    with SimulatedCloud() as running:
        yield running


def _secret(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o400)
    return path


def test_the_table_is_alphabetical() -> None:
    assert list(SIGNERS) == sorted(SIGNERS)


def test_a_key_file_with_a_passphrase_opens_only_with_it(tmp_path: Path) -> None:
    make_key_file(tmp_path / "key.pem", password=b"long and wooden")
    place = f"file:{tmp_path / 'key.pem'}"
    signer = open_signer(place, secret_file=_secret(tmp_path / "good", "long and wooden\n"))
    assert signature_holds(signer.public, NOTE, signer.sign(NOTE))
    assert b"ENCRYPTED" in (tmp_path / "key.pem").read_bytes()
    for wrong in (None, _secret(tmp_path / "bad", "guessed")):
        with pytest.raises(Refused, match="not a key that can be opened"):
            open_signer(place, secret_file=wrong)


@pytest.mark.parametrize("content", ["", "\n", "x" * 5000])
def test_a_secret_file_without_a_secret_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refused, match="empty or too large"):
        read_secret(_secret(tmp_path / "s", content), of="a test")


def test_a_secret_others_may_read_is_refused_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("hunter2")
    (tmp_path / "s").chmod(0o440)
    with pytest.raises(Refused, match="Others may read") as problem:
        read_secret(tmp_path / "s", of="a test")
    assert "hunter2" not in str(problem.value)


def test_an_unknown_place_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match="vault") as problem:
        open_signer("vault:key")
    assert "pkcs11:" in problem.value.hint


def test_a_key_in_kms_signs(cloud: SimulatedCloud) -> None:
    kms = cloud.client("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName="alias/ledger", TargetKeyId=made["KeyId"])
    reach = Reach(region="ap-northeast-1", endpoint_url=cloud.endpoint_url)
    signers = [open_signer(f"kms:{name}", reach=reach) for name in (made["KeyId"], made["Arn"], "alias/ledger")]
    assert {fingerprint(one.public) for one in signers} == {fingerprint(signers[0].public)}
    assert signature_holds(signers[0].public, NOTE, signers[2].sign(NOTE))
    assert signers[0].algorithm == "ecdsa-p256"


class _Ed25519Kms(BaseHTTPRequestHandler):
    """KMS with one Ed25519 key, as its API reference describes it: moto knows no such keys yet."""

    key = ed25519.Ed25519PrivateKey.generate()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"] == "TrentService.GetPublicKey":
            der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            said = {
                "PublicKey": base64.b64encode(der).decode(), "KeySpec": "ECC_NIST_EDWARDS25519",
                "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": ["ED25519_PH_SHA_512", "ED25519_SHA_512"],
            }  # fmt: skip
        else:
            assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("RAW", "ED25519_SHA_512")
            signature = self.key.sign(base64.b64decode(asked["Message"]))
            said = {"Signature": base64.b64encode(signature).decode()}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


def test_an_ed25519_key_in_kms_signs_plainly() -> None:
    """Not the prehashed kind (Ed25519ph), which no verifier of checkpoints knows."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ed25519Kms) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        signer = open_signer("kms:alias/ledger", reach=Reach(region="ap-northeast-1", endpoint_url=endpoint))
        assert signer.algorithm == "ed25519"
        assert signature_holds(signer.public, NOTE, signer.sign(NOTE))
        server.shutdown()


def test_a_key_kms_does_not_have_or_of_another_kind_says_so(cloud: SimulatedCloud) -> None:
    reach = Reach(region="ap-northeast-1", endpoint_url=cloud.endpoint_url)
    with pytest.raises(Failed, match="kms:GetPublicKey"):
        open_signer("kms:alias/nowhere", reach=reach)
    other = cloud.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    with pytest.raises(Refused, match="RSA_2048"):
        open_signer(f"kms:{other}", reach=reach)


def test_an_alias_moved_to_another_key_is_noticed(cloud: SimulatedCloud) -> None:
    kms = cloud.client("kms")
    first, second = (kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"] for _ in range(2))
    kms.create_alias(AliasName="alias/moved", TargetKeyId=first["KeyId"])
    signer = open_signer("kms:alias/moved", reach=Reach(region="ap-northeast-1", endpoint_url=cloud.endpoint_url))
    kms.update_alias(AliasName="alias/moved", TargetKeyId=second["KeyId"])
    with pytest.raises(Failed, match="does not fit its public key"):
        signer.sign(NOTE)


def test_nobody_at_the_address_of_kms_can_be_tried_again() -> None:
    with pytest.raises(Failed) as problem:
        open_signer("kms:alias/x", reach=Reach(region="ap-northeast-1", endpoint_url="http://127.0.0.1:9"))
    assert not problem.value.permanent


@pytest.mark.parametrize(("label", "algorithm"), [("ledger", "ed25519"), ("old", "ecdsa-p256")])
def test_a_key_on_a_token_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str, algorithm: str) -> None:
    """In a process of its own: a PKCS#11 module reads its settings once, when it is loaded."""
    pin_file = make_token(tmp_path, monkeypatch)
    program = """
import sys
from pathlib import Path
from hikeshi.custody.signers import open_signer
from hikeshi.custody.signing import signature_holds
signer = open_signer(sys.argv[1], secret_file=Path(sys.argv[2]))
assert signature_holds(signer.public, b"note", signer.sign(b"note")) and signer.sign(b"again")
print(signer.algorithm)
"""
    words = [sys.executable, "-c", program, address(label), str(pin_file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (algorithm, "")


def test_a_wrong_pin_is_tried_once_so_that_the_token_is_not_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_token(tmp_path, monkeypatch)
    program = """
import sys
from pathlib import Path
from hikeshi.custody.signers import open_signer
from hikeshi.errors import Failed
for words in ("refuses the PIN", "not tried again"):
    try:
        open_signer(sys.argv[1], secret_file=Path(sys.argv[2]))
    except Failed as problem:
        assert words in problem.message and problem.permanent and "99999999" not in str(problem), problem
    else:
        raise AssertionError
for address in sys.argv[3:]:
    try:
        open_signer(address, secret_file=Path(sys.argv[2]))
    except Failed as problem:
        print(problem)
"""
    wrong = _secret(tmp_path / "wrong", "99999999")
    gone = [f"pkcs11:token=gone;object=x?module-path={MODULE}", "pkcs11:token=x;object=x?module-path=/nowhere/x.so"]
    words = [sys.executable, "-c", program, address("ledger"), str(wrong), *gone]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("cannot be used") == len(gone)


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=t;object=o?module-path=/x.so&pin-value=1234",
        "pkcs11:token=t;object=o;pin-value=1234?module-path=/x.so",
        "pkcs11:token=t;object=o",
        "pkcs11:token=t?module-path=/x.so",
        "pkcs11:token=t;object=o?module-path=x.so",
    ],
)
def test_an_address_with_a_pin_or_without_the_key_is_refused_and_no_pin_shown(uri: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as problem:
        open_signer(uri, secret_file=_secret(tmp_path / "pin", "0000"))
    assert "1234" not in str(problem.value)
