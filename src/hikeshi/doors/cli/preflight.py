"""`doctor --aws`: would it work now, in each AWS account? Asked by reading only; answers of registered accounts are kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.preflight import QUESTIONS, asking
from hikeshi.actions.aws.preflight.question import Answer
from hikeshi.actions.aws.preflight.verdicts import concerns, outlook
from hikeshi.desk.actor import system
from hikeshi.desk.clouds import readiness
from hikeshi.desk.clouds.entering import enter, places_of
from hikeshi.desk.clouds.models import Account
from hikeshi.desk.playbooks.reading import books
from hikeshi.doors.cli import session
from hikeshi.errors import Refused

STATES = {"yes": "ok", "part": "part", "no": "bad", "unknown": "bad"}
"""As the doctor counts: an unknown is no comfort."""

Row = dict[str, Any]


def preflight(account: str, region: str, action: str) -> list[Row]:
    """The doctor's rows for AWS: one for each question all is well with, one for each sentence that says what is not, one for each step that fails."""
    if action and action not in ACTIONS:
        raise Refused(f"There is no action called {action!r}.", hint="`hikeshi action list` names them.")
    return [row for one in _accounts(account, region) for row in _of_account(one, region, action)]


def _accounts(number: str, region: str) -> list[Account]:
    """Those on the register, or, where there are none, the one our own credentials are of (which is not kept)."""
    rows = Account.objects.filter(provider="aws", retired_at__isnull=True)
    if rows.exists() and not number:
        return list(rows)
    if number and (found := rows.filter(number=number).first()):
        return [found]
    place = places_of(Account(number=number, provider="aws"), region=region)[0]
    own = str(enter(place, None).read("sts", "GetCallerIdentity")["Account"])
    if number and number != own:
        raise Refused(
            f"{number} is not on the list of accounts, and our own credentials are of {own}.",
            hint="Check the number; the page of readiness lists the accounts.",
        )
    return [Account(number=own, provider="aws")]


def _of_account(account: Account, region: str, action: str) -> Iterator[Row]:
    if account.pk and not region:
        answers = readiness.ask(account, actor=system("Hikeshi", "cli"), told=_progress)
    else:
        answers = asking.ask(places_of(account, region=region), enter, readiness.kinds_of(account), told=_progress)
    if action:
        answers = [answer for answer in answers if concerns(answer, ACTIONS[action])]
    yield from _answers(account, answers)
    yield from _outlooks(account, answers, action)


def _progress(done: int, whole: int, name: str) -> None:
    if sys.stderr.isatty() and not session.options.json:
        sys.stderr.write(f"\r\x1b[K{done}/{whole} {name}" if done < whole else "\r\x1b[K")
        sys.stderr.flush()


def _answers(account: Account, answers: Sequence[Answer]) -> Iterator[Row]:
    alike: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        alike.setdefault((answer.question, answer.region), []).append(answer)
    for (question, region), each in alike.items():
        wrong = [answer for answer in each if answer.answer != "yes"]
        if not wrong:
            what = (
                msgspec.to_builtins(each[0].found)
                if len(each) == 1
                else {"en": f"{len(each)} yes", "ja": f"可 {len(each)} 件"}
            )
            yield _row(account, "ok", question, region, "", what, ())
        for said, told in _by_sentence(wrong):
            names = [kind.name for kind in readiness.kinds_of(account) if any(concerns(one, kind) for one in told)]
            where = told[0].resource or told[0].action
            if len(told) > 1:
                where = f"{where} +{len(told) - 1}"
            yield _row(account, STATES[told[0].answer], question, region, where, said, names)


def _by_sentence(answers: Iterable[Answer]) -> Iterator[tuple[dict[str, str], list[Answer]]]:
    """Answers that say the same are said once: what refuses one permission usually refuses all."""
    alike: dict[tuple[str, ...], list[Answer]] = {}
    for answer in answers:
        alike.setdefault((answer.answer, *_said(answer).values()), []).append(answer)
    return ((_said(told[0]), told) for told in alike.values())


def _said(answer: Answer) -> dict[str, str]:
    if answer.todo is None:
        return {"en": answer.found.en, "ja": answer.found.ja}
    return {"en": f"{answer.found.en} {answer.todo.en}", "ja": f"{answer.found.ja}{answer.todo.ja}"}


def _row(
    account: Account, state: str, question: str, region: str, where: str, what: dict[str, str], names: Iterable[str]
) -> Row:
    failing = ", ".join(names)
    check = " ".join(part for part in (account.number, region, question, where) if part)
    return {"check": check, "state": state, "what": what, "would_fail": {"en": failing, "ja": failing}}


def _outlooks(account: Account, answers: Sequence[Answer], action: str) -> Iterator[Row]:
    """The steps of playbooks that would fail; the answers above say why."""
    found = {kind.name: outlook(kind, answers) for kind in readiness.kinds_of(account) if action in ("", kind.name)}
    for one in readiness.failing_steps(found, books().values()):
        title = one.step.title
        yield {
            "check": f"{account.number} {one.playbook.name} {one.step.key}",
            "state": STATES[one.outlook.state],
            "what": {"en": title.en, "ja": title.ja},
            "would_fail": {"en": one.step.action, "ja": one.step.action},
        }
    count = sum(one.state == "yes" for one in found.values())
    yield {
        "check": f"{account.number} actions",
        "state": "ok" if count == len(found) else "part",
        "what": {
            "en": f"{count} of {len(found)} actions would work; {len(QUESTIONS)} questions were asked.",
            "ja": f"アクション {len(found)} 件のうち {count} 件が動作します(確認項目 {len(QUESTIONS)} 件)。",
        },
        "would_fail": {"en": "", "ja": ""},
    }
