"""From files to rules. A file that is no rule, or a rule with a mistake, is a rule with an error: the others are not touched by it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition, SigmaRuleReference
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule, SigmaRuleBase

from hikeshi.errors import Refused

OWN = Path(__file__).parent / "rules"
"""Our own pack."""

LARGEST = 1 << 20
"""Bytes of a rule file at most; the public ones have a few thousand."""

TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?", re.IGNORECASE)
ENDINGS = frozenset({".yml", ".yaml"})


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule and what is said about it. `error` says why it cannot be asked; then `sigma` may be missing."""

    id: str
    title: str
    file: str
    """Path below the folder that was given."""
    level: str = ""
    tags: tuple[str, ...] = ()
    error: str = ""
    sigma: SigmaRule | SigmaCorrelationRule | None = None

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK techniques, such as T1078.004."""
        names = (tag.removeprefix("attack.") for tag in self.tags)
        return tuple(name.upper() for name in names if TECHNIQUE.fullmatch(name))


def load(folders: Iterable[str | Path]) -> list[Rule]:
    """Every rule in files and folders, in the order of their paths. Raises Refused where a path does not exist.

    References of correlations are resolved over all of them; two rules with one id or name are both kept, and the first is meant.
    """
    rules = [rule for folder in folders for path, name in _files(Path(folder)) for rule in _of_file(path, name)]
    return _resolved(rules)


def digest(folders: Iterable[str | Path]) -> str:
    """SHA-256 over the paths and the content of the rule files that `load` reads: one name for exactly these rules."""
    total = hashlib.sha256()
    for path, name in (one for folder in folders for one in _files(Path(folder))):
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:  # `load` says so too; here it must not pass for the file that could be read
            content = f"unreadable: {error.strerror}"
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Rule files in the order of their paths, each with its name below the folder."""
    if folder.is_file():
        yield folder, folder.name
        return
    if not folder.is_dir():
        raise Refused(f"There are no rules at {folder}.", hint="Name a file or a folder of Sigma rules (*.yml).")
    for path in sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file()):
        yield path, path.relative_to(folder).as_posix()


def _of_file(path: Path, name: str) -> Iterator[Rule]:
    try:
        documents = _documents(path)
        found = SigmaCollection.from_dicts(
            documents, collect_errors=True, collect_filters=True, resolve_references=False
        )
    except (OSError, ValueError, RecursionError, yaml.YAMLError, SigmaError, *ODD) as error:
        yield Rule(id=path.stem, title=path.stem, file=name, error=_said(error))
        return
    rules = list(found.rules)
    yield from (_rule(rule, path.stem, name) for rule in rules)
    if not rules and not found.filters:
        yield Rule(id=path.stem, title=path.stem, file=name, error=_said(*found.errors) or "there is no rule in it")


def _documents(path: Path) -> list[Any]:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is longer than {LARGEST:,} bytes")
    documents = [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one is not None]
    if not all(isinstance(one, dict) for one in documents):
        raise ValueError("a rule is a mapping of YAML")
    return documents


ODD = (AttributeError, KeyError, TypeError, IndexError)
"""What pySigma raises at rules that are shaped like none."""


def _rule(rule: SigmaRuleBase, stem: str, name: str) -> Rule:
    return Rule(
        id=str(rule.id or rule.name or stem),
        title=rule.title or stem,
        file=name,
        level=rule.level.name.lower() if rule.level else "",
        tags=tuple(str(tag) for tag in rule.tags),
        error=_said(*rule.errors),
        sigma=rule if isinstance(rule, SigmaRule | SigmaCorrelationRule) else None,
    )


def _said(*errors: BaseException) -> str:
    return "; ".join(" ".join(str(error).split()) or type(error).__name__ for error in errors)


def _resolved(rules: list[Rule]) -> list[Rule]:
    known: dict[str, Any] = {}
    for sigma in (rule.sigma for rule in rules if rule.sigma is not None):
        for name in (sigma.name, sigma.id):
            known.setdefault(str(name), sigma)
    return [_with_references(rule, known) for rule in rules]


def _with_references(rule: Rule, known: dict[str, Any]) -> Rule:
    if rule.error or not isinstance(rule.sigma, SigmaCorrelationRule):
        return rule
    sigma = rule.sigma
    if sigma.rules is not None:
        sigma.referenced_rules = sigma.rules
    elif isinstance(sigma.condition, SigmaExtendedCorrelationCondition):
        sigma.referenced_rules = [SigmaRuleReference(name) for name in sigma.condition.get_referenced_rules()]
    for reference in sigma.referenced_rules:
        if reference.reference not in known:
            return msgspec.structs.replace(rule, error=f"there is no rule {reference.reference!r}, which it counts")
        reference.rule = known[reference.reference]
    return rule
