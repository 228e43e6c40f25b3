"""The digest chain of CloudTrail: what is proven, and every way of tampering that must be found."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events.digest_files import Given, look, public_keys
from hikeshi.events.digests import HOUR, Validation, validate
from trail_writer import Trail, keys_file

LOGS, DIGESTS = "AWSLogs/*/CloudTrail/**/*.json.gz", "AWSLogs/*/CloudTrail-Digest/**/*.json.gz"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five hours: a starting digest, an hour with two logs, an empty one, two more; and a digest of logs that came late."""
    folder = tmp_path_factory.mktemp("trail")
    trail = Trail(folder / "bucket")
    for hour, logs in enumerate((1, 2, 0, 1, 1)):
        trail.digest(hour, logs)
    trail.digest(1, 1, late=True)
    keys_file(folder / "keys.json")
    return folder


@pytest.fixture
def bucket(pristine: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pristine / "bucket", tmp_path / "bucket")


@pytest.fixture
def check(pristine: Path, bucket: Path) -> Callable[[], Validation]:
    return lambda: checked(bucket, pristine / "keys.json")


def checked(bucket: Path, keys: Path | None = None) -> Validation:
    files = [Given(str(path), path.name) for path in sorted(bucket.rglob("*")) if path.is_file()]
    return validate(files, public_keys(keys) if keys else None)


def found(bucket: Path, pattern: str) -> list[Path]:
    return sorted(bucket.glob(pattern), key=lambda path: path.name)


def results(validation: Validation) -> Counter[str]:
    return Counter(one.result for one in validation.logs)


def proofs(validation: Validation) -> Counter[str]:
    return Counter(one.proof for one in validation.digests)


def test_an_untouched_trail_is_valid_throughout(check: Callable[[], Validation]) -> None:
    validation = check()
    assert (results(validation), proofs(validation)) == ({"valid": 6}, {"signed": 6})
    assert not validation.holes
    assert not validation.differs


def test_without_keys_nothing_is_proven_and_nothing_is_wrong(bucket: Path) -> None:
    validation = checked(bucket)
    assert (results(validation), proofs(validation)) == ({"hash-ok": 6}, {"unproven": 6})
    assert not validation.differs


def test_unpacked_and_repacked_logs_stay_valid(bucket: Path, check: Callable[[], Validation]) -> None:
    first, second, *_ = found(bucket, LOGS)
    body = gzip.decompress(first.read_bytes())
    first.unlink()
    first.with_suffix("").write_bytes(body)
    second.write_bytes(gzip.compress(gzip.decompress(second.read_bytes()), 1, mtime=12345))
    assert results(check()) == {"valid": 6}


def test_only_the_last_digest_needs_its_metadata(bucket: Path, check: Callable[[], Validation]) -> None:
    beside = found(bucket, "**/*.metadata.json")
    for path in beside:
        path.unlink()
    assert proofs(check()) == {"signed": 4, "unproven": 2}  # the last of each chain


def test_a_changed_log_is_a_mismatch(bucket: Path, check: Callable[[], Validation]) -> None:
    log = found(bucket, LOGS)[2]
    log.write_bytes(gzip.compress(gzip.decompress(log.read_bytes()).replace(b"192.0.2.7", b"192.0.2.8")))
    assert results(check()) == {"valid": 5, "mismatch": 1}
    assert check().differs


@pytest.mark.parametrize("behind", [b"x", b"\0", gzip.compress(b"", mtime=0)])
def test_bytes_behind_the_packed_data_are_refused(bucket: Path, check: Callable[[], Validation], behind: bytes) -> None:
    log = found(bucket, LOGS)[0]
    log.write_bytes(log.read_bytes() + behind)
    assert [one.reason for one in check().logs if one.result == "mismatch"] == ["damaged"]


def test_a_log_taken_away_is_missing(bucket: Path, check: Callable[[], Validation]) -> None:
    found(bucket, LOGS)[0].unlink()
    assert results(check()) == {"valid": 5, "missing": 1}
    assert check().differs


def test_a_planted_log_is_not_listed_and_a_later_one_not_covered(bucket: Path, check: Callable[[], Validation]) -> None:
    Trail(bucket).log(1, 9, minute=30)
    planted = [one for one in check().logs if one.result != "valid"]
    assert [(one.result, one.reason) for one in planted] == [("not-covered", "not-listed")]
    assert check().differs
    Path(planted[0].path).unlink()
    Trail(bucket).log(9, 9)
    assert [one.reason for one in check().logs if one.result != "valid"] == ["no-digest"]
    assert not check().differs


@pytest.mark.parametrize("hours", [1, 2, 3])
def test_digests_taken_away_are_a_gap_however_many(bucket: Path, check: Callable[[], Validation], hours: int) -> None:
    for digest in [path for path in found(bucket, DIGESTS) if "_backfill" not in path.name][1 : 1 + hours]:
        digest.unlink()
    validation = check()
    assert [(hole.hours, hole.reason) for hole in validation.holes] == [(hours, "taken-away")]
    assert validation.holes[0].end_us - validation.holes[0].start_us == hours * HOUR
    assert validation.differs


def test_a_digest_without_a_log_of_it_makes_the_log_missing_no_more(
    bucket: Path, check: Callable[[], Validation]
) -> None:
    """An empty hour has a digest too: taking it away leaves no log uncovered, and is a gap all the same."""
    found(bucket, DIGESTS)[3].unlink()
    validation = check()
    assert results(validation) == {"valid": 6}
    assert [hole.reason for hole in validation.holes] == ["taken-away"]


def test_a_new_chain_after_a_pause_is_a_gap_but_no_difference(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "bucket")
    trail.digest(0)
    trail.digest(5, starting=True)
    validation = checked(tmp_path / "bucket", keys_file(tmp_path / "keys.json"))
    assert [(hole.hours, hole.reason) for hole in validation.holes] == [(4, "off")]
    assert not validation.differs


def rewritten(digest: Path, old: bytes, new: bytes) -> None:
    digest.write_bytes(gzip.compress(gzip.decompress(digest.read_bytes()).replace(old, new)))


@pytest.mark.parametrize("which", range(6))
def test_a_rewritten_digest_is_bad_and_covers_nothing(
    bucket: Path, check: Callable[[], Validation], which: int
) -> None:
    rewritten(found(bucket, DIGESTS)[which], b'"logFiles"', b'"x": 1, "logFiles"')
    assert proofs(check()) == {"signed": 5, "bad": 1}
    assert check().differs


def test_a_file_named_like_a_digest_that_is_none_is_bad(bucket: Path, check: Callable[[], Validation]) -> None:
    """Also the first of a chain, which leaves no hole."""
    first = found(bucket, DIGESTS)[0]
    first.write_bytes(b"\x1e" + first.read_bytes()[1:])
    assert proofs(check()) == {"signed": 5, "bad": 1}
    assert check().differs


def test_log_and_digest_rewritten_together_are_found_even_without_keys(bucket: Path) -> None:
    rewritten(found(bucket, DIGESTS)[0], b'"logFiles"', b'"x": 1, "logFiles"')
    assert proofs(checked(bucket)) == {"unproven": 5, "bad": 1}
    assert checked(bucket).differs


def test_a_digest_signed_by_another_key_is_bad(tmp_path: Path) -> None:
    path = Trail(tmp_path / "bucket").digest(0, by=2)
    rewritten(path, f"{2:032x}".encode(), f"{1:032x}".encode())
    assert proofs(checked(tmp_path / "bucket", keys_file(tmp_path / "keys.json"))) == {"bad": 1}


def test_a_digest_of_an_unknown_key_is_unproven_until_one_after_it_is(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "bucket")
    trail.digest(0, by=2)
    assert proofs(checked(tmp_path / "bucket", keys_file(tmp_path / "keys.json"))) == {"unproven": 1}
    trail.digest(1, by=1)
    assert proofs(checked(tmp_path / "bucket", tmp_path / "keys.json")) == {"signed": 1, "linked": 1}


def test_a_changed_signature_beside_a_digest_is_found(bucket: Path, check: Callable[[], Validation]) -> None:
    for path in found(bucket, "**/*.metadata.json"):
        told = json.loads(path.read_text())
        path.write_text(json.dumps(told | {"signature": "00" + told["signature"][2:]}))
        assert check().differs
        path.write_text(json.dumps(told))
    assert not check().differs


def test_a_second_digest_of_the_same_name_is_found(bucket: Path, check: Callable[[], Validation]) -> None:
    digest = found(bucket, DIGESTS)[1]
    twin = digest.with_name("copy.json.gz")
    shutil.copy(digest, twin)
    assert not check().differs
    rewritten(twin, b'"logFiles"', b'"x": 1, "logFiles"')
    assert proofs(check())["bad"] == 1


def test_names_do_not_matter_where_the_content_is_there(bucket: Path, check: Callable[[], Validation]) -> None:
    for number, log in enumerate(found(bucket, LOGS)):
        log.rename(bucket / f"{number}")
    assert results(check()) == {"valid": 6}


@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_any_flipped_bit_is_found_or_changes_no_content(pristine: Path, share: float, bit: int) -> None:
    """Of all bits in logs and digests; some bits of a gzip header mean nothing."""
    files = [*found(pristine / "bucket", LOGS), *found(pristine / "bucket", DIGESTS)]
    sizes = [path.stat().st_size for path in files]
    at = int(share * sum(sizes))
    chosen = next(number for number in range(len(files)) if at < sum(sizes[: number + 1]))
    with TemporaryDirectory() as folder:
        copy = shutil.copytree(pristine / "bucket", Path(folder) / "bucket")
        path = copy / files[chosen].relative_to(pristine / "bucket")
        content = bytearray(path.read_bytes())
        content[at - sum(sizes[:chosen])] ^= 1 << bit
        path.write_bytes(content)
        validation = checked(copy, pristine / "keys.json")
        assert validation.differs or unchanged(path, files[chosen])


def unchanged(path: Path, original: Path) -> bool:
    held, _ = look([Given(str(path), path.name)])
    return held[0].sha256 == look([Given(str(original), path.name)])[0][0].sha256 and not held[0].problem


BROKEN = (
    b"",
    b"{}",
    b"[]",
    b"\xff",
    b'{"PublicKeyList": [{"Value": "AAAA", "Fingerprint": "x"}]}',
    b'{"PublicKeyList": 1}',
)


@pytest.mark.parametrize("content", BROKEN)
def test_keys_that_cannot_be_read_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(Unreadable, match=r"keys\.json"):
        public_keys(tmp_path / "keys.json")


@given(content=st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_arbitrary_files_are_counted_and_never_raise(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        for name in ("a.gz", "111122223333_CloudTrail-Digest_x_y_x_20261106T130000Z.json.gz", "b.metadata.json", "b"):
            (Path(folder) / name).write_bytes(content)
        validation = checked(Path(folder))
        assert len(validation.digests) + len(validation.logs) + validation.others + len(validation.unreadable) == 3
