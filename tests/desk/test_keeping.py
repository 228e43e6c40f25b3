"""How long an item stays: holds and dates stand in the way of its end, and its end takes two."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import keeping, transfers, verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db

WHY = {"method": "deletion", "reason": "the matter is closed"}


@pytest.fixture
def item(incident: Incident, on_it: Actor) -> Item:
    return evidence.seal_bytes(incident, b"only here, of a disposal", actor=on_it, title="Disk", kind="file")


@pytest.fixture
def second(db: None) -> Actor:
    return accounts.actor_of(Person.objects.create_user(username="ueda", role="commander"), "cli")


def here(sha256: str) -> bool:
    return evidence.locker().path(sha256).exists()


def verbs_of(item: Item) -> list[str]:
    return [entry.verb for entry in evidence.custody(item)]


def test_disposal_is_asked_by_one_and_approved_by_another(item: Item, commander: Actor, second: Actor) -> None:
    asked = keeping.ask_disposal(item, actor=commander, **WHY)
    with pytest.raises(Refused, match="asked for already"):
        keeping.ask_disposal(item, actor=second, **WHY)
    with pytest.raises(Refused, match="two people"):
        keeping.approve_disposal(asked, actor=commander)
    assert here(item.sha256)
    assert keeping.approve_disposal(asked, actor=second) == 1
    item.refresh_from_db()
    asked.refresh_from_db()
    assert not here(item.sha256)
    assert (item.disposed_at is None, asked.state, asked.answered_by) == (False, "done", "ueda")
    assert verbs_of(item)[-3:] == ["evidence.dispose_ask", "evidence.dispose_approve", "evidence.dispose"]
    assert json.loads(evidence.custody(item)[-1].data)["removed"] == 1


def test_after_its_end_nothing_is_handed_out_checked_or_offered(item: Item, commander: Actor, second: Actor) -> None:
    keeping.approve_disposal(keeping.ask_disposal(item, actor=commander, **WHY), actor=second)
    item.refresh_from_db()
    for act in (
        lambda: evidence.hand_out(item, actor=commander),
        lambda: evidence.verify(item, actor=commander),
        lambda: transfers.offer(item, actor=commander, receiver="Lab", purpose="x"),
        lambda: keeping.place_hold(item, actor=commander, reason="x"),
        lambda: keeping.ask_disposal(item, actor=commander, **WHY),
    ):
        with pytest.raises(Refused, match="disposed of"):
            act()


def test_bytes_that_another_item_refers_to_stay(
    incident: Incident, item: Item, on_it: Actor, commander: Actor, second: Actor, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"only here, of a disposal")
    (tmp_path / "b").write_bytes(b"only in the folder of this test")
    folder = evidence.seal_files(incident, [tmp_path], actor=on_it, title="Folder", kind="file")
    assert keeping.approve_disposal(keeping.ask_disposal(item, actor=commander, **WHY), actor=second) == 0
    assert evidence.verify(folder, actor=on_it) == "match"
    files = set(evidence.files_of(folder))
    assert keeping.approve_disposal(keeping.ask_disposal(folder, actor=commander, **WHY), actor=second) == 3
    assert not [sha256 for sha256 in {*files, folder.sha256} if here(sha256)]


def test_a_disposal_that_died_halfway_is_gone_on_with(
    item: Item, commander: Actor, second: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = keeping.ask_disposal(item, actor=commander, **WHY)

    def dies(_item: Item) -> tuple[int, int]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_remove", dies)
        with pytest.raises(KeyboardInterrupt):
            keeping.approve_disposal(asked, actor=second)
    item.refresh_from_db()
    assert (item.disposed_at, verbs_of(item)[-1]) == (None, "evidence.dispose_approve")
    assert keeping.approve_disposal(asked, actor=second) == 1


def test_while_a_hold_stands_nothing_goes(item: Item, commander: Actor, second: Actor) -> None:
    asked = keeping.ask_disposal(item, actor=commander, **WHY)
    hold = keeping.place_hold(item, actor=second, reason="LH-12")
    with pytest.raises(Refused, match="legal hold: LH-12"):
        keeping.approve_disposal(asked, actor=second)
    with pytest.raises(Refused, match="reason"):
        keeping.lift_hold(hold, actor=second, reason=" ")
    keeping.lift_hold(hold, actor=second, reason="court said so")
    with pytest.raises(Refused, match="lifted already"):
        keeping.lift_hold(hold, actor=second, reason="again")
    assert keeping.holds_on(item) == []
    assert keeping.approve_disposal(asked, actor=second) == 1
    assert "evidence.hold" in verbs_of(item)
    assert "evidence.unhold" in verbs_of(item)


def test_before_its_day_nothing_goes(item: Item, commander: Actor, second: Actor) -> None:
    today = timezone.localdate()
    keeping.retain(item, today, actor=commander, reason="contract")
    with pytest.raises(Refused, match="kept until"):
        keeping.ask_disposal(item, actor=commander, **WHY)
    keeping.retain(item, today - timedelta(days=1), actor=commander, reason="typing mistake")
    said = json.loads(evidence.custody(item)[-1].data)
    assert (said["before"], said["after"]) == (today.isoformat(), (today - timedelta(days=1)).isoformat())
    assert keeping.approve_disposal(keeping.ask_disposal(item, actor=commander, **WHY), actor=second) == 1


def test_what_is_elsewhere_cannot_go(item: Item, commander: Actor) -> None:
    _, secret = transfers.offer(item, actor=commander, receiver="Lab", purpose="analysis")
    with pytest.raises(Refused, match="has not answered"):
        keeping.ask_disposal(item, actor=commander, **WHY)
    transfers.answer_by_link(secret, name="Kim", sha256=item.sha256)
    with pytest.raises(Refused, match="is with Lab"):
        keeping.ask_disposal(item, actor=commander, **WHY)


def test_the_second_may_say_no(item: Item, commander: Actor, second: Actor) -> None:
    asked = keeping.ask_disposal(item, actor=commander, **WHY)
    with pytest.raises(Refused, match="two people"):
        keeping.refuse_disposal(asked, actor=commander, reason="x")
    keeping.refuse_disposal(asked, actor=second, reason="appeal is open")
    assert here(item.sha256)
    with pytest.raises(Refused, match="answered already"):
        keeping.approve_disposal(asked, actor=second)


def test_only_those_who_command_decide_how_long_it_stays(
    item: Item, on_it: Actor, off_it: Actor, outsider: Actor, commander: Actor
) -> None:
    hold = keeping.place_hold(item, actor=commander, reason="LH-12")
    asked = item.disposals.create(asked_by="kondo", asked_at=timezone.now(), **WHY)
    for actor in (on_it, off_it, outsider):
        for act in (
            lambda who: keeping.place_hold(item, actor=who, reason="x"),
            lambda who: keeping.lift_hold(hold, actor=who, reason="x"),
            lambda who: keeping.retain(item, None, actor=who, reason="x"),
            lambda who: keeping.ask_disposal(item, actor=who, **WHY),
            lambda who: keeping.approve_disposal(asked, actor=who),
            lambda who: keeping.refuse_disposal(asked, actor=who, reason="x"),
        ):
            with pytest.raises(Refused, match="may not"):
                act(actor)
