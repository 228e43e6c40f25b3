"""Drafts of reports: every item that a duty asks for, with what is known of it. Hikeshi drafts; people correct, sign and send."""

from __future__ import annotations

import functools
from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.counting import compute
from hikeshi.clocks.disclosure import Hint, hints
from hikeshi.clocks.duty import CONTENTS
from hikeshi.clocks.forms import FORMS
from hikeshi.clocks.rule import Rule
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.cited import check_cited
from hikeshi.desk.duties.law import legal, moments_of
from hikeshi.desk.duties.models import CERTAINTIES, Statement
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.errors import Conflict, Refused
from hikeshi.text import Text

NOTICE: Final = "C-COMMON"
"""What a notice says where the law names no items of its own."""

FOR_READERS: Final = frozenset({"individuals", "public"})
"""Stages whose text people outside will read: here, words that help an attacker are pointed at."""

WORDS: Final[dict[str, Text]] = {
    "confirmed": Text("confirmed", "確認済み"),
    "investigating": Text("under investigation", "調査中"),
    "suspected": Text("suspected", "疑い"),
    "unknown": Text("unknown", "不明"),
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a set as it stands. `version` 0: nobody has said anything of it yet."""

    content: str
    item: int
    what: Text
    certainty: str = "unknown"
    en: str = ""
    ja: str = ""
    sources: str = ""
    version: int = 0


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What is drafted: a report under a rule, or a form. `contents` are the sets of items it states."""

    title: Text
    recipient: Text
    contents: tuple[str, ...]
    for_outsiders: bool
    rule: Rule | None = None


def paper(name: str) -> Paper:
    """The paper of a rule or form. Raises `Refused` for an unknown name."""
    if (form := FORMS.get(name)) is not None:
        return Paper(
            title=form.title, recipient=form.recipient, contents=(form.content,), for_outsiders=form.for_outsiders
        )
    rule = legal(name)
    duty = rule.duty
    if duty is None:
        raise Refused(f"{name[:60]!r} is no duty of a law or contract.")
    return Paper(
        title=rule.title, recipient=duty.recipient, contents=duty.content or (NOTICE,), rule=rule,
        for_outsiders=duty.stage in FOR_READERS or not duty.content,
    )  # fmt: skip


def said(chain: str, name: str) -> list[Said]:
    """Every item of the paper in order, known or not."""
    rows = {(row.content, row.item): row for row in Statement.objects.filter(chain__name=chain)}
    found = []
    for content in paper(name).contents:
        for number, what in enumerate(CONTENTS[content], start=1):
            row = rows.get((content, number))
            known = (
                {}
                if row is None
                else {name: getattr(row, name) for name in ("certainty", "en", "ja", "sources", "version")}
            )
            found.append(Said(content=content, item=number, what=what, **known))
    return found


@transaction.atomic
def state(
    chain: str, content: str, item: int, *, actor: Actor, certainty: str, en: str = "", ja: str = "", sources: str = "",
    version: int | None = None,
) -> Statement:  # fmt: skip
    """Say what is known of one item. `version` is the one the writer saw (0: none yet).

    Raises `Conflict` when somebody else has written it meanwhile, `Refused` for an unknown item, or a confirmed one without a source.
    """
    if not 1 <= item <= len(CONTENTS.get(content, ())):
        raise Refused(f"There is no item {item} of {content[:20]!r}.", hint=f"The sets are {', '.join(CONTENTS)}.")
    if certainty not in dict(CERTAINTIES):
        raise Refused(f"{certainty[:20]!r} is no certainty.", hint=f"Use one of: {', '.join(dict(CERTAINTIES))}.")
    if certainty == "confirmed" and not sources.strip():
        raise Refused("What is confirmed rests on something.", hint="Name the evidence, such as EV-001.")
    check_cited(chain, sources)
    row, before = _changeable(chain, content, item, version)
    row.certainty, row.en, row.ja, row.sources = certainty, en.strip(), ja.strip(), sources.strip()
    row.written_by, row.written_at = actor.name, timezone.now()
    row.full_clean()
    row.save()
    after = {"certainty": certainty, "en": row.en, "ja": row.ja, "sources": row.sources}
    ledger.append(
        chain, actor=actor, verb="statement.write", obj=f"{content}.{item}", data={"before": before, "after": after}
    )
    return row


def _changeable(chain: str, content: str, item: int, version: int | None) -> tuple[Statement, dict[str, str]]:
    """The row to be written, and what it said before; one writer at a time."""
    owner = Chain.objects.get_or_create(name=chain)[0]
    Chain.objects.select_for_update().get(pk=owner.pk)
    row = Statement.objects.filter(chain=owner, content=content, item=item).first()
    seen = row.version if row else 0
    if version is not None and version != seen:
        current = f"{row.en} / {row.ja}" if row else ""
        raise Conflict(
            f"{content} {item} was written by somebody else meanwhile. Saved: {current}",
            current=current, hint="Look at it again; nothing of yours was written.",
        )  # fmt: skip
    if row is None:
        return Statement(chain=owner, content=content, item=item), {}
    before = {name: getattr(row, name) for name in ("certainty", "en", "ja", "sources")}
    row.version += 1
    return row, before


def draft(chain: str, name: str, language: str) -> str:
    """The paper as far as it is known, as Markdown in `language` (en or ja). What is missing is written as missing."""
    made = paper(name)
    pick = functools.partial(_words, language=language)
    head = [
        f"# {pick(made.title)}",
        pick(
            Text(
                "Draft, not sent. People check, complete and send it.", "草案(未送付)。確認・補完・送付は人が行います。"
            )
        ),
        f"- {pick(Text('Incident', 'インシデント'))}: {chain}",
        f"- {pick(Text('To', '宛先'))}: {pick(made.recipient)}",
        *_deadline(chain, made.rule, language),
        f"- {pick(Text('As of', '作成時点'))}: {timezone.now():%Y-%m-%d %H:%M} UTC",
    ]
    return (
        "\n\n".join([head[0], head[1], "\n".join(head[2:]), *(_item(one, language) for one in said(chain, name))])
        + "\n"
    )


def _deadline(chain: str, rule: Rule | None, language: str) -> list[str]:
    if rule is None:
        return []
    due = compute(rule, moments_of(chain, rule), timezone.now())
    return [f"- {_words(Text('Deadline', '期限'), language)}: {_words(due.explanation, language)}"]


def hints_of(chain: str, name: str) -> list[tuple[Said, str, Hint]]:
    """What should not stand in a text that people outside will read: the item, the language, the place."""
    if not paper(name).for_outsiders:
        return []
    return [
        (one, language, hint)
        for one in said(chain, name)
        for language, text in (("en", one.en), ("ja", one.ja))
        for hint in hints(text)
    ]


def _item(one: Said, language: str) -> str:
    pick = functools.partial(_words, language=language)
    text = one.ja if language == "ja" else one.en
    if not text:
        other = one.en if language == "ja" else one.ja
        text = pick(Text("(not written in English yet)", "(日本語は未記入)")) if other else pick(WORDS[_open(one)])
    sources = f" [{one.sources}]" if one.sources else ""
    return f"## {one.item}. {pick(one.what)} ({pick(WORDS[one.certainty])})\n\n{text}{sources}"


def _open(one: Said) -> str:
    return one.certainty if one.certainty in {"investigating", "unknown"} else "unknown"


def _words(text: Text, language: str) -> str:
    return text.ja if language == "ja" else text.en
