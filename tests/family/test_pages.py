"""Rules every page must meet, in both languages: status, headings, language, and nothing the policy would block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from allauth.account.internal.flows.login import record_authentication
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client
from pytest_django.fixtures import Settings

from doors.console.house import HIKESHI, HOSTILE, House, build, pages_of_incident, signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.clouds import verbs as clouds
from hikeshi.desk.playbooks import drafting
from hikeshi.doors.console.middleware import POLICY
from hikeshi.doors.console.urls import urlpatterns
from standing import stand

LANGUAGES = ("en", "ja")
SENT_ONLY = {
    "order_act", "order_edit", "orders_act", "playbook_draft_act", "playbook_look",
    "mine_act", "oncall_act", "propose_handover", "rotation_act",
    "bundle_export", "bundle_import", "secrecy_act",
    "details_act",
    "asset_add", "asset_act",
    "channel_act", "notice_act",
    "cloud_act", "cloud_add", "protected_act",
    "readiness_ask", "rehearsal_ask",
    "delivery_act", "group_act", "source_act", "source_add", "suppression_end",
    "anchors_act", "evidence_expect", "evidence_verify", "planned_act", "room_act", "step_act", "item_verify", "duties_act", "timeline_ask", "timeline_detect", "timeline_mark",
    "evidence_add", "evidence_leave", "item_act", "item_offer", "sign", "rebuild",
    "run_act", "timeline_note", "timeline_unnote", "timeline_save_search", "timeline_delete_search", "timeline_unmark", "issue_token", "revoke_token", "prefer",
}  # fmt: skip
FILES = {"draft_text", "playbook_cacao", "playbook_file", "kit", "oncall_calendar",
    "evidence_form_pdf", "item_form_pdf", "payload", "handover_bytes", "item_download", "report_markdown", "checkpoint_note",
    "checkpoint_continued", "checkpoint_keys", "proof",
}  # fmt: skip
ALLAUTH = (
    "/accounts/logout/", "/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/2fa/", "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/", "/accounts/2fa/recovery-codes/generate/",
)  # fmt: skip
OPEN = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/inactive/", "/no/such/page/")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OURS = re.compile(r"[A-Za-z]{4,}(?: [A-Za-z]{2,}){2,}")
"""Three English words in a row: on a Japanese page only quoted text may hold them."""


class Page(HTMLParser):
    """What a page is made of, as far as the rules care."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language = ""
        self.headings: list[int] = []
        self.broken: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.english: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        quoted = tag in {"code", "pre", "textarea", "title", "script", "noscript", "option"} or "lang" in given
        if tag not in VOID:
            self._open.append((tag, quoted))
        self.broken += [f"<{tag} {name}>" for name in given if name.startswith("on") or name in {"style", "hx-on"}]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.broken.append(f"inline <{tag}>")
        for name in ("src", "href", "action"):
            if re.match(r"(?:https?:)?//|javascript:|data:", given.get(name) or ""):
                self.broken.append(f"{tag} {name}={given[name]}")
        if tag == "html":
            self.language = given.get("lang") or ""
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str | None]) -> None:
        hidden = given.get("type") in {"hidden", "submit"} or "hidden" in given
        named = "aria-label" in given or any(outer == "label" for outer, _quoted in self._open)
        if tag in {"input", "select", "textarea"} and not hidden and not named:
            self.fields.append(given.get("id") or f"{tag} {given.get('name')}")

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        quoted = any(is_quoted for tag, is_quoted in self._open if tag != "html")
        if self.language == "ja" and not quoted:
            self.english += OURS.findall(data)


@pytest.fixture
def house(db: None, settings: Settings, tmp_path: Path) -> House:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path, self_report=True)
    cache.clear()
    built = build(tmp_path)
    clouds.add(
        "111122223333", actor=HIKESHI, name=HOSTILE, regions=["ap-northeast-1"], external_id="x", management=True
    )
    clouds.protect("*bastion*", actor=HIKESHI, reason=HOSTILE)
    return built


def _addresses(house: House) -> dict[str, str]:
    secret = accounts.invite(actor=accounts.actor_of(house.admin, "cli"), role="observer")
    link, told = house.offered(), house.told()
    written = drafting.begin("ransomware", actor=accounts.actor_of(house.admin, "cli"))
    order = stand(
        "C2", actor=HIKESHI, finding_types=["Backdoor:EC2/"], playbook="compromised-ec2", severity=2, roles=[HOSTILE]
    )
    return {
        "playbooks": "/playbooks/", "playbook_import": "/playbooks/import/", "playbook": "/playbooks/ransomware/", "playbook_draft": f"/playbooks/drafts/{written.pk}/",
        "board": "/", "actions": "/actions/", "action": "/actions/aws.ec2.isolate/", "alerts": "/alerts/", "sources": "/sources/", "alert": f"/alerts/{house.alert.pk}/", "declare": "/declare/", "incidents": "/incidents/",
        "group": f"/alerts/groups/{house.alert.group_id}/", "suppressions": "/alerts/suppressions/",
        "glass": "/audit/glass/", "anchors": "/audit/anchors/", "outside": f"/audit/{house.incident.name}/outside/",
        "clouds": "/clouds/", "cloud": "/clouds/111122223333/",
        "assets": "/assets/", "known": f"/alerts/groups/{house.alert.group_id}/known/", "asset": f"/assets/{house.asset.pk}/", "asset_import": "/assets/import/",
        "audit": "/audit/", "clock_rules": "/clocks/?jurisdiction=JP", "clock_rule": "/clocks/jp-appi-final/?appi_known_on=2026-11-02",
        "severity": "/severity/", "house_facts": "/clocks/organisation/", "me": "/me/", "mine": "/mine/", "oncall": "/oncall/", "orders": "/orders/", "order": f"/orders/{order.pk}/", "welcome": "/welcome/", "invite": f"/invite/{secret}/", "handover": f"/handover/{link}/", **pages_of_incident(house),
        "readiness": "/readiness/", "rehearsals": "/simulations/", "rehearsal": "/simulations/ransomware/", "coverage": "/coverage/", "channels": "/channels/", "notices": "/notices/", "notice_take": f"/notice/{told}/",
        "contact": f"/oncall/contacts/{Contact.objects.latest('pk').pk}/", "rotations": "/oncall/rotations/",
        "self_report": "/report/", "self_reported": "/report/7K3-M9Q/",
    }  # fmt: skip


def _browser(house: House, language: str) -> Client:
    """An administrator who has just shown a password, as the pages of keys and codes want it."""
    house.admin.set_password("wooden bucket, paper umbrella")
    house.admin.save()
    client = signed_in(house.admin, language)
    request = HttpRequest()
    request.session = SessionStore(client.session.session_key)
    request.user = house.admin
    record_authentication(request, house.admin, method="password", reauthenticated=True)
    request.session.save()
    return client


def _pages(house: House, language: str) -> Iterator[tuple[str, int, str, str]]:
    client, stranger = _browser(house, language), Client()
    stranger.post("/prefer/", {"language": language})
    both = [(client, address) for address in [*_addresses(house).values(), *ALLAUTH]] + [
        (stranger, address) for address in OPEN
    ]
    for browser, address in both:
        answer = browser.get(address)
        yield address, answer.status_code, answer.get("Content-Security-Policy", ""), answer.content.decode()


def test_every_address_of_the_console_is_held_to_the_rules(house: House) -> None:
    named = {str(pattern.name) for pattern in urlpatterns}
    assert named == {*_addresses(house), *SENT_ONLY, *FILES}


ENGLISH_BY_NATURE = re.compile(
    r"Mining traffic|never seen before|GuardDuty rates|Nobody decided|called iam|is now|hikeshi (?:oncall|user)"
)
"""Written by the makers of this test's incident, or by verbs that speak one language."""


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_meets_the_rules_and_a_japanese_one_holds_no_english_of_ours(house: House, language: str) -> None:
    for address, status, policy, text in _pages(house, language):
        page = Page(text)
        assert status == (404 if "no/such" in address else 200), address
        assert policy == POLICY, address
        assert page.language == language, address
        assert page.headings.count(1) == 1, address
        assert page.broken == [], address
        assert len(page.ids) == len(set(page.ids)), (address, [one for one in page.ids if page.ids.count(one) > 1])
        assert [one for one in page.fields if one not in page.labels] == [], address
        assert [words for words in page.english if not ENGLISH_BY_NATURE.search(words)] == [], address


def test_every_refusal_bears_the_policy_too(house: House) -> None:
    client = signed_in(house.outsider)
    for address in (f"/incidents/{house.incident.name}/", "/alerts/", "/me/nothing/"):
        assert client.get(address)["Content-Security-Policy"] == POLICY
    assert Client().get("/")["Content-Security-Policy"] == POLICY


def test_pages_are_not_kept_by_caches(house: House) -> None:
    assert signed_in(house.responder).get("/")["Cache-Control"] == "no-store"


def test_templates_hold_no_colour_and_no_inline_style() -> None:
    folder = Path(__file__).parents[2] / "src" / "hikeshi" / "doors" / "console" / "templates"
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=|#[0-9a-fA-F]{6}\b", text), path
