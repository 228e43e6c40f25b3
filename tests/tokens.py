"""A PKCS#11 token of the tests: SoftHSM2 in a folder of its own, with one key of each kind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "24681357"


def make_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token `hikeshi` with the keys `ledger` (Ed25519) and `old` (P-256). Returns the file with its PIN."""
    if not (MODULE.exists() and shutil.which("softhsm2-util") and shutil.which("pkcs11-tool")):
        pytest.skip("softhsm2 or opensc is not installed")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    _run("softhsm2-util", "--init-token", "--free", "--label", "hikeshi", "--so-pin", "12345678", "--pin", PIN)
    for label, number, kind in (("ledger", "01", "EC:edwards25519"), ("old", "02", "EC:prime256v1")):
        _run(
            "pkcs11-tool", "--module", str(MODULE), "--token-label", "hikeshi", "--login", "--pin", PIN,
            "--keypairgen", "--key-type", kind, "--label", label, "--id", number,
        )  # fmt: skip
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o400)
    return pin_file


def address(label: str) -> str:
    return f"pkcs11:token=hikeshi;object={label}?module-path={MODULE}"


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, env=os.environ)
