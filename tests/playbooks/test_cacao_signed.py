"""Playbooks that automation systems wrote and signed: what they are is shown, nothing is lost, and only a whole signature counts.

The signatures are made here as the specification says, step by step: with a canonical form of our own (RFC 8785, section 3.2) and the
`cryptography` package, by nothing of the product.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from hikeshi.errors import Refused
from hikeshi.playbooks.cacao import exporting, importing
from hikeshi.playbooks.cacao.verifying import check, demand
from hikeshi.playbooks.playbook import loads
from hikeshi.playbooks.writing import written

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "samples" / "cacao"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def jcs(value: Any) -> str:
    """Canonical JSON: names in the order of their UTF-16 units, no spaces, only what has to be escaped is."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{jcs(name)}:{jcs(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(jcs(one) for one in value) + "]"
    if isinstance(value, float):
        raise TypeError("no playbook here has one")
    return json.dumps(value, ensure_ascii=False)


def _rs256(message: bytes) -> bytes:
    return RSA.sign(message, padding.PKCS1v15(), hashes.SHA256())


def _ps256(message: bytes) -> bytes:
    return RSA.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def _es256(message: bytes) -> bytes:
    pair = utils.decode_dss_signature(P256.sign(message, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32, "big") for number in pair)


def _es256_der(message: bytes) -> bytes:
    return P256.sign(message, ec.ECDSA(hashes.SHA256()))


MADE: dict[str, tuple[str, Any, Callable[[bytes], bytes]]] = {
    "RS256": ("RS256", RSA, _rs256), "PS256": ("PS256", RSA, _ps256), "ES256": ("ES256", P256, _es256),
    "ES256, as DER": ("ES256", P256, _es256_der), "Ed25519": ("Ed25519", ED, ED.sign), "EdDSA": ("EdDSA", ED, ED.sign),
}  # fmt: skip
every_algorithm = pytest.mark.parametrize("made", MADE)


def pem(key: Any) -> str:
    text: str = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return text


def playbook(name: str = "automation.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    return found


def signed(made: str = "ES256", *, whole: bool = False, **more: Any) -> dict[str, Any]:
    """The sample with one signature. `whole`: the canonical text itself is signed, and not its hash."""
    document, (algorithm, key, sign) = playbook(), MADE[made]
    signature = {
        "type": "jss", "id": "jss--77777777-7777-4777-8777-777777777777", "created": "2026-03-05T10:00:00.000Z",
        "modified": "2026-03-05T10:00:00.000Z", "signee": "Example 例", "related_to": document["id"],
        "related_version": document["modified"], "hash_algorithm": "sha-256", "algorithm": algorithm,
        "public_key": "".join(pem(key).splitlines()[1:-1]), **more,
    }  # fmt: skip
    signature = {name: value for name, value in signature.items() if value is not None}
    text = jcs({**document, "signatures": [signature]}).encode()
    value = sign(text if whole else hashlib.sha256(text).digest())
    return {**document, "signatures": [{**signature, "value": base64.urlsafe_b64encode(value).decode().rstrip("=")}]}


@every_algorithm
@pytest.mark.parametrize("whole", [False, True])
def test_a_signature_that_another_implementation_made_holds(made: str, whole: bool) -> None:
    found = demand(signed(made, whole=whole), [pem(MADE[made][1])], at=AT)
    der = MADE[made][1].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert [(one.good, one.signee, one.key) for one in found] == [(True, "Example 例", hashlib.sha256(der).hexdigest())]


def _rename(document: dict[str, Any]) -> None:
    document["workflow"]["action--00000000-0000-4000-8000-000000000006"]["commands"][0]["command"] = "rm -rf /"


def _other_value(document: dict[str, Any]) -> None:
    document["signatures"][0]["value"] = base64.urlsafe_b64encode(b"x" * 64).decode()


def _other_signee(document: dict[str, Any]) -> None:
    document["signatures"][0]["signee"] = "Somebody else"


def _later(document: dict[str, Any]) -> None:
    document["modified"] = "2026-09-09T00:00:00.000Z"


def _no_key(document: dict[str, Any]) -> None:
    document["signatures"][0]["public_key"] = "bm8ga2V5"


def _other_key(document: dict[str, Any]) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    document["signatures"][0]["public_key"] = "".join(pem(other).splitlines()[1:-1])


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (_rename, "changed after it was signed"), (_other_value, "changed after"), (_other_signee, "changed after"),
        (_later, "another version"), (_no_key, "key cannot be read"), (_other_key, "another key signed it"),
    ],
)  # fmt: skip
def test_what_was_altered_is_refused(alter: Callable[[dict[str, Any]], None], said: str) -> None:
    document = signed()
    alter(document)
    with pytest.raises(Refused, match=said):
        demand(document, [], at=AT)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"valid_until": "2026-11-01T00:00:00.000Z"}, "only until 2026-11-01"),
        ({"valid_from": "2027-01-01T00:00:00.000Z"}, "only from 2027-01-01"),
        ({"valid_until": "soon"}, "valid_until is no time"),
        ({"revoked": True}, "revoked"),
    ],
)
def test_what_no_longer_counts_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        demand(signed(**more), [], at=AT)
    assert demand(signed(valid_from="2026-01-01T00:00:00.000Z", valid_until="2027-01-01T00:00:00.000Z"), [], at=AT)


def test_where_a_key_is_named_nothing_else_will_do() -> None:
    for document, said in (
        (playbook(), "carries no signature"),
        (signed("RS256"), "signed by another key"),
        (signed(public_key=None, thumbprint="00" * 32), "key does not come with the document"),
        (signed(hash_algorithm="md5"), "hash algorithm is not understood"),
        (signed(algorithm="HS256"), "'HS256' is not understood"),
    ):
        with pytest.raises(Refused, match=said):
            demand(document, [pem(P256)], at=AT)
    assert demand(playbook(), [], at=AT) == []
    with pytest.raises(Refused, match="cannot be read"):
        demand(signed(), ["-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n"], at=AT)


def test_a_key_may_come_in_a_certificate_that_counts() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer.example")])

    def chain(until: datetime) -> list[str]:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(P256.public_key())
        builder = builder.serial_number(7).not_valid_before(AT - timedelta(days=90)).not_valid_after(until)
        return [base64.b64encode(builder.sign(P256, hashes.SHA256()).public_bytes(Encoding.DER)).decode()]

    assert check(signed(public_key=None, public_cert_chain=chain(AT + timedelta(days=1))), at=AT)[0].good
    with pytest.raises(Refused, match="certificate"):
        demand(signed(public_key=None, public_cert_chain=chain(AT - timedelta(days=1))), [], at=AT)


@pytest.mark.parametrize("signatures", ["x", [1], [{}], {"a": 1}, [{"algorithm": "ES256", "public_key": 1}]])
def test_signatures_that_are_none_are_said_and_never_good(signatures: Any) -> None:
    assert not any(one.good for one in check({**playbook(), "signatures": signatures}))


def test_every_kind_of_step_and_command_is_shown_for_what_it_is() -> None:
    book, notes = importing.read(signed())
    said = {step.title.en: step for step in book.steps}
    asked, blocked, looked = said["Ask the sensor"], said["Block at the gateway"], said["List the connections"]
    assert "http-api: GET https://sensor.example/api/verdict" in asked.text.en
    assert "Accept: application/json" in asked.text.en
    assert "Bearer __sensor__:value" in asked.text.en
    assert (asked.phase, asked.due_within) == ("detection_analysis", 30)
    assert "openc2-http: POST /openc2" in blocked.text.en
    assert '"action": "deny"' in blocked.text.en
    assert "gateway 192.0.2.1" in blocked.text.en
    assert "bash: ss -tnp dst 198.51.100.23" in looked.text.en
    assert [option.value for option in said["What is it?"].options] == ["bad", "default"]
    assert blocked.on_failure == said["Ask the network team to block it"].key
    assert said["Ask the network team to block it"].role == "technical_lead"
    assert 'fact.verdict == "bad"' in str(said["Hunt for the same elsewhere"].when)
    assert {step.kind for step in book.steps} == {"manual", "decision", "wait"}
    told = " ".join(note.what.en for note in notes)
    assert "did not come with it" in told
    assert "here it is done once" in told
    assert (book.attack, book.severity) == (("T1071.001",), "SEV-2")


@pytest.mark.parametrize("document", [playbook(), signed(), signed("RS256"), playbook("block-an-address.json")])
def test_it_goes_out_as_it_came_also_through_our_yaml(document: dict[str, Any]) -> None:
    book, _ = importing.read(document)
    again = loads(written(book).encode())
    out = exporting.export(again, at=AT)
    assert out == document
    assert [one.good for one in check(out, at=AT)] == [True] * len(document.get("signatures", ()))


def test_a_token_in_a_header_is_neither_shown_nor_kept() -> None:
    document = playbook()
    command = document["workflow"]["action--00000000-0000-4000-8000-000000000002"]["commands"][0]
    command["headers"] = {"authorization": ["Bearer hunter2"], "X-Api-Key": "hunter2", "Accept": ["text/plain"]}
    book, notes = importing.read(document)
    assert b"hunter2" not in book.canonical
    assert any("were not kept" in note.what.en for note in notes)
