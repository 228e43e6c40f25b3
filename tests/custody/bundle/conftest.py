"""A small bundle, as its contents, as a folder and as a zip."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bundles import folder_of, small_contents, zip_of
from hikeshi.custody.bundle.contents import Contents


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return small_contents(tmp_path)


@pytest.fixture
def folder(contents: Contents, tmp_path: Path) -> Path:
    return folder_of(contents, tmp_path / "bundle")


@pytest.fixture
def zipped(contents: Contents, tmp_path: Path) -> Path:
    return zip_of(contents, tmp_path / "bundle.zip")


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
