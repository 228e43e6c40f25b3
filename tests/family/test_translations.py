"""Every text for people exists in Japanese, and what is compiled is what is written."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from django.utils.translation.template import templatize

SOURCE = Path(__file__).parents[2] / "src" / "hikeshi"
PO = SOURCE / "locale" / "ja" / "LC_MESSAGES" / "django.po"
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
CALLED = re.compile(rf"\b(?:{'|'.join(CALLS)})\(")
STRING = r"""u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*\""""
MARKED = re.compile(rf"(?:n?gettext|\b_)\(({STRING})(?:,\s*({STRING}))?")
KEPT_ENGLISH = {"Hikeshi", "JST", "SHA-256", "UTC"}


def _compiler() -> ModuleType:
    spec = importlib.util.spec_from_file_location("locale_compile", SOURCE / "locale" / "compile.py")
    if spec is None or spec.loader is None:
        raise AssertionError("locale/compile.py is not here")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMPILER = _compiler()
WRITTEN: dict[str, str] = COMPILER.read(PO)


def _in_templates() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("templates/**/*.html")):
        for found in MARKED.finditer(templatize(path.read_text(encoding="utf-8"), origin=str(path))):
            yield str(path.relative_to(SOURCE)), "\0".join(ast.literal_eval(part) for part in found.groups() if part)


def _in_python() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not CALLED.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
                parts = node.args[: 2 if node.func.id == "ngettext" else 1]
                texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                if len(texts) == len(parts):
                    yield str(path.relative_to(SOURCE)), "\0".join(texts)


@cache
def used() -> list[tuple[str, str]]:
    """Every text with its file. Not found when this file is imported: every worker imports it, and one runs it."""
    return sorted({*_in_templates(), *_in_python()})


@pytest.mark.parametrize("kind", ["templates", "python"])
def test_texts_are_found_at_all(kind: str) -> None:
    assert sum(path.endswith(".html") == (kind == "templates") for path, _text in used()) > 100


def test_every_text_has_a_japanese_one() -> None:
    missing = [(path, text) for path, text in used() if not WRITTEN.get(text)]
    assert missing == []


def test_no_text_is_translated_that_is_no_longer_used() -> None:
    found = {text for _path, text in used()}
    assert sorted(text for text in WRITTEN if text and text not in found) == []


def test_what_is_compiled_is_what_is_written() -> None:
    assert PO.with_suffix(".mo").read_bytes() == COMPILER.compiled(WRITTEN)


@pytest.mark.parametrize("sign", [r"%\((\w+)\)[sd]", r"\{(\w+)\}"])
def test_a_translation_fills_in_the_same_names(sign: str) -> None:
    for text, said in WRITTEN.items():
        if text:
            assert set(re.findall(sign, said)) == set(re.findall(sign, text)), text


def test_a_translation_is_japanese() -> None:
    for text, said in WRITTEN.items():
        if text and re.search(r"[a-z]{3}", re.sub(r"%\(\w+\)[sd]|\{\w+\}|hikeshi [a-z ]+", "", text)):
            assert re.search(r"[぀-ヿ一-鿿]", said) or said in KEPT_ENGLISH, (text, said)


@pytest.mark.parametrize("word", ["犯人", "ハッカー", "撲滅", "リカバリ", "サーバ ", "ユーザ ", "チケット"])
def test_words_the_glossary_avoids_are_not_used(word: str) -> None:
    assert [text for text, said in WRITTEN.items() if word in said] == []
