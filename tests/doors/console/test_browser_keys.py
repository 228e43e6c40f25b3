"""The keys of the runner and of the editor of playbooks, in a real Chromium: they open and select, and never act by themselves."""

from __future__ import annotations

from doors.console.house import as_actor, signed_in
from doors.console.test_browser import Visit, pytestmark, room, sato, visit
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.playbooks import drafting
from hikeshi.desk.playbooks.models import Draft
from hikeshi.desk.runs.models import Step
from playbook_texts import OWN

__all__ = ["pytestmark", "room", "sato", "visit"]


def enter(visit: Visit, who: Person) -> None:
    """Signed in without the form: what it does is tried in `test_browser.py`."""
    visit.tab.set_default_timeout(90_000)  # a busy machine, and the first page of a process
    cookie = signed_in(who).cookies["sessionid"].value
    visit.tab.context.add_cookies([{"name": "sessionid", "value": cookie, "url": visit.root}])


def focus(visit: Visit) -> str:
    """The name of the field, or the words of the button, that has the focus."""
    found: str = visit.tab.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
    return found


def test_the_keys_of_the_runner_open_the_forms_of_a_step_and_send_nothing(visit: Visit, room: Incident) -> None:
    enter(visit, Person.objects.get(username="kondo"))
    step = Step.objects.get(run__incident=room, key="2.3")
    tab = visit.tab
    visit.go(f"/incidents/{room.name}/steps/{step.pk}/")
    tab.keyboard.press("s")
    assert tab.evaluate("document.getElementById('skip').open")
    assert focus(visit) == "reason"
    tab.keyboard.type("s o + are letters here")
    assert tab.evaluate("document.activeElement.value") == "s o + are letters here"
    tab.keyboard.press("Escape")
    tab.keyboard.press("o")
    assert "take" in tab.evaluate("document.activeElement.closest('details, form').outerHTML")
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    assert tab.is_visible("#keys")
    tab.keyboard.press("Escape")
    visit.go(f"/incidents/{room.name}/steps/")
    tab.keyboard.press("+")
    assert tab.evaluate("document.getElementById('add-step').open")
    step.refresh_from_db()
    assert step.state == "asked"
    assert visit.complaints == []


def test_the_keys_of_the_editor_select_a_button_and_enter_presses_it(visit: Visit, sato: Person) -> None:
    draft = drafting.begin(actor=as_actor(sato), text=OWN)
    enter(visit, sato)
    tab = visit.tab
    visit.go(f"/playbooks/drafts/{draft.pk}/")
    tab.keyboard.press("+")
    assert focus(visit) == "do"
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert "step=1.2" in tab.url
    tab.keyboard.press("u")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert next(line for line in Draft.objects.get().text.splitlines() if "key:" in line).endswith('"1.2"')
    assert tab.is_hidden("[name='f.message.subject.en']")
    tab.select_option("[name='f.kind']", "notify")
    assert tab.is_visible("[name='f.message.subject.en']")
    assert visit.complaints == []
