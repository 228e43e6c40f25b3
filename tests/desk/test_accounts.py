"""Links that work once, tokens that can be taken back, and nothing kept that would let anybody in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Invite, Person, Token
from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery staple"


def test_the_first_admin_has_no_password() -> None:
    person = accounts.first_admin("aoki", actor=system("init", "cli"))
    assert not person.has_usable_password()
    with pytest.raises(Refused, match="people already"):
        accounts.first_admin("second", actor=system("init", "cli"))


def test_an_invite_works_once(admin: Actor) -> None:
    secret = accounts.invite(actor=admin, role="responder")
    person = accounts.accept_invite(secret, username="hijikata", password=GOOD)
    assert (person.role, person.check_password(GOOD)) == ("responder", True)
    with pytest.raises(Refused, match="not valid"):
        accounts.accept_invite(secret, username="other", password=GOOD)


def test_an_old_invite_does_not_work(admin: Actor) -> None:
    secret = accounts.invite(actor=admin, role="responder")
    Invite.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match="not valid"):
        accounts.open_invite(secret)


def test_a_weak_password_is_refused_and_the_link_still_works(admin: Actor) -> None:
    secret = accounts.invite(actor=admin, role="responder")
    with pytest.raises(Refused):
        accounts.accept_invite(secret, username="hijikata", password="12345")
    accounts.accept_invite(secret, username="hijikata", password=GOOD)


def test_only_an_administrator_invites(commander: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        accounts.invite(actor=commander, role="admin")


def test_a_token_stands_for_its_person_until_revoked(responder_person: Person, on_it: Actor) -> None:
    secret = accounts.issue_token(responder_person, "laptop", actor=on_it)
    actor = accounts.actor_for_token(secret, "api")
    assert actor is not None
    assert (actor.role, actor.person_id, actor.door) == ("responder", responder_person.pk, "api")
    accounts.revoke_token(Token.objects.get(), actor=on_it)
    assert accounts.actor_for_token(secret, "api") is None


@pytest.mark.parametrize("why", ["expired", "inactive", "wrong"])
def test_a_token_that_must_not_work_does_not(responder_person: Person, on_it: Actor, why: str) -> None:
    past = timezone.now() - timedelta(minutes=1)
    secret = accounts.issue_token(responder_person, "x", actor=on_it, expires_at=past if why == "expired" else None)
    if why == "inactive":
        Person.objects.update(is_active=False)
    assert accounts.actor_for_token(secret + ("x" if why == "wrong" else ""), "api") is None


def test_nobody_makes_a_token_for_another(responder_person: Person, off_it: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        accounts.issue_token(responder_person, "x", actor=off_it)


def test_no_secret_is_kept_anywhere(admin: Actor, responder_person: Person, on_it: Actor) -> None:
    secrets = [accounts.invite(actor=admin, role="admin"), accounts.issue_token(responder_person, "x", actor=on_it)]
    kept = [
        *Invite.objects.values_list("secret_sha256", flat=True),
        *Token.objects.values_list("secret_sha256", flat=True),
    ]
    kept += list(Entry.objects.values_list("data", flat=True))
    assert not any(secret in text for secret in secrets for text in kept)


def test_everything_not_granted_is_refused() -> None:
    nobody = Actor(name="x", door="api", role="observer")
    for right in ("read", "write", "command", "triage", "manage"):
        assert not allowed(nobody, right)
