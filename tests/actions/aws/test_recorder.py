"""What may be kept of a call."""

from __future__ import annotations

import hashlib

from hypothesis import given, strategies as st

from hikeshi.actions.aws.recorder import ListRecorder, NullRecorder, Recorder, without_secrets

SIGNED = "https://b.s3.example/key?X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIA&X-Amz-Signature=abc123&x-id=GetObject"

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc /:-", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def test_a_signature_is_cut_wherever_it_stands() -> None:
    script = f"# list={SIGNED}\nLIST='{SIGNED}'\n"
    kept = repr(without_secrets({"Parameters": {"commands": [script, SIGNED]}}))
    assert "abc123" not in kept
    assert "AKIA" not in kept
    assert kept.count("https://b.s3.example/key?<signature removed>") == 3


def test_an_ordinary_address_stays() -> None:
    assert without_secrets("https://example.com/?a=b") == "https://example.com/?a=b"


def test_bytes_become_their_size_and_hash() -> None:
    assert without_secrets({"Body": b"abc"}) == {"Body": {"bytes": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}}


@given(plain)
def test_plain_values_are_kept_as_they_are(value: object) -> None:
    assert without_secrets(value) == value


def test_an_intent_without_an_answer_stays_open() -> None:
    record = ListRecorder()
    first = record.intend("ec2:CreateTags", {})
    record.intend("ec2:DeleteTags", {})
    record.settle(first, "done", "id-1", 0.1, "")
    assert [line.outcome for line in record.lines] == ["done", ""]
    assert record.operations == ["ec2:CreateTags", "ec2:DeleteTags"]


def test_the_null_recorder_keeps_nothing() -> None:
    record: Recorder = NullRecorder()
    record.settle(record.intend("ec2:CreateTags", {}), "done", "", 0.0, "")
