"""The scripts for Windows, read strictly: no PowerShell is on this machine, so what a parser would refuse is looked for by ourselves.

About Windows PowerShell 5.1, which every supported Windows has: quotes, comments and brackets close where they should, no
operator of PowerShell 7 is used, every function is one of the script or a cmdlet that comes with Windows, every variable is set somewhere.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hikeshi

SCRIPTS = sorted(Path(hikeshi.__file__).parent.rglob("*.ps1"))
CLOSING = {"(": ")", "[": "]", "{": "}"}
COMES_WITH_WINDOWS = frozenset(
    [
        "ConvertFrom-Json",
        "ConvertTo-Json",
        "ForEach-Object",
        "Get-CimInstance",
        "Get-Command",
        "Get-Date",
        "Get-DnsClientServerAddress",
        "Get-FileHash",
        "Get-LocalUser",
        "Get-NetFirewallRule",
        "Get-NetTCPConnection",
        "Get-ScheduledTask",
        "Get-Service",
        "New-NetFirewallRule",
        "New-Object",
        "New-ScheduledTaskAction",
        "New-ScheduledTaskTrigger",
        "Out-Null",
        "Out-String",
        "Register-ScheduledTask",
        "Remove-NetFirewallRule",
        "Select-Object",
        "Sort-Object",
        "Test-Path",
        "Unregister-ScheduledTask",
        "Where-Object",
    ]
)
AUTOMATIC = frozenset({"_", "false", "null", "true"})
SEVEN = re.compile(r"&&|\|\||\?\?|\?\.|\s\?\s|ForEach-Object\s+-Parallel|Join-String|Get-Error")
SKIPPED = re.compile(r"#[^\n]*|'(?:[^']|'')*'")
VARIABLE = re.compile(r"\$(\w+)")
SETS = re.compile(r"\$(\w+)\s*(?:\+|-)?=|foreach \(\$(\w+) in|\[[\w.\[\]]+\]\$(\w+)")


def code(text: str) -> str:
    """Without comments, and with texts emptied; what "..." puts in by `$name` or `$(...)` is kept as code. Raises where one does not close."""
    kept, at = [], 0
    while at < len(text):
        if found := SKIPPED.match(text, at):
            kept.append("''" if found[0].startswith("'") else "")
            at = found.end()
        elif text[at] == '"':
            inner, at = expanded(text, at + 1)
            kept.append(f" {inner} ")
        elif text[at] == "'":
            raise AssertionError(f"a text that begins at {text[at : at + 40]!r} does not end")
        else:
            kept.append(text[at : at + 1 + (text[at] == "`")])
            at += 1 + (text[at] == "`")
    return "".join(kept)


def expanded(text: str, at: int) -> tuple[str, int]:
    """What a text in double quotes puts in, and where the text goes on after it."""
    kept: list[str] = []
    while at < len(text):
        if text[at] == "`":
            at += 2
        elif text[at] == '"':
            return " ".join(kept), at + 1
        elif text.startswith("$(", at):
            end = text.index(")", at)
            kept.append(text[at : end + 1])
            at = end + 1
        elif found := VARIABLE.match(text, at):
            kept.append(found[0])
            at = found.end()
        else:
            at += 1
    raise AssertionError("a text in double quotes does not end")


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.name)
def script(request: pytest.FixtureRequest) -> str:
    return Path(request.param).read_text(encoding="utf-8")


def test_windows_reads_it_as_it_is_written(script: str) -> None:
    """Without a byte order mark Windows PowerShell takes a script for the code page of the machine."""
    assert script.isascii()
    assert re.search(r"[=(,] *@['\"]$", script, re.MULTILINE) is None, "here-strings are not read by `code`"


def test_what_is_opened_is_closed(script: str) -> None:
    opened: list[str] = []
    for sign in code(script):
        if sign in CLOSING:
            opened.append(CLOSING[sign])
        elif sign in CLOSING.values():
            assert opened, f"{sign} closes nothing"
            assert opened.pop() == sign
    assert opened == []


def test_it_needs_nothing_newer_than_what_windows_has(script: str) -> None:
    assert SEVEN.search(code(script)) is None
    own = set(re.findall(r"function ([\w-]+)", script))
    used = set(re.findall(r"\b[A-Z][a-z]+-[A-Z]\w+", code(script)))
    assert used - own - COMES_WITH_WINDOWS == set()


def test_every_variable_is_set_somewhere(script: str) -> None:
    text = code(script)
    known = {name for found in SETS.finditer(text) for name in found.groups() if name}
    assert {name.lower() for name in VARIABLE.findall(text)} - {name.lower() for name in known} - AUTOMATIC == set()


@pytest.mark.parametrize("broken", ["'open", '"open', '"$(Get-Date"'])
def test_a_text_that_does_not_end_is_found(broken: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        code(broken)
