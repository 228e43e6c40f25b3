"""What every shape and mapping of alerts must keep to. A new one is in here as soon as it is in its table, with a folder of samples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.desk.alerts.models import Alert
from hikeshi.signals import fields, mapped, mapping, shapes
from hikeshi.signals.mapped import SHIPPED
from hikeshi.signals.reading import read
from hikeshi.signals.shapes import SHAPES

SAMPLES = Path(__file__).parents[1] / "samples" / "signals"
READERS = [*SHAPES, *mapped.mapped()]

every_reader = pytest.mark.parametrize("name", READERS)
every_sample = pytest.mark.parametrize(
    ("name", "path"), [pytest.param(n, p, id=f"{n}/{p.name}") for n in READERS for p in sorted((SAMPLES / n).iterdir())]
)


def test_the_table_is_alphabetical_and_names_every_file() -> None:
    files = sorted(path.stem for path in Path(shapes.__path__[0]).glob("*.py") if path.stem != "__init__")
    assert list(SHAPES) == files == [shape.NAME for shape in SHAPES.values()]


def test_every_shipped_mapping_is_right_and_named_like_its_file() -> None:
    assert mapped.problems(SHIPPED) == []
    for path in SHIPPED.iterdir():
        assert mapping.read(path).name == path.stem


@every_reader
def test_it_names_what_it_was_written_from(name: str) -> None:
    text = SHAPES[name].__doc__ or "" if name in SHAPES else mapping.read(SHIPPED / f"{name}.yaml").source
    assert name == "selfreport" or re.search(r"https://\S+", text)


@every_reader
def test_it_has_samples(name: str) -> None:
    assert len(list((SAMPLES / name).iterdir())) >= 2


@every_sample
def test_its_samples_are_understood_by_content_as_by_name_and_by_no_other(name: str, path: Path) -> None:
    payload = path.read_bytes()
    by_content = read(payload, "x")
    assert by_content.problems == []
    assert read(payload, "x", name) == by_content
    if name not in {"guardduty", "mail"}:
        assert not any(read(payload, "x", other).signals for other in READERS if other != name)


@every_sample
def test_what_it_says_fits_the_tables(name: str, path: Path) -> None:
    for signal in read(path.read_bytes(), "x").signals:
        row = {name: value for name in ("key", "title", "kind", "account", "region", "instance_id", "remote_address",
                                        "principal", "resource_role") if (value := getattr(signal, name)) is not None}  # fmt: skip
        for column, value in row.items():
            assert len(value) <= getattr(Alert._meta.get_field(column), "max_length", 0), column
            assert value.isprintable(), column
        assert signal.title
        assert signal.kind
        assert 0 <= signal.score <= 10
        assert all(len(one.value) <= fields.VALUE_LIMIT and one.value.isprintable() for one in signal.observables)
        assert signal.last_seen_at is not None


@every_sample
def test_without_an_id_it_is_unreadable_or_told_apart_by_other_means(name: str, path: Path) -> None:
    """Every field of a sample is left out once: nothing fails, and what is dropped is named."""
    if path.suffix != ".json":
        return
    document = json.loads(path.read_bytes())
    for changed in list(_without_one(document))[:300]:
        found = read(json.dumps(changed).encode(), "x")
        assert found.signals or found.problems
        assert "a fault of ours" not in found.problem


def _without_one(value: Any) -> Any:
    if isinstance(value, dict):
        for key, part in value.items():
            yield {name: one for name, one in value.items() if name != key}
            odd: list[Any] = [None, 7, "x", [], {}]
            yield from (value | {key: one} for one in odd)
            for inner in _without_one(part):
                yield value | {key: inner}
    elif isinstance(value, list):
        for number, part in enumerate(value):
            for inner in _without_one(part):
                yield [*value[:number], inner, *value[number + 1 :]]


WORDS = sorted(
    {word for path in SAMPLES.glob("*/*.json") for word in re.findall(r'"(\w[\w.-]{1,40})"', path.read_text())}
)

nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner, max_size=8),
    max_leaves=15,
)  # fmt: skip


@given(nested)
def test_arbitrary_json_never_fails(document: Any) -> None:
    found = read(json.dumps(document).encode(), "fuzz")
    assert found.signals or found.problems
    assert "a fault of ours" not in found.problem


@given(
    st.binary(max_size=400)
    | st.builds(
        lambda head, rest: head + rest, st.sampled_from([b"From: a@b\nSubject: ", b"{", b"[{"]), st.binary(max_size=300)
    )
)
def test_arbitrary_bytes_never_fail(payload: bytes) -> None:
    found = read(payload, "fuzz")
    assert found.signals or found.problems
    assert "a fault of ours" not in found.problem


@given(name=st.sampled_from(READERS), document=nested)
def test_arbitrary_json_never_fails_a_named_reader(name: str, document: Any) -> None:
    found = read(json.dumps(document).encode(), "fuzz", name)
    assert found.signals or found.problems
    assert "a fault of ours" not in found.problem
