"""What every test shares: a home folder of its own, and three people by role."""

from __future__ import annotations

import gc
import os
import tempfile
from collections import Counter
from pathlib import Path

# Before Django reads its settings: a test must never touch a real home folder or a real cloud.
for _name in [name for name in os.environ if name.startswith(("HIKESHI_", "AWS_"))]:
    del os.environ[_name]
os.environ["HIKESHI_HOME"] = tempfile.mkdtemp(prefix="hikeshi-test-")
if "TEST_DATABASE_URL" in os.environ:  # tests/on_postgres.py
    os.environ["HIKESHI_DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
os.environ["DJANGO_SETTINGS_MODULE"] = "hikeshi.settings"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import django
import hypothesis
import pytest

hypothesis.settings.register_profile("hikeshi", deadline=None)  # a busy machine is no defect; benchmarks measure time
hypothesis.settings.load_profile("hikeshi")
django.setup()  # the conftest of a folder below may import models before pytest-django is ready

from django.conf import settings

from hikeshi.aws.buckets import SHARED

if "TEST_DATABASE_URL" not in os.environ:
    # pytest-django knows only Django's own SQLite by name; workers beside each other need no names in memory.
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = ":memory:"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For workers beside each other, whole files, the longest first: otherwise one works on alone when the others have ended."""
    if not hasattr(config, "workerinput"):
        return
    weight: Counter[Path] = Counter()
    for item in items:
        weight[item.path] += 50 if item.get_closest_marker("slow") or item.get_closest_marker("browser") else 1
    items.sort(key=lambda item: -weight[item.path])


def pytest_collection_finish() -> None:
    """What is imported and collected stays until the end: it is not looked through again each time rubbish is collected."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def full_buckets() -> None:
    """What one test has asked of an account must not slow the next one down."""
    SHARED.forget()


@pytest.fixture(autouse=True)
def quick_passwords(request: pytest.FixtureRequest) -> None:
    """Password hashing is slow on purpose; no test is about that."""
    if (
        "db" in request.fixturenames
        or "transactional_db" in request.fixturenames
        or request.node.get_closest_marker("django_db")
    ):
        settings = request.getfixturevalue("settings")
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def shared_data() -> Path:
    """Real logs and findings beside the repository. Tests that use them say so where they are absent."""
    return Path(__file__).parents[2] / "shared" / "data"
