"""Rules every text and every service of notices must meet. The mark of an exercise cannot be switched off anywhere."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.phrases import PHRASES
from hikeshi.desk.notices import channels, policy, words
from hikeshi.desk.notices.models import Notice
from hikeshi.desk.notices.sending import MARKS, message
from hikeshi.desk.notices.tells import TELLS
from hikeshi.errors import Failed, Unreadable
from notice_people import HttpSink, mail_by
from smtp_sink import SmtpSink

FACTS = dict.fromkeys(words.FIELDS, "x")
BY_APPRISE = [name for name, service in channels.CHANNELS.items() if service.schemes]


def test_the_tables_are_alphabetical_and_fit_each_other() -> None:
    for table in (TELLS, channels.CHANNELS, words.TEMPLATES):
        assert list(table) == sorted(table)
    assert {tell.template for tell in TELLS.values()} <= set(words.TEMPLATES)
    assert not [verb for verb in TELLS if verb not in PHRASES and verb != "source.silent"]


@pytest.mark.parametrize("template", words.TEMPLATES)
@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("mark", ["exercise", "simulated", "notice"])
def test_every_text_of_an_exercise_bears_its_mark(template: str, language: words.Language, mark: str) -> None:
    said = words.say(template, language, FACTS)
    incident = Incident(name="INC-1", exercise=mark == "exercise", simulated=mark == "simulated")
    notice = Notice(
        pk=1, incident=incident, language=language, subject=said.subject, body=said.body, made_at=timezone.now(), urgent=True,
        exercise=mark == "notice",
    )  # fmt: skip
    sent = message(notice)
    assert sent.subject.startswith(MARKS[language])
    assert sent.body.startswith(MARKS[language])


@pytest.fixture
def overheard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Apprise would put on the wire: the requests it has built, stopped just before the socket."""
    seen: list[str] = []

    def send(self: object, request: requests.PreparedRequest, **more: object) -> requests.Response:
        del self, more
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        seen.append(unquote_plus(body))
        answer = requests.Response()
        answer.status_code, answer._content = 202, b"ok"
        return answer

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return seen


@pytest.mark.parametrize("service", BY_APPRISE)
def test_every_service_of_apprise_is_sent_the_mark(service: str, overheard: list[str]) -> None:
    with suppress(Failed):  # each service wants another answer; what was going to be sent is all that matters here
        channels.send(
            service, channels.CHANNELS[service].example, "[EXERCISE] s", "[EXERCISE] b", key="k", to="+81 90 1234 5678"
        )
    assert overheard
    assert "[EXERCISE] b" in overheard[-1]


def test_our_own_services_are_sent_the_mark(settings: Settings) -> None:
    with SmtpSink() as mails, HttpSink() as http:
        mail_by(settings, mails.port)
        channels.send("mail", "a@example.com", "[EXERCISE] s", "[EXERCISE] b", key="k")
        channels.send("webhook", f"http://127.0.0.1:{http.port}/#abcdef", "[EXERCISE] s", "[EXERCISE] b", key="k")
        assert b"Subject: [EXERCISE] s" in mails.mails[0]
        assert json.loads(http.posts[0][2])["text"] == "[EXERCISE] b"


@pytest.mark.parametrize("service", channels.CHANNELS)
def test_examples_are_understood_and_shown_without_their_secrets(service: str) -> None:
    example = channels.CHANNELS[service].example
    channels.check_address(service, example)
    assert channels.service_of(example) == service
    shown = channels.shown(service, example)
    for secret in ("TIiajkdnlazkcOXrIdevi7FQ", "shared-secret", "e29dfbcebf390dee9", "JHMHI8qBe7bk2ZwO5U711o3dV_js"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("page.en.txt", "s {title.__class__}\n\nb", "line 1"),
        ("page.en.txt", "s\n\nfirst\n{secret}", "line 4"),
        ("page.en.txt", "s\n\n{title!r}", "line 3"),
        ("page.en.txt", "s\n\n{title", "line 3"),
        ("page.en.txt", "only a subject", "line 1"),
        ("other.en.txt", "s\n\nb", ""),
    ],
)
def test_a_text_of_an_administrator_with_an_error_is_named_and_not_used(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    (tmp_path / name).write_text(text)
    (problem,) = words.problems(tmp_path)
    assert problem.place == place
    assert words.say("page", "en", FACTS, tmp_path) == words.say("page", "en", FACTS)


def test_a_text_of_an_administrator_is_used(tmp_path: Path) -> None:
    (tmp_path / "page.ja.txt").write_text("至急 {incident}\n\n{title}\n連絡先は社内電話帳", encoding="utf-8")
    said = words.say("page", "ja", {"incident": "INC-1", "title": "a\nb <!channel> @here"}, tmp_path)
    assert said == words.Words("至急 INC-1", "a b ‹!channel› ＠here\n連絡先は社内電話帳")


def test_a_policy_with_an_error_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / policy.NAME
    ours = policy.OURS.read_text()
    path.write_text(ours.replace("[5, 1]", "[50, 1]"))
    with pytest.raises(Unreadable, match="not in the order"):
        policy.read(path, 1)
    path.write_text(ours.replace("repeat: 240", "repeat: soon"))
    with pytest.raises(Unreadable, match="line"):
        policy.read(path, 2)
