"""Log sources and fields of rules: where they are looked for."""

from __future__ import annotations

import pytest
from sigma.rule import SigmaLogSource

from hikeshi.events.detect.origins import Deep, Near
from hikeshi.events.detect.sources import CLOUDTRAIL, origin
from hikeshi.events.detect.windows import CHANNELS, OTHERS, SYSMON
from hikeshi.events.parsers import PARSERS


@pytest.mark.parametrize(
    ("product", "category", "service", "kinds"),
    [
        ("aws", None, "cloudtrail", ("cloudtrail",)),
        ("AWS", None, "CloudTrail", ("cloudtrail",)),
        ("windows", None, "security", ("evtx",)),
        ("windows", "process_creation", None, ("evtx",)),
        ("windows", None, None, ("evtx",)),
        ("linux", None, "auditd", ("auditd",)),
        ("linux", None, "sshd", ("syslog",)),
        ("linux", "process_creation", None, ("auditd",)),
        ("zeek", None, "dns", ("zeek",)),
        ("kubernetes", None, "audit", ("kubernetes_audit",)),
    ],
)
def test_known_sources(product: str, category: str | None, service: str | None, kinds: tuple[str, ...]) -> None:
    found = origin(SigmaLogSource(category=category, product=product, service=service))
    assert found is not None
    assert found.kinds == kinds
    assert set(found.kinds) <= set(PARSERS)


@pytest.mark.parametrize(
    ("product", "category", "service"),
    [("azure", None, "activitylogs"), ("aws", None, "route53"), ("windows", "unheard_of", None), ("linux", "file_event", None)],
)  # fmt: skip
def test_unknown_sources(product: str, category: str | None, service: str | None) -> None:
    assert origin(SigmaLogSource(category=category, product=product, service=service)) is None


def test_web_rules_need_no_product() -> None:
    found = origin(SigmaLogSource(category="webserver"))
    assert found is not None
    assert found.field("cs-method") == Near("method")
    assert set(found.kinds) <= set(PARSERS)


def test_every_category_and_channel_of_windows_is_known() -> None:
    for category in (*SYSMON, *OTHERS):
        assert origin(SigmaLogSource(product="windows", category=category)) is not None, category
    for service in CHANNELS:
        assert origin(SigmaLogSource(product="windows", service=service)) is not None, service


def test_a_field_has_a_column_or_a_path() -> None:
    assert CLOUDTRAIL.field("eventName") == Near("action")
    assert CLOUDTRAIL.field("requestParameters.a.b") == Deep("raw", ("requestParameters", "a", "b"))
    windows = origin(SigmaLogSource(product="windows", service="security"))
    assert windows is not None
    assert windows.field("Product.Name") == Deep("attrs", ("Product.Name",))
    assert windows.field("EventID") == Near("action")


def test_the_names_of_events_are_columns_of_few_values() -> None:
    names = CLOUDTRAIL.names()
    assert names.field("eventSource") == CLOUDTRAIL.field("eventSource")
    assert isinstance(names.field("userAgent"), Deep)
    started = origin(SigmaLogSource(product="linux", category="process_creation"))
    assert started is not None
    assert (started.where, started.names().where) == ("cmdline IS NOT NULL", "true")
