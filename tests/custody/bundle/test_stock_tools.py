"""What VERIFY.md tells a court's expert to type, typed as it stands: nothing of ours takes part but the bundle."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bundles import folder_of, proven, record
from custody.bundle.conftest import needs
from hikeshi.custody.bundle import stand_alone
from hikeshi.custody.bundle.checking import check
from hikeshi.custody.bundle.contents import Contents, PublicKey
from hikeshi.custody.signing import Algorithm

pytestmark = needs("sha256sum", "openssl", "ssh-keygen", "bash")


def told(folder: Path) -> list[str]:
    """The blocks of commands in VERIFY.md."""
    return re.findall(r"```sh\n(.*?)```", (folder / "VERIFY.md").read_text(encoding="utf-8"), re.DOTALL)


def typed(folder: Path, commands: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip


def test_every_command_as_it_stands_accepts_an_untouched_bundle(folder: Path) -> None:
    blocks = told(folder)
    assert len(blocks) == 6
    for block in blocks:
        done = typed(folder, block)
        assert done.returncode == 0, (block, done.stdout, done.stderr)


def test_it_is_written_in_both_languages_and_names_the_key(folder: Path) -> None:
    text = (folder / "VERIFY.md").read_text(encoding="utf-8")
    key = check(folder).findings[1].en.rsplit(" ", 1)[1]
    assert "検証方法" in text
    assert key in text
    assert not re.search(r"@[A-Z]+@", text)
    assert key in typed(folder, told(folder)[3]).stdout


@pytest.mark.parametrize("name", ["items/EV-001/*", "ledger/*.jsonl", "manifest.json", "keys/*.pem", "verify.py"])
def test_a_changed_file_is_found_by_sha256sum(folder: Path, name: str) -> None:
    (path,) = folder.glob(name)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\n")
    assert typed(folder, told(folder)[0]).returncode != 0


def test_an_added_file_is_found_by_the_comparison(folder: Path) -> None:
    (folder / "items" / "EV-009").write_text("planted")
    assert "EV-009" in typed(folder, told(folder)[1]).stdout


def test_a_changed_list_is_found_by_openssl_and_by_ssh_keygen(folder: Path) -> None:
    (folder / "MANIFEST.sha256").chmod(0o644)
    with (folder / "MANIFEST.sha256").open("ab") as stream:
        stream.write(b"0" * 64 + b"  planted\n")
    for command in told(folder)[2].splitlines():
        assert typed(folder, command).returncode != 0


class EcdsaSigner:
    """A key as a cloud's key service holds it."""

    algorithm: Algorithm = "ecdsa-p256"
    place = "test"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(SHA256()))


def test_a_bundle_signed_by_an_ecdsa_key_is_accepted_too(contents: Contents, tmp_path: Path) -> None:
    for number in range(3):  # the signature's numbers are sometimes a byte shorter
        signer = EcdsaSigner()
        key = PublicKey(public=signer.public, algorithm=signer.algorithm, since="2026-11-06T00:00:00.000000Z")
        signed = msgspec.structs.replace(contents, signer=signer, keys=[key], ledger=[proven(record(3), signer)])
        folder = folder_of(signed, tmp_path / f"ecdsa{number}")
        assert typed(folder, "\n".join(told(folder))).returncode == 0
        assert check(folder).outcome == "match"


def test_the_verifier_runs_on_python_3_8(folder: Path) -> None:
    source = (folder / "verify.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)


def test_without_the_programs_the_verifier_says_that_it_could_not_check(folder: Path) -> None:
    words = [sys.executable, "-I", "verify.py", "--lang", "ja"]
    done = subprocess.run(
        words, cwd=folder, env={"PATH": "/nowhere", "PYTHONUTF8": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "確認できず" in done.stdout
    assert "不一致" not in done.stdout


def test_another_key_than_the_one_known_is_a_difference(folder: Path) -> None:
    assert stand_alone.main([str(folder), "--key", "0" * 64]) == 4
    assert check(folder, key="0" * 64).outcome == "mismatch"


@needs("unzip", "7z")
def test_stock_programs_unpack_the_zip_to_the_same_folder(zipped: Path, folder: Path, tmp_path: Path) -> None:
    for program, words in {"unzip": ["-q", "-d"], "7z": ["x", "-o"]}.items():
        out = tmp_path / program
        command = (
            ["unzip", "-q", str(zipped), "-d", str(out)] if words[0] == "-q" else ["7z", "x", str(zipped), f"-o{out}"]
        )
        subprocess.run(command, check=True, capture_output=True)
        assert typed(out, "\n".join(told(out))).returncode == 0
        names = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
        assert names == sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
