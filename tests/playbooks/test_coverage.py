from __future__ import annotations

from hikeshi.playbooks.coverage import Line, coverage
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.playbooks.techniques import NAMES, REVOKED, present
from hikeshi.text import Text

WORDS = Text("words", "言葉")


def book(name: str, *matches: str, whole: tuple[str, ...] = (), at_step: tuple[str, ...] = ()) -> Playbook:
    step = StepSpec(
        key="1.1", phase="containment", kind="manual", role="responder", title=WORDS, text=WORDS, attack=at_step
    )
    return Playbook(
        name=name, version=1, title=WORDS, severity="SEV-2", summary=WORDS, matches=matches, attack=whole, steps=(step,)
    )


def family(name: str, *books: Playbook) -> Line:
    return next(line for line in coverage(books, {}).findings if line.name == name)


def technique(name: str, *books: Playbook, seen: dict[str, int] | None = None) -> Line:
    return next(line for line in coverage(books, seen or {}).techniques if line.name == name)


def test_a_family_is_answered_when_each_of_its_types_is() -> None:
    assert family("trojan").state == "none"
    assert family("trojan", book("a", "Trojan:EC2/")).state == "partly"
    assert family("trojan", book("a", "Trojan:EC2/")).unanswered == ("Trojan:Runtime/",)
    assert family("trojan", book("a", "Trojan:EC2/"), book("b", "Trojan:R")).state == "answered"
    assert family("trojan", book("a", "Trojan:EC2/DropPoint")).state == "partly"


def test_a_technique_is_answered_by_itself_or_by_the_one_above_it() -> None:
    seen = {"T1552.005": 2}
    assert technique("T1552.005", seen=seen).state == "none"
    assert technique("T1552.005", book("a", whole=("T1552",)), seen=seen).playbooks == ("a",)
    assert technique("T1552.005", book("a", at_step=("T1552.005",)), seen=seen).state == "answered"
    assert technique("T1552", book("a", whole=("T1552.005",)), seen={"T1552": 1}).state == "partly"


def test_old_ids_count_as_the_new_ones() -> None:
    line = technique("T1685", book("a", whole=("T1685",)), seen={"T1562.001": 2, "T1562": 1})
    assert (line.state, line.seen_by, line.title.en) == ("answered", 3, "Disable or Modify Tools")


def test_gaps_come_first() -> None:
    found = coverage([book("a", "Trojan:", whole=("T1486",))], {"T1530": 1, "T1486": 1})
    assert [line.state for line in found.techniques] == ["none", "answered"]
    assert found.findings[-1].state == "answered"


def test_what_replaces_a_technique_is_not_revoked_itself() -> None:
    assert all(present(new) == new for new in REVOKED.values())
    assert not NAMES.keys() & REVOKED.keys()
    for table in (NAMES, REVOKED):
        assert list(table) == sorted(table)
