"""The chain-of-custody form: every field, both languages, on paper without reaching for anything, and on the record."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

import pytest

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import keeping, transfers, verbs as evidence, volatility
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.evidence.printing import print_form, to_pdf
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Failed, Refused

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=http://203.0.113.9/x onerror=alert(1)>"
RECORD = {
    "description": "Disk of the web server", "system": "vol-07c1f9e2", "account": "111122223333", "region": "ap-northeast-1",
    "location": "Tokyo", "owner": "Shop team", "authority": "Order of the CISO of 7 November", "collector": "sato",
    "witness": "kondo", "method": "EBS snapshot, raw read", "tool": "dc3dd", "tool_version": "7.3.1", "command": "dc3dd if=/dev/xvdf",
    "began_at": datetime(2026, 11, 7, 2, 41, 10, tzinfo=UTC), "ended_at": datetime(2026, 11, 7, 2, 52, 3, tzinfo=UTC),
    "clock_source": "NTP", "clock_offset_us": -1500, "tlp": "amber",
}  # fmt: skip


@pytest.fixture
def item(incident: Incident, on_it: Actor, commander: Actor) -> Item:
    made = evidence.seal_bytes(incident, b"disk", actor=on_it, title=HOSTILE, kind="disk", source="xvdf", record=RECORD)
    evidence.verify(made, actor=on_it)
    keeping.place_hold(made, actor=commander, reason="Lawsuit 12")
    transfers.offer(
        made, receiver="Forensic lab", actor=commander, purpose="Malware analysis", means="paper", place="Osaka"
    )
    volatility.expect(incident, [("memory", "web-1")], actor=on_it)
    made.refresh_from_db()
    return made


def printed(item: Item, actor: Actor, language: str = "en") -> str:
    return print_form(item.incident, [item], actor=actor, language=language, kind="html").decode()


def test_every_field_of_a_custody_record_is_on_it(item: Item, on_it: Actor) -> None:
    text = printed(item, on_it)
    for value in (str(one) for name, one in RECORD.items() if isinstance(one, str) and name not in {"tlp", "command"}):
        assert value in text, value
    for value in (
        item.name, item.incident.name, item.sha256, "dc3dd if=/dev/xvdf", "NTP -0.001500 s", "2026-11-07 11:41:10 JST (2026-11-07 02:41:10 UTC)",
        "TLP:AMBER", "Lawsuit 12", "Forensic lab", "Malware analysis", "Osaka", "Released by: name, signature, date",
        "Received by: name, signature, date", "not counter-signed yet|signed sheet is missing", "not collected yet", "Head when printed",
    ):  # fmt: skip
        assert re.search(value if "|" in value else re.escape(value), text), value


def test_it_is_the_same_in_japanese(item: Item, on_it: Actor) -> None:
    text = printed(item, on_it, "ja")
    for words in (
        "保管記録票",
        "収集の権限・法的根拠",
        "訴訟ホールド",
        "引渡者(氏名・署名・日付)",
        "記録の不足",
        "台帳",
    ):
        assert words in text
    assert '<html lang="ja">' in text


def test_text_of_others_is_escaped_and_nothing_is_fetched(
    item: Item, on_it: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    text = printed(item, on_it)
    assert HOSTILE not in text
    assert "&lt;img src=http://203.0.113.9/x" in text
    assert "<script" not in text
    assert print_form(item.incident, [item], actor=on_it, language="ja", kind="pdf").startswith(b"%PDF-")
    assert not caplog.records, "the style says nothing that paper does not know"
    for reference in ("http://203.0.113.9/x.png", "file:///etc/passwd"):
        with pytest.raises(Failed, match="nothing outside itself"):
            to_pdf(f'<img src="{reference}">')


def test_what_was_printed_is_a_line_of_custody(item: Item, on_it: Actor) -> None:
    made = print_form(item.incident, [item], actor=on_it, language="en", kind="html")
    line = evidence.custody(item)[-1]
    assert (line.verb, line.actor) == ("evidence.form", on_it.name)
    assert json.loads(line.data)["document_sha256"] == hashlib.sha256(made).hexdigest()
    assert "printed the custody form" in printed(item, on_it)


def test_all_items_are_on_one_form(item: Item, on_it: Actor) -> None:
    other = evidence.seal_bytes(item.incident, b"x", actor=on_it, title="second", kind="file")
    text = print_form(item.incident, [item, other], actor=on_it, language="en", kind="html").decode()
    assert text.count('<section class="sheet">') == 2
    assert evidence.custody(other)[-1].verb == "evidence.form"


def test_only_those_on_it_print(item: Item, off_it: Actor, outsider: Actor, on_it: Actor) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            printed(item, actor)
    with pytest.raises(Refused, match="no form in"):
        printed(item, on_it, "fr")
    with pytest.raises(Refused, match="not 0"):
        print_form(item.incident, [], actor=on_it, language="en", kind="html")
    assert evidence.custody(item)[-1].verb != "evidence.form"
