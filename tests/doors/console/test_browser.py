"""A real Chromium: signing in with a password and with a passkey, writing a note, and nothing the policy had to block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doors.console.house import as_actor, asked_step, person
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "wooden bucket, paper umbrella"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="/usr/bin/chromium is not here (apt-get install chromium)"),
]


class Visit:
    """A browser's tab that remembers everything the console of the browser complained about."""

    def __init__(self, tab: Any, root: str) -> None:
        self.tab, self.root = tab, root
        self.complaints: list[str] = []
        tab.on("console", self._heard)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.tab.url}: {message.text}")

    def go(self, address: str) -> None:
        self.tab.goto(self.root + address)

    def sign_in(self, name: str) -> None:
        self.go("/accounts/login/")
        self.tab.fill("#id_login", name)
        self.tab.fill("#id_password", PASSWORD)
        self.tab.click("form:has(#id_password) button:not([form])")
        self.tab.wait_for_url(self.root + "/")


@pytest.fixture
def visit(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps an event loop in the test's own thread
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield Visit(browser.new_page(), live_server.url)
        browser.close()


@pytest.fixture
def sato(live_server: Any) -> Person:
    made = person("sato", "responder")
    made.set_password(PASSWORD)
    made.save()
    return made


@pytest.fixture
def room(sato: Person) -> Incident:
    kondo = person("kondo", "commander")
    declared = incidents.declare("Mining traffic", 2, actor=as_actor(kondo), reason="test", simulated=True)
    incidents.assign(declared, "responder", actor=as_actor(kondo), person=sato)
    asked_step(declared)
    return declared


def test_a_responder_signs_in_and_writes_a_note_by_keyboard(visit: Visit, room: Incident) -> None:
    visit.sign_in("sato")
    tab = visit.tab
    tab.click(f"a.cell:has-text('{room.title}')")
    tab.wait_for_url(f"**/incidents/{room.name}/")
    tab.press("body", "?")
    assert tab.is_visible("#keys")
    tab.press("body", "Escape")
    assert tab.is_hidden("#keys")
    tab.press("body", "n")
    assert tab.evaluate("document.activeElement.id") == "note"
    tab.keyboard.type("g b n: letters typed into a field are text")
    with tab.expect_navigation():
        tab.press("#note", "Control+Enter")
    assert "letters typed into a field are text" in tab.inner_text("#stream")
    assert visit.complaints == []


def test_live_regions_are_replaced_but_never_under_the_reader_s_hands(visit: Visit, room: Incident) -> None:
    visit.sign_in("sato")
    tab, root = visit.tab, f"/incidents/{room.name}/"
    visit.go(root)
    tab.evaluate("document.querySelector('#clocks').dataset.old = 'yes'")
    swap = "(part) => htmx.ajax('GET', `?part=${part}`, {target: `#${part}`, swap: 'outerHTML'})"
    tab.evaluate(swap, "clocks")
    assert tab.evaluate("document.querySelector('#clocks').dataset.old") is None
    tab.focus("#next a")
    tab.evaluate("document.querySelector('#next').dataset.old = 'yes'")
    tab.evaluate(swap, "next")
    assert tab.evaluate("document.querySelector('#next').dataset.old") == "yes"
    assert tab.evaluate("document.activeElement.closest('#next') !== null")
    assert visit.complaints == []


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_no_page_scrolls_sideways_or_breaks_the_policy(visit: Visit, room: Incident, width: int, theme: str) -> None:
    visit.tab.set_viewport_size({"width": width, "height": 900})
    visit.tab.emulate_media(color_scheme=theme)
    visit.sign_in("sato")
    root = f"/incidents/{room.name}/"
    step = room.runs.get().steps.get(key="2.3")
    for address in (
        "/",
        "/alerts/",
        root,
        f"{root}steps/",
        f"{root}steps/{step.pk}/",
        f"{root}evidence/",
        f"{root}reports/",
        "/me/",
        "/audit/",
    ):
        visit.go(address)
        over = visit.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, (address, over)
    assert visit.complaints == []


def test_a_passkey_is_added_and_signs_in(visit: Visit, sato: Person) -> None:
    device = visit.tab.context.new_cdp_session(visit.tab)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "automaticPresenceSimulation": True}})
    visit.sign_in("sato")
    visit.go("/accounts/2fa/webauthn/add/")
    if "reauthenticate" in visit.tab.url:
        visit.tab.fill("#id_password", PASSWORD)
        visit.tab.click("form:has(#id_password) button[type=submit]")
        visit.tab.wait_for_url("**/webauthn/add/")
    visit.tab.fill("#id_name", "laptop")
    visit.tab.check("#id_passwordless")
    with visit.tab.expect_navigation():
        visit.tab.click("#mfa_webauthn_add")
    with visit.tab.expect_navigation():
        visit.tab.click("form[action='/accounts/logout/'] button")
    visit.go("/accounts/login/")
    visit.tab.click("#passkey_login")
    visit.tab.wait_for_url(visit.root + "/")
    assert "sato" in visit.tab.inner_text(".side-foot")
    assert visit.complaints == []
