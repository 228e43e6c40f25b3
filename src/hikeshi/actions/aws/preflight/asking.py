"""Asking all questions about an account: several at once, each once in each region it is about, and a word after each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import msgspec

from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Answer, Enter, Ground, Kind, Place, Question, unknown
from hikeshi.errors import HikeshiError

AT_ONCE = 4
"""Questions asked side by side: mostly different APIs, each with its own bucket, and the world waits for its turn in each."""

MOST_ANSWERS = 20_000

Told = Callable[[int, int, str], None]
"""Called after each question: how many are done, of how many, and which it was."""


def ask(
    places: Sequence[Place],
    enter: Enter,
    actions: Sequence[Kind],
    *,
    told: Told = lambda _done, _all, _name: None,
    questions: Mapping[str, Question] = QUESTIONS,
) -> list[Answer]:
    """Every answer, sorted by question, region, action and resource. Never raises for what AWS says: that is an answer too."""
    tasks = [
        (name, question, place)
        for name, question in questions.items()
        for place in (places if question.regional else places[:1])
    ]
    if elsewhere := _elsewhere(places[0], enter):
        left = [name for name, question in questions.items() if not question.own]
        tasks = [task for task in tasks if task[1].own]
        answers = [msgspec.structs.replace(elsewhere, question=name) for name in left]
    else:
        answers = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="preflight") as pool:
        running = {pool.submit(_asked, *task, enter, tuple(actions)): task[0] for task in tasks}
        for done, one in enumerate(as_completed(running), start=1):
            answers += one.result()
            told(done, len(tasks), running[one])
    return sorted(answers[:MOST_ANSWERS], key=lambda one: (one.question, one.region, one.action, one.resource))


def _elsewhere(place: Place, enter: Enter) -> Answer | None:
    """What stands for every answer where what we enter is another account: never one account's answers under another's name."""
    try:
        found = str(enter(place, "read").read("sts", "GetCallerIdentity")["Account"])
    except HikeshiError:
        return None  # each question says so itself
    if found == place.account:
        return None
    en = f"Not asked: the credentials for reading are of {found}, not of {place.account}."
    return unknown(en, f"未確認です。読み取り用の認証情報は {place.account} ではなく {found} のものです。")


def _asked(name: str, question: Question, place: Place, enter: Enter, actions: tuple[Kind, ...]) -> list[Answer]:
    ground = Ground(place=place, enter=enter, actions=actions)
    answers: list[Answer] = []
    try:
        answers.extend(question.ask(ground))  # what was answered before it failed stays
    except HikeshiError as problem:
        code = getattr(problem, "code", type(problem).__name__)
        answers.append(unknown(f"It could not be found out: {problem}", f"確認できません ({code})。"))
    region = place.region if question.regional else ""
    return [msgspec.structs.replace(answer, question=name, region=region) for answer in answers]
