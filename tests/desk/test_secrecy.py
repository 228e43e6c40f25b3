"""Who is let into a restricted incident, what it is called, and what quiet mode keeps from whom."""

from __future__ import annotations

import pytest

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.incidents import code_names, secrecy, sight, verbs as incidents
from hikeshi.desk.incidents.exposure import exposed, is_unaware
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import ORGANISATION, Entry
from hikeshi.errors import Conflict, Refused
from tests_findings import finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def restricted(incident: Incident, hikeshi: Actor) -> Incident:
    secrecy.restrict(incident, actor=hikeshi, reason="an insider")
    return incident


def _person(actor: Actor) -> Person:
    return Person.objects.get(pk=actor.person_id or 0)


class TestRestricted:
    def test_only_who_is_on_it_sees_it(
        self, restricted: Incident, on_it: Actor, off_it: Actor, commander: Actor, admin: Actor, hikeshi: Actor
    ) -> None:
        assert restricted in incidents.visible(on_it)
        assert restricted in incidents.visible(hikeshi)
        for actor in (off_it, commander, admin):
            assert restricted not in incidents.visible(actor)
            for right in ("read", "write", "command"):
                assert not sight.allowed_on(actor, right, restricted)

    def test_a_commander_who_holds_the_row_is_refused_by_every_verb(
        self, restricted: Incident, commander: Actor
    ) -> None:
        with pytest.raises(Refused, match="may not"):
            incidents.note(restricted, "x", actor=commander)
        with pytest.raises(Refused, match="may not"):
            incidents.close(restricted, actor=commander, reason="x")
        with pytest.raises(Refused, match="may not"):
            secrecy.unrestrict(restricted, actor=commander, reason="x")

    def test_who_restricts_it_does_not_lock_themselves_out(self, incident: Incident, commander: Actor) -> None:
        secrecy.restrict(incident, actor=commander, reason="an insider")
        assert incident in incidents.visible(commander)
        secrecy.unrestrict(incident, actor=commander, reason="cleared")

    def test_access_lets_a_responder_read_and_no_more(
        self, restricted: Incident, hikeshi: Actor, off_it: Actor
    ) -> None:
        secrecy.give_access(restricted, _person(off_it), actor=hikeshi, reason="knows the system")
        assert restricted in incidents.visible(off_it)
        with pytest.raises(Refused, match="may not"):
            incidents.note(restricted, "x", actor=off_it)
        secrecy.end_access(restricted, _person(off_it), actor=hikeshi, reason="done")
        assert restricted not in incidents.visible(off_it)

    def test_two_roles_show_it_once(self, restricted: Incident, hikeshi: Actor, on_it: Actor) -> None:
        incidents.assign(restricted, "scribe", actor=hikeshi, person=_person(on_it))
        assert list(incidents.visible(on_it)) == [restricted]

    def test_the_alerts_it_took_up_are_hidden_with_it(
        self, restricted: Incident, commander: Actor, on_it: Actor, outsider: Actor, hikeshi: Actor
    ) -> None:
        restricted.alerts.set(alerts.receive(finding(), actor=hikeshi, source="sqs", message_id="m-1").alerts.all())
        assert not sight.alerts(commander).exists()
        assert sight.alerts(on_it).exists()
        assert not sight.alerts(outsider).exists()

    def test_declared_restricted_it_is_never_seen_otherwise(self, commander: Actor, admin: Actor) -> None:
        made = secrecy.declare_restricted("x", 2, actor=commander, reason="r")
        assert made.restricted
        assert made in incidents.visible(commander)
        assert made not in incidents.visible(admin)


class TestGlass:
    def test_it_is_recorded_in_both_chains(self, restricted: Incident, admin: Actor) -> None:
        secrecy.force_access(restricted, actor=admin, reason="nobody answers")
        rows = Entry.objects.filter(verb="incident.access_forced").select_related("chain")
        assert {row.chain.name for row in rows} == {restricted.name, ORGANISATION}
        assert all(restricted.title not in row.data for row in rows)
        assert restricted in incidents.visible(admin)

    def test_only_administrators_may_and_only_where_something_is_shut(
        self, restricted: Incident, commander: Actor, off_it: Actor, admin: Actor, incident: Incident, hikeshi: Actor
    ) -> None:
        for actor in (commander, off_it):
            with pytest.raises(Refused, match="may not"):
                secrecy.force_access(restricted, actor=actor, reason="x")
        with pytest.raises(Refused, match="needs a reason"):
            secrecy.force_access(restricted, actor=admin, reason=" ")
        secrecy.unrestrict(restricted, actor=hikeshi, reason="x")
        with pytest.raises(Refused, match="Nothing is shut"):
            secrecy.force_access(restricted, actor=admin, reason="x")


class TestCodeNames:
    def test_open_incidents_never_share_one(self, hikeshi: Actor) -> None:
        rows = [incidents.declare("x", 4, actor=hikeshi, reason="r") for _ in range(5)]
        for row in rows:
            secrecy.restrict(row, actor=hikeshi, reason="r")
        assert len({row.code_name for row in rows}) == 5
        assert {row.code_name for row in rows} <= set(code_names.BIRDS)
        with pytest.raises(Refused, match="already"):
            secrecy.restrict(rows[0], actor=hikeshi, reason="r", code_name=rows[1].code_name.lower())

    def test_there_is_one_when_every_bird_is_taken(self, hikeshi: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(code_names, "used", lambda: set(code_names.BIRDS))
        assert code_names.propose().endswith(" 2")

    def test_a_bird_tells_nothing_and_is_written_in_both_scripts(self) -> None:
        assert all(name.isascii() and name.isupper() for name in code_names.BIRDS)
        assert len(set(code_names.BIRDS.values())) == len(code_names.BIRDS)

    def test_the_name_for_outside_is_the_code_name_while_restricted(self, restricted: Incident, hikeshi: Actor) -> None:
        assert restricted.public_name == restricted.code_name
        secrecy.unrestrict(restricted, actor=hikeshi, reason="r")
        assert restricted.public_name == restricted.title


class TestQuiet:
    @pytest.mark.parametrize(
        ("address", "is_exposed"),
        [
            ("sato@example.co.jp", True), ("SATO@Example.CO.JP.", True), ("sato@mail.example.co.jp", True),
            ("https://example.slack.com/archives/C1", True), ("example.slack.com", True), ("sato@notexample.co.jp", False),
            ("sato@example.com", False), ("+81-3-1234-5678", False), ("", False), ("https://[broken", False),
            ("insider@example.org", True), ("sato@日本語.jp", True),
        ],
    )  # fmt: skip
    def test_exposed_domains_and_their_parts(
        self, incident: Incident, commander: Actor, address: str, is_exposed: bool
    ) -> None:
        assert not exposed(incident, address)
        secrecy.keep_quiet(
            incident, actor=commander, unaware="insider@example.org",
            domains=["example.co.jp", "https://Example.slack.com/", "日本語.jp"],
        )  # fmt: skip
        assert exposed(incident, address) == is_exposed

    def test_naming_people_restricts_and_they_get_no_role(
        self, incident: Incident, commander: Actor, admin: Actor, off_it: Actor
    ) -> None:
        secrecy.keep_quiet(incident, actor=commander, unaware="suzuki\nTanaka Contact")
        assert incident.restricted
        assert incident not in incidents.visible(admin)
        assert is_unaware(incident, _person(off_it))
        with pytest.raises(Refused, match="must not know"):
            incidents.assign(incident, "responder", actor=commander, person=_person(off_it))
        with pytest.raises(Refused, match="must not know"):
            secrecy.give_access(incident, _person(off_it), actor=commander, reason="r")
        contact = Contact.objects.create(name="Tanaka Contact", duty="responder")
        with pytest.raises(Refused, match="must not know"):
            incidents.assign(incident, "responder", actor=commander, contact=contact)

    def test_turning_it_off_needs_command_and_a_reason(
        self, incident: Incident, commander: Actor, on_it: Actor
    ) -> None:
        secrecy.keep_quiet(incident, actor=commander, domains=["example.co.jp"])
        with pytest.raises(Refused, match="may not"):
            secrecy.end_quiet(incident, actor=on_it, reason="r")
        with pytest.raises(Refused, match="needs a reason"):
            secrecy.end_quiet(incident, actor=commander, reason="")
        secrecy.end_quiet(incident, actor=commander, reason="mail is clean")
        assert not exposed(incident, "a@example.co.jp")

    def test_what_is_no_domain_is_refused(self, incident: Incident, commander: Actor) -> None:
        with pytest.raises(Refused, match="not a domain"):
            secrecy.keep_quiet(incident, actor=commander, domains=["not a domain"])

    def test_two_who_name_domains_are_told_of_each_other(self, incident: Incident, commander: Actor) -> None:
        seen = incident.version
        secrecy.keep_quiet(incident, actor=commander, domains=["a.example"], version=seen)
        with pytest.raises(Conflict):
            secrecy.keep_quiet(incident, actor=commander, domains=["b.example"], version=seen)
