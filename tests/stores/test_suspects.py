"""Who looks like the attacker."""

from __future__ import annotations

import re

from hypothesis import given, strategies as st

from hikeshi.stores.suspects import CALLS, TACTICS, Deeds, rank


def did(principal: str, *actions: str, address: str = "198.51.100.23", denied: int = 0, count: int = 1) -> list[Deeds]:
    return [
        Deeds(principal=principal, address=address, action=action, count=count, denied=denied, first_us=1, last_us=2)
        for action in actions
    ]


def test_every_call_has_a_tactic_and_a_technique() -> None:
    assert {tactic for tactic, _ in CALLS.values()} == set(TACTICS)
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for _, technique in CALLS.values())
    assert list(TACTICS) == sorted(TACTICS)


def test_who_gives_itself_rights_comes_before_who_reads() -> None:
    found = rank([*did("reader", "GetObject", "ListBuckets"), *did("taker", "PutUserPolicy", "CreateAccessKey")])
    assert [suspect.principal for suspect in found] == ["taker", "reader"]


def test_doing_one_thing_a_thousand_times_is_not_worse_than_ten_things() -> None:
    loud = did("loud", "RunInstances", count=1000)
    broad = did("broad", "CreateUser", "AttachUserPolicy", "StopLogging", "GetSecretValue")
    assert rank([*loud, *broad])[0].principal == "broad"


def test_an_administrator_does_many_other_things() -> None:
    calls = ("CreateUser", "AttachUserPolicy", "UpdateTrail")
    daily = tuple(f"Describe{n}" for n in range(60))
    found = rank([*did("admin", *calls, *daily), *did("thief", *calls)])
    assert [suspect.principal for suspect in found] == ["thief", "admin"]


def test_looking_around_weighs_more_after_a_denial() -> None:
    calls = ("ListUsers", "ListRoles", "ListBuckets")
    found = rank([*did("allowed", *calls), *did("denied", *calls, denied=1)])
    assert found[0].principal == "denied"
    assert found[0].score > 4 * found[1].score


def test_one_principal_at_two_addresses_is_two_suspects() -> None:
    found = rank([*did("alice", "CreateUser"), *did("alice", "CreateUser", address="203.0.113.9")])
    assert [(suspect.principal, suspect.address) for suspect in found] == [
        ("alice", "198.51.100.23"),
        ("alice", "203.0.113.9"),
    ]


def test_reasons_name_calls_and_techniques_in_both_languages() -> None:
    (suspect,) = rank([*did("x", "PutUserPolicy", "ListUsers", denied=1)])
    assert [reason.tactic for reason in suspect.reasons] == ["privilege-escalation", "discovery", "denied"]
    assert suspect.reasons[0].techniques == ("T1098.003",)
    assert suspect.reasons[0].text.en == "gave itself more rights: PutUserPolicy"
    assert all(re.search(r"[぀-ヿ一-鿿]", reason.text.ja) for reason in suspect.reasons)


def test_who_did_nothing_of_the_kind_is_no_suspect() -> None:
    assert rank(did("app", "GetObject", "PutObject")) == []
    assert rank([]) == []


deeds = st.lists(
    st.builds(
        lambda who, action, denied, count: did(who, action, denied=min(denied, count), count=count)[0],
        st.sampled_from("abc"), st.sampled_from([*list(CALLS)[:30], "GetObject"]), st.integers(0, 3), st.integers(1, 5),
    ),
    max_size=20,
)  # fmt: skip


@given(deeds)
def test_the_list_is_ordered_and_does_not_depend_on_the_order_of_the_log(found: list[Deeds]) -> None:
    ranked = rank(found)
    assert [suspect.score for suspect in ranked] == sorted((suspect.score for suspect in ranked), reverse=True)
    assert [s.principal for s in rank(reversed(found))] == [s.principal for s in ranked]
