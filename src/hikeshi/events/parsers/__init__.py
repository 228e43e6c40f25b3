"""Every log that can be read, by the name people give with `--as`. Alphabetical; one line for each file of this folder."""

from __future__ import annotations

from hikeshi.events.parser import Parser
from hikeshi.events.parsers import (
    alb,
    auditd,
    awsconfig,
    bodyfile,
    cloudfront,
    cloudtrail,
    cloudtrail_csv,
    evtx,
    guardduty,
    journal,
    kubernetes_audit,
    nlb,
    ocsf,
    plaso,
    resolver,
    s3access,
    securityhub,
    suricata,
    syslog,
    timesketch,
    vpcflow,
    waf,
    webaccess,
    weberror,
    wtmp,
    zeek,
)

PARSERS: dict[str, Parser] = {
    "alb": alb,
    "auditd": auditd,
    "awsconfig": awsconfig,
    "bodyfile": bodyfile,
    "cloudfront": cloudfront,
    "cloudtrail": cloudtrail,
    "cloudtrail_csv": cloudtrail_csv,
    "evtx": evtx,
    "guardduty": guardduty,
    "journal": journal,
    "kubernetes_audit": kubernetes_audit,
    "nlb": nlb,
    "ocsf": ocsf,
    "plaso": plaso,
    "resolver": resolver,
    "s3access": s3access,
    "securityhub": securityhub,
    "suricata": suricata,
    "syslog": syslog,
    "timesketch": timesketch,
    "vpcflow": vpcflow,
    "waf": waf,
    "webaccess": webaccess,
    "weberror": weberror,
    "wtmp": wtmp,
    "zeek": zeek,
}


def recognise(head: bytes, name: str = "") -> Parser | None:  # noqa: ARG001  a name can lie; some formats to come need it
    """The parser whose log begins with these bytes, or None. Content decides; `name` is there for formats without a mark."""
    return next((parser for parser in PARSERS.values() if parser.recognises(head)), None)
