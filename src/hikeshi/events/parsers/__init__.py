"""Every log that can be read, by the name people give with `--as`. Alphabetical; one line for each file of this folder."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from hikeshi.events.kinds import Kinds
from hikeshi.events.parser import Parser

PARSERS = Kinds(
    lambda name: cast("Parser", import_module(f"{__name__}.{name}")),
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


@cache
def _all() -> tuple[Parser, ...]:
    return tuple(PARSERS.values())


def recognise(head: bytes, name: str = "") -> Parser | None:  # noqa: ARG001  a name can lie; some formats to come need it
    """The parser whose log begins with these bytes, or None. Content decides; `name` is there for formats without a mark."""
    return next((parser for parser in _all() if parser.recognises(head)), None)
