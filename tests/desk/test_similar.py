"""What of the past looks like this, told with its reasons and only to those who may see it."""

from __future__ import annotations

from itertools import count

import pytest

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.incidents import similar, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.similar import of_group, of_incident, words
from tests_findings import finding

pytestmark = pytest.mark.django_db
HIKESHI = system("Hikeshi", "worker")
NUMBERS = count()


def group(
    instance: str = "i-0abc",
    address: str = "203.0.113.66",
    kind: str = "Backdoor:EC2/C&CActivity.B",
    title: str = "Beacon",
) -> Group:
    action = {"networkConnectionAction": {"remoteIpDetails": {"ipAddressV4": address}}}
    number = next(NUMBERS)
    payload = finding(
        id=f"f{number}", type=kind, title=f"{title} {number}", resource={"instanceDetails": {"instanceId": instance}},
        service={"action": action, "resourceRole": "ACTOR"},
    )  # fmt: skip
    return alerts.receive(payload, actor=HIKESHI, source="sqs").alerts.get().group


def incident(title: str = "old", **of: str) -> Incident:
    return incidents.declare(title, 3, actor=HIKESHI, reason="x", alerts=group(**of).alerts.all())


def told(actor: Actor, subject: similar.Subject, *, exercises: bool = False) -> dict[str, str]:
    found = similar.similar(subject, actor=actor, exercises=exercises)
    return {one.incident.name: "; ".join(reason.en for reason in one.reasons) for one in found}


def test_a_shared_address_comes_before_a_shared_kind(commander: Actor) -> None:
    for _ in range(4):
        incident(instance="i-9", address="198.51.100.1", kind="Recon:EC2/Portscan")
    kind = incident(instance="i-1", address="198.51.100.2", title="Backdoor on a web server")
    address = incident(instance="i-2", kind="CryptoCurrency:EC2/BitcoinTool.B", title="Miner")
    found = told(commander, of_group(group()))
    assert list(found) == [address.name, kind.name]
    assert found[address.name] == "same address 203.0.113.66"
    assert found[kind.name] == "same kind"


def test_the_same_class_of_attack_is_a_reason(commander: Actor) -> None:
    other = incident(instance="i-1", address="198.51.100.2", kind="C2 beacon seen")
    assert told(commander, of_group(group()))[other.name] == "same class: Command and control"


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("営業部の端末でランサムウェアを検知", "営業部の共有端末でランサムウェア検知"),
        ("Phishing mail against payroll", "Payroll phishing by mail again"),
    ],
)
def test_titles_are_compared_in_both_languages(commander: Actor, new: str, old: str) -> None:
    past = incidents.declare(old, 3, actor=HIKESHI, reason="x")
    incidents.declare("Certificate expired", 4, actor=HIKESHI, reason="x")
    subject = of_incident(incidents.declare(new, 2, actor=HIKESHI, reason="x"))
    assert told(commander, subject) == {past.name: "similar title"}


def test_only_incidents_the_reader_may_see(commander: Actor, off_it: Actor) -> None:
    secret, plain = incident(), incident()
    Incident.objects.filter(pk=secret.pk).update(restricted=True)
    subject = of_group(group())
    assert set(told(commander, subject)) == {plain.name}
    assert told(off_it, subject) == {}


def test_exercises_are_left_out_unless_asked_for(commander: Actor) -> None:
    drill = incident()
    Incident.objects.filter(pk=drill.pk).update(exercise=True)
    subject = of_group(group())
    assert told(commander, subject) == {}
    assert set(told(commander, subject, exercises=True)) == {drill.name}


def test_what_everybody_shares_says_little(commander: Actor) -> None:
    many = [incident(instance=f"i-{number}") for number in range(8)]
    rare = incident(instance="i-rare", address="198.51.100.9")
    found = similar.similar(of_group(group(instance="i-rare")), actor=commander)
    assert found[0].incident == rare
    assert found[0].points > 2 * found[1].points
    assert found[1].incident in many


def test_an_incident_is_not_like_itself(commander: Actor) -> None:
    one = incident()
    assert told(commander, of_incident(one)) == {}


def test_words_are_words_and_pairs_of_letters() -> None:
    assert words("Miner on web-1") == {"miner", "web-1"}
    assert words("不正な採掘") == {"不正", "正な", "な採", "採掘"}
    assert words("") == frozenset()
