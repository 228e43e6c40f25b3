"""Every log that can be read, by the name people give with `--as`. Alphabetical; one line for each file of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import cast

from hikeshi.events.parser import Parser


class _Table(Mapping[str, Parser]):
    """The files of this folder by their names, each loaded when it is asked for: most logs are of few kinds."""

    def __init__(self, *names: str) -> None:
        self._names = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Parser:
        if name not in self._names:
            raise KeyError(name)
        return cast("Parser", import_module(f"{__name__}.{name}"))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def all(self) -> tuple[Parser, ...]:
        return tuple(self.values())


PARSERS = _Table(
    "alb",
    "auditd",
    "awsconfig",
    "bodyfile",
    "cloudfront",
    "cloudtrail",
    "cloudtrail_csv",
    "evtx",
    "guardduty",
    "journal",
    "kubernetes_audit",
    "nlb",
    "ocsf",
    "plaso",
    "resolver",
    "s3access",
    "securityhub",
    "suricata",
    "syslog",
    "timesketch",
    "vpcflow",
    "waf",
    "webaccess",
    "weberror",
    "wtmp",
    "zeek",
)


def recognise(head: bytes, name: str = "") -> Parser | None:  # noqa: ARG001  a name can lie; some formats to come need it
    """The parser whose log begins with these bytes, or None. Content decides; `name` is there for formats without a mark."""
    return next((parser for parser in PARSERS.all if parser.recognises(head)), None)
