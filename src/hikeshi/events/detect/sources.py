"""The log sources that Sigma rules name, as events: which kinds of log, and where their fields are.

Reference: Sigma Taxonomy Appendix, https://github.com/SigmaHQ/sigma-specification
"""

from __future__ import annotations

from collections.abc import Callable

from sigma.rule import SigmaLogSource

from hikeshi.events.detect.origins import ANY, Deep, Origin
from hikeshi.events.detect.windows import windows

CLOUDTRAIL = Origin(
    kinds=("cloudtrail",),
    base="raw",
    columns={
        "account": "account",  # ours: recipientAccountId, or else the caller's, without a look into the record
        "awsRegion": "region",
        "errorCode": "error_code",
        "errorMessage": "error_message",
        "eventName": "action",
        # the parser leaves out the ending; a service of another domain was kept whole
        "eventSource": "CASE WHEN contains(service, '.') THEN service ELSE service || '.amazonaws.com' END",
        "sourceIPAddress": "coalesce(src_ip, src_service)",
        "userAgent": "user_agent",
        "userIdentity.accessKeyId": "access_key",
        "userIdentity.accountId": "actor_account",
        "userIdentity.arn": "CASE WHEN starts_with(actor_id, 'arn:') THEN actor_id END",
        "userIdentity.invokedBy": "invoked_by",
        "userIdentity.sessionContext.sessionIssuer.arn": "session_issuer",
        # the kind of thing an ARN names is in the ARN; most events of a role are asked for it, and few records are worth reading for it
        "userIdentity.sessionContext.sessionIssuer.type": "CASE WHEN contains(session_issuer, ':role/') THEN 'Role' "
        "WHEN contains(session_issuer, ':user/') THEN 'IAMUser' WHEN ends_with(session_issuer, ':root') THEN 'Root' END",
        "userIdentity.type": "actor_type",
    },
)

WEB = {
    "c-ip": "src_ip",
    "c-uri": "url",
    "c-useragent": "user_agent",
    "cs-host": "dst_host",
    "cs-method": "method",
    "cs-referer": "referer",
    "cs-uri": "url",
    "cs-uri-query": "url",  # rules write the path into it too: most web logs do not keep them apart
    "cs-uri-stem": "split_part(url, '?', 1)",
    "cs-user-agent": "user_agent",
    "cs-username": "actor_name",
    "sc-bytes": "bytes_out::VARCHAR",
    "sc-status": "http_status::VARCHAR",
}
WEB_LOGS = ("alb", "cloudfront", "s3access", "webaccess")

ZEEK = {
    "id.orig_h": "src_ip",
    "id.orig_p": "src_port::VARCHAR",
    "id.resp_h": "dst_ip",
    "id.resp_p": "dst_port::VARCHAR",
}

AUDITD = {"CommandLine": "cmdline", "Image": "process", "ProcessId": "pid::VARCHAR", "User": "actor_name"}
HOST = {"host": "host"}
PROGRAMS = frozenset({"cron", "sshd", "su", "sudo", "vsftpd"})
"""Services of Linux that are programs of the system log."""


def linux(category: str, service: str) -> Origin | None:
    if service == "auditd" and not category:
        return Origin(kinds=("auditd",), within=(ANY,), apart={"type": Deep("attrs", (ANY,))}, dotted=False)
    if category == "process_creation":
        return Origin(kinds=("auditd",), where="cmdline IS NOT NULL", columns=AUDITD, within=(ANY,), dotted=False)
    if category:
        return None
    if service in PROGRAMS:
        return Origin(kinds=("syslog",), where=f"lower(service) = '{service}'", columns=HOST, dotted=False)
    return Origin(kinds=("auditd", "syslog") if not service else ("syslog",), columns=HOST, dotted=False)


def aws(category: str, service: str) -> Origin | None:
    return CLOUDTRAIL if service == "cloudtrail" and not category else None


def zeek(_category: str, service: str) -> Origin | None:
    where = f"starts_with(source_variant, '{service}/')" if service.isidentifier() else "true"
    return Origin(kinds=("zeek",), where=where, columns=ZEEK, dotted=False)


def kubernetes(_category: str, _service: str) -> Origin:
    return Origin(kinds=("kubernetes_audit",), base="raw")


PRODUCTS: dict[str, Callable[[str, str], Origin | None]] = {
    "aws": aws,
    "kubernetes": kubernetes,
    "linux": linux,
    "windows": windows,
    "zeek": zeek,
}


def origin(source: SigmaLogSource) -> Origin | None:
    """Where events of this log source are; None where no parser reads it."""
    product, category, service = ((text or "").lower() for text in (source.product, source.category, source.service))
    if category in {"proxy", "webserver"}:
        return Origin(kinds=WEB_LOGS, columns=WEB, dotted=False)
    if product in {"apache", "nginx"} or service in {"apache", "nginx"}:
        return Origin(kinds=("webaccess", "weberror"), columns=WEB, dotted=False)
    found = PRODUCTS.get(product)
    return found(category, service) if found else None
