"""What is known of what a group names, as far as the markings allow; nothing leaves us without a decision, all is in the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.assets import verbs as assets
from hikeshi.desk.assets.models import Lookup
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.enrichment import ENRICHERS, web
from hikeshi.desk.incidents.enrichment.verbs import ceiling, enrich
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused
from hikeshi.signals.signal import Observable
from tests_findings import finding

pytestmark = pytest.mark.django_db
HIKESHI = system("Hikeshi", "worker")
ASKED: list[str] = []


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ASKED.append(self.path)
        if "redirect" in self.path:
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * 200_000 if "flood" in self.path else b"bad address, seen 9 times")

    def log_message(self, *arguments: object) -> None:
        del arguments


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return tmp_path


@pytest.fixture
def service(home: Path, settings: Settings) -> Iterator[str]:
    """A real service on this machine; the setting asks it."""
    ASKED.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, lookup_url=f"{address}/{{kind}}?q={{value}}")
    yield address
    server.shutdown()
    server.server_close()


@pytest.fixture
def group(home: Path) -> Group:
    return alerts.receive(finding(), actor=HIKESHI, source="sqs").alerts.get().group


def told(group: Group, actor: Actor, pap: str = "amber") -> dict[tuple[str, str], str]:
    return {
        (one.enricher, one.value): "; ".join(said.text.en for said in one.said) or one.problem or (one.refused.en if one.refused else "")
        for one in enrich(group, actor=actor, pap=pap)
    }  # fmt: skip


def test_our_own_knowledge_is_told(home: Path, group: Group, off_it: Actor) -> None:
    assets.add("i-0abc", actor=off_it, name="Web 1", owner_name="Sales")
    (home / "indicators").mkdir()
    (home / "indicators" / "feed.csv").write_text("value,note\n203.0.113.66,miner pool\n")
    (home / "indicators" / "feed.json").write_text(
        json.dumps({"objects": [{"type": "indicator", "name": "C2", "pattern": "[ipv4-addr:value = '203.0.113.66']"}]})
    )
    (home / "indicators" / "broken.json").write_text("{")
    ranges = {"prefixes": [{"ip_prefix": "203.0.113.0/24", "service": "EC2", "region": "eu-west-1"}]}
    (home / "ip-ranges.json").write_text(json.dumps(ranges))
    found = told(group, off_it)
    assert found["register", "i-0abc"] == "ours: Web 1, owner Sales"
    assert found["address-class", "203.0.113.66"] == "for documentation; of AWS: EC2 eu-west-1"
    assert found["indicators", "203.0.113.66"] == (
        "broken.json cannot be read; listed in feed.csv: miner pool; listed in feed.json: C2"
    )
    assert found["past", "203.0.113.66"].startswith("1 groups named it")


def test_nothing_is_asked_outside_unless_the_marking_allows_it(service: str, group: Group, off_it: Actor) -> None:
    for pap in ("red", "amber"):
        assert "forbids" in told(group, off_it, pap)["web", "203.0.113.66"]
    assert ASKED == []
    assert told(group, off_it, "green")["web", "203.0.113.66"] == "bad address, seen 9 times"
    assert "/address?q=203.0.113.66" in ASKED


def test_an_answer_is_kept_and_every_question_is_in_the_ledger(service: str, group: Group, off_it: Actor) -> None:
    told(group, off_it, "green")
    before = len(ASKED)
    assert told(group, off_it, "green")["web", "203.0.113.66"] == "bad address, seen 9 times"
    assert len(ASKED) == before == Lookup.objects.count()
    first, second = Entry.objects.filter(verb="group.enrich").order_by("seq")
    assert "web address 203.0.113.66" in json.loads(first.data)["outside"]
    assert json.loads(second.data)["outside"] == []


@pytest.mark.parametrize(
    ("marking", "quiet", "widest"),
    [
        ("clear", False, "clear"),
        ("green", False, "green"),
        ("amber", False, "amber"),
        ("red", False, "red"),
        ("clear", True, "red"),
    ],
)
def test_an_incident_may_be_stricter_than_whoever_asks(
    service: str, group: Group, commander: Actor, marking: str, quiet: bool, widest: str
) -> None:
    row = incidents.declare("x", 3, actor=HIKESHI, reason="x", alerts=group.alerts.all())
    Incident.objects.filter(pk=row.pk).update(marking=marking, quiet=quiet)
    assert ceiling(group) == widest
    told(group, commander, "clear")
    assert bool(ASKED) == (widest in {"green", "clear"})


@pytest.mark.parametrize("path", ["redirect", "flood"])
def test_a_service_that_misbehaves_is_named_and_the_rest_is_told(
    service: str, group: Group, off_it: Actor, settings: Settings, path: str
) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, lookup_url=f"{service}/{path}/{{value}}")
    found = told(group, off_it, "green")
    assert "redirects" in found["web", "203.0.113.66"] or "too much" in found["web", "203.0.113.66"]
    assert found["address-class", "203.0.113.66"] == "for documentation"


@pytest.mark.parametrize("template", ["https://{value}/", "https://a@example.com/", "http://example.com/{value}"])
def test_what_is_looked_up_cannot_choose_who_is_asked(template: str) -> None:
    with pytest.raises(Refused):
        web.fetch(template, Observable("address", "evil.example.com"))


def test_a_name_that_leads_into_a_private_network_is_refused() -> None:
    with pytest.raises(Refused, match="not public"):
        web.checked("localhost", 443)


def test_an_outsider_may_not_ask(group: Group, outsider: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        enrich(group, actor=outsider)


def test_the_past_tells_only_of_incidents_the_reader_may_see(group: Group, commander: Actor, off_it: Actor) -> None:
    row = incidents.declare("Secret merger", 3, actor=HIKESHI, reason="x", alerts=group.alerts.all())
    Incident.objects.filter(pk=row.pk).update(restricted=True)
    for actor in (commander, off_it):
        assert "Secret" not in json.dumps(told(group, actor).get(("past", "203.0.113.66"), ""))


def test_the_table_is_alphabetical_and_only_what_leaves_us_is_restricted() -> None:
    assert list(ENRICHERS) == sorted(ENRICHERS)
    assert {name for name, one in ENRICHERS.items() if one.outside} == {"web"}
    assert all(one.least == ("green" if one.outside else "red") for one in ENRICHERS.values())
