"""A restricted incident does not exist for whoever is not on it: every page, every endpoint, every command, also for those who command."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec
import pytest
import typer
from django.core.cache import cache
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django.fixtures import Settings

from doors.cli.typed import Keyboard, Typed
from doors.console.house import HIKESHI, House, build, signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import secrecy
from hikeshi.doors.api import api
from hikeshi.doors.cli.dispatch import load
from hikeshi.doors.cli.table import COMMANDS
from hikeshi.doors.console.urls import urlpatterns

NOWHERE = "INC-1999-001"
TITLE = "Mining traffic"
METHODS = ("get", "post", "put", "patch", "delete")
PEOPLES = [name for name, command in COMMANDS.items() if command.needs == "person"]


@pytest.fixture
def house(db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Everything hangs on one incident, which is restricted; nobody but the responder has a role on it."""
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    monkeypatch.setenv("HIKESHI_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # some commands write a file where they are
    cache.clear()
    made = build(tmp_path)
    secrecy.restrict(made.incident, actor=HIKESHI, reason="an insider")
    made.incident.refresh_from_db()
    return made


def _shut_out(house: House) -> list[Person]:
    return [house.admin, house.commander, house.other]


def _nothing_of(house: House, text: str, where: object) -> None:
    for word in (TITLE, house.incident.code_name):
        assert word not in text, (where, word)


def _fill(house: House, pattern: URLPattern, name: str) -> str:
    """The page's address with everything of the house in it, and this name for the incident."""
    known = {
        "name": name, "item": house.item.name, "pk": house.step.pk, "act": "note", "rule": "jp-appi-final", "language": "en",
        "entries": 1, "seq": 1, "secret": "x",
    }  # fmt: skip
    words = {word: known.get(word, 1) for word in pattern.pattern.converters}
    return reverse(str(pattern.name), kwargs=words)


def _same_apart_from_names(house: House, answer: HttpResponseBase, nowhere: HttpResponseBase, where: object) -> None:
    assert answer.status_code == nowhere.status_code, where
    text = answer.getvalue().decode(errors="replace")
    _nothing_of(house, text, where)
    if answer.status_code in {301, 302}:
        return
    blank = re.compile(
        f"{house.incident.name}|{NOWHERE}|[0-9A-Za-z]{{64}}|<time.*?</time>|[0-9][0-9]:[0-9][0-9]|[0-9]+ s ago"
    )
    assert blank.sub("", text) == blank.sub("", nowhere.getvalue().decode(errors="replace")), where


@pytest.mark.slow
def test_every_page_answers_as_if_it_did_not_exist(house: House) -> None:
    admin, *others = [signed_in(who) for who in _shut_out(house)]
    for pattern in urlpatterns:
        here, nowhere = _fill(house, pattern, house.incident.name), _fill(house, pattern, NOWHERE)
        if "name" in pattern.pattern.converters:
            _same_apart_from_names(house, admin.get(here), admin.get(nowhere), pattern.name)
            _same_apart_from_names(house, admin.post(here), admin.post(nowhere), pattern.name)
            assert {client.get(here).status_code for client in others} <= {404, 405}, pattern.name
        else:
            for client in (admin, *others):
                _nothing_of(house, client.get(here).getvalue().decode(errors="replace"), pattern.name)


def test_the_alert_that_it_took_up_is_hidden_with_it(house: House) -> None:
    for who in _shut_out(house):
        client = signed_in(who)
        assert client.get(f"/alerts/{house.alert.pk}/").status_code == 404
        assert client.get(f"/alerts/deliveries/{house.alert.deliveries.get().pk}/payload/").status_code == 404
        assert f"/alerts/{house.alert.pk}/" not in client.get("/alerts/?show=all").content.decode()
    assert signed_in(house.responder).get(f"/alerts/{house.alert.pk}/").status_code == 200


def _token(person: Person) -> str:
    return accounts.issue_token(person, "test", actor=accounts.actor_of(person, "cli"))


def _call(token: str, method: str, path: str, name: str) -> HttpResponseBase:
    address = re.sub(r"\{(?:name|chain|incident)\}", name, path)
    answer: HttpResponseBase = getattr(Client(), method)(
        re.sub(r"\{\w+\}", "1", address), data=None if method == "get" else "{}", content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    return answer


@pytest.mark.slow
def test_every_endpoint_answers_as_if_it_did_not_exist(house: House) -> None:
    token, *others = [_token(who) for who in _shut_out(house)]
    for path, item in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        for method in [one for one in METHODS if one in item]:
            here = _call(token, method, path, house.incident.name)
            _nothing_of(house, here.getvalue().decode(), (method, path))
            if re.search(r"\{(?:name|chain|incident)\}", path):
                _same_apart_from_names(house, here, _call(token, method, path, NOWHERE), (method, path))
                assert here.status_code in {403, 404, 422}, (method, path)
            elif method == "get":
                for other in others:
                    _nothing_of(house, _call(other, method, path, NOWHERE).getvalue().decode(), (method, path))


def _arguments(command: str, name: str) -> Iterator[str]:
    """What has to be typed: the incident first, then anything that is asked for."""
    function = load(COMMANDS[command])
    hints = get_type_hints(function, include_extras=True)
    first = True
    for word, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            continue
        marks = get_args(hints[word])[1:] if get_origin(hints[word]) is Annotated else ()
        value = name if first else "1"
        if any(isinstance(mark, typer.models.OptionInfo) for mark in marks):
            yield from (f"--{word.replace('_', '-')}", "1")
        else:
            first = False
            yield value


@pytest.mark.slow
def test_every_command_answers_as_if_it_did_not_exist(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKESHI_TOKEN", _token(house.admin))
    keyboard = Keyboard(capsys)

    def typed(command: str, name: str) -> Typed:
        return keyboard(*command.split(), *_arguments(command, name), "--json")

    for command in PEOPLES:
        here = typed(command, house.incident.name)
        _nothing_of(house, here.out + here.err, command)
        if house.incident.name in _arguments(command, house.incident.name):
            nowhere = typed(command, NOWHERE)
            assert here.code == nowhere.code, command
            assert here.err.replace(house.incident.name, "") == nowhere.err.replace(NOWHERE, ""), command


def test_who_is_on_it_reads_all_of_it(house: House) -> None:
    client = signed_in(house.responder)
    assert TITLE in client.get(f"/incidents/{house.incident.name}/").content.decode()
    assert (
        TITLE
        in json.loads(
            _call(_token(house.responder), "get", "/api/v1/incidents/{name}", house.incident.name).getvalue()
        )["title"]
    )


def test_outside_its_own_pages_it_is_called_by_its_code_name(house: House) -> None:
    for address in ("/", "/incidents/"):
        text = signed_in(house.responder).get(address).content.decode()
        assert house.incident.code_name in text
        assert TITLE not in text


def test_the_organisation_s_chain_does_not_tell_what_it_is_about(house: House) -> None:
    secrecy.force_access(
        house.incident, actor=accounts.actor_of(house.admin, "console"), reason="nobody inside answers"
    )
    text = signed_in(house.commander).get("/audit/organisation/").content.decode()
    assert "nobody inside answers" in text
    _nothing_of(house, text, "organisation")
