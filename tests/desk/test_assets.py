"""The asset register: one row for what alerts name, from people, files and the cloud."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, strategies as st

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.actor import Actor
from hikeshi.desk.assets import csv_rows, imports, verbs
from hikeshi.desk.assets.csv_rows import Bad, Row
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.assets.register import matching, names_of, normal
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, HikeshiError, Refused, Unreadable
from hikeshi.signals.signal import Observable

pytestmark = pytest.mark.django_db

ENGLISH = """identifier,name,owner,criticality,environment,data,tag:cost
i-0abc,Web 1,Sales,vital,production,"personal, payment",42
DB-1.example.com,,dba@example.com,2,stg,,
10.1.0.0/16,Office,,low,,,
"""
JAPANESE = "識別子,名称,所有者,重要度,環境,データ\r\ni-0abc,表計算サーバー,営業部,最重要,本番,個人情報\r\n"


def rows(content: str | bytes) -> list[Row | Bad]:
    return csv_rows.read(content.encode() if isinstance(content, str) else content, "assets.csv").rows


def named(*found: Asset) -> list[str]:
    return [row.identifier for row in found]


def test_whoever_judges_alerts_may_correct_the_register_and_it_is_in_the_ledger(off_it: Actor, outsider: Actor) -> None:
    row = verbs.add("i-0abc", actor=off_it, name="Web 1", criticality=1)
    verbs.change(row, actor=off_it, owner_name="Sales")
    verbs.retire(row, actor=off_it, reason="scrapped")
    assert list(Entry.objects.filter(verb__startswith="asset.").values_list("verb", flat=True)) == [
        "asset.add", "asset.change", "asset.retire",
    ]  # fmt: skip
    with pytest.raises(Refused, match="may not"):
        verbs.add("i-1", actor=outsider)


def test_who_saw_an_older_row_does_not_overwrite_a_newer(off_it: Actor) -> None:
    row = verbs.add("i-0abc", actor=off_it)
    verbs.change(row, actor=off_it, name="Web 1")
    with pytest.raises(Conflict):
        verbs.change(row, actor=off_it, seen=row.updated_at, name="Web 2")
    assert Asset.objects.get().name == "Web 1"


@pytest.mark.parametrize("values", [{"data": ["everything"]}, {"size": 3}])
def test_what_the_register_does_not_know_is_refused(off_it: Actor, values: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        verbs.add("i-0abc", actor=off_it, **values)


@pytest.mark.parametrize("identifier", ["", "  ", "0.0.0.0/0", "::/0", "x" * 301, "a\nb"])
def test_an_identifier_that_would_match_strangers_is_refused(off_it: Actor, identifier: str) -> None:
    with pytest.raises(Refused):
        verbs.add(identifier, actor=off_it)


def test_the_owner_is_linked_to_the_contact_list(admin: Actor) -> None:
    contact = accounts.add_contact("Sales desk", "support", actor=admin, email="sales@example.com")
    row = verbs.add("i-0abc", actor=admin, owner_name="Sales@example.com")
    assert row.owner == contact


def test_observables_find_their_assets(off_it: Actor) -> None:
    for identifier, criticality in (
        ("i-0abc", 3), ("Web-1.example.com", 1), ("192.0.2.0/24", 4), ("2001:db8::/32", 2), ("db-1", 2), ("111122223333", 3),
        ("arn:aws:s3:::Backup", 2),
    ):  # fmt: skip
        verbs.add(identifier, actor=off_it, criticality=criticality)
    found = {
        "instance i-0abc": ["i-0abc"],
        "resource arn:aws:ec2:ap-northeast-1:111122223333:instance/i-0abc": ["i-0abc"],
        "resource arn:aws:s3:::Backup": ["arn:aws:s3:::Backup"],
        "host WEB-1.EXAMPLE.COM.": ["web-1.example.com"],
        "host db-1.corp.example.com": ["db-1"],
        "address 192.0.2.7": ["192.0.2.0/24"],
        "address 2001:db8:0::9": ["2001:db8::/32"],
        "address 203.0.113.7": [],
        "account 111122223333": ["111122223333"],
    }
    for said, expected in found.items():
        kind, value = said.split(" ")
        assert named(*matching([Observable(kind, value)])) == expected, said  # type: ignore[arg-type]


def test_the_account_counts_only_where_nothing_nearer_is_known_and_the_most_critical_is_first(off_it: Actor) -> None:
    for identifier, criticality in (("i-0abc", 3), ("db-1", 1), ("111122223333", 1)):
        verbs.add(identifier, actor=off_it, criticality=criticality)
    both = [Observable("account", "111122223333"), Observable("instance", "i-0abc"), Observable("host", "db-1")]
    assert named(*matching(both)) == ["db-1", "i-0abc"]


def test_many_observables_are_one_question(off_it: Actor) -> None:
    verbs.add("198.51.100.0/24", actor=off_it)
    many = [Observable("address", f"198.51.100.{number}") for number in range(200)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert named(*matching(many)) == ["198.51.100.0/24"]
    assert len(asked) == 1


def test_a_retired_asset_is_not_found(off_it: Actor) -> None:
    verbs.retire(verbs.add("i-0abc", actor=off_it), actor=off_it, reason="scrapped")
    assert matching([Observable("instance", "i-0abc")]) == []


@given(
    st.one_of(st.text(max_size=40), st.ip_addresses().map(str), st.from_regex(r"arn:aws:[a-z:/]{0,20}", fullmatch=True))
)
def test_what_is_normal_stays_normal(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@given(st.ip_addresses(v=4), st.integers(8, 32))
def test_an_address_is_found_in_every_network_around_it(address: ipaddress.IPv4Address, prefix: int) -> None:
    names = set(names_of(Observable("address", str(address))))
    assert {str(address), str(ipaddress.ip_network((int(address), prefix), strict=False))} <= names


def test_a_csv_file_is_read_by_its_header() -> None:
    first, second, third = rows(ENGLISH)
    assert isinstance(first, Row)
    assert first.identifier == "i-0abc"
    assert first.values == {
        "name": "Web 1", "owner_name": "Sales", "criticality": 1, "environment": "production", "data": ["payment", "personal"],
        "tags": {"cost": "42"},
    }  # fmt: skip
    assert isinstance(second, Row)
    assert (second.identifier, second.values["environment"]) == ("db-1.example.com", "staging")
    assert isinstance(third, Row)
    assert third.values == {"name": "Office", "criticality": 4}


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (JAPANESE.encode(), "UTF-8"),
        (JAPANESE.encode("utf-8-sig"), "UTF-8"),
        (JAPANESE.encode("cp932"), "Shift_JIS"),
        (JAPANESE.encode("utf-16"), "UTF-16"),
    ],
)
def test_the_encoding_is_found(content: bytes, encoding: str) -> None:
    table = csv_rows.read(content, "資産.csv")
    [row] = table.rows
    assert table.encoding == encoding
    assert isinstance(row, Row)
    assert row.values == {
        "name": "表計算サーバー", "owner_name": "営業部", "criticality": 1, "environment": "production", "data": ["personal"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("id\na\na\n", 3, "the same identifier as line 2"),
        ("id,criticality\na,enormous\n", 2, "'enormous' is no criticality"),
        ("id,environment\n\na,moon\n", 3, "'moon' is no environment"),
        ("id,data\na,rubbish\n", 2, "'rubbish' is not a kind of data"),
        ("id,name\na\n", 2, "1 fields, the header has 2"),
        ("id\n0.0.0.0/0\n", 2, "too wide"),
        ("id,name\n,nameless\n", 2, "needs an identifier"),
        ('id,name\na,"never closed\nb,c\n', 3, "not CSV from here on"),
    ],
)
def test_a_row_that_cannot_be_read_says_why_and_where(content: str, line: int, reason: str) -> None:
    [bad] = [row for row in rows(content) if isinstance(row, Bad)]
    assert bad.line == line
    assert reason in bad.reason.en
    assert bad.reason.ja


@pytest.mark.parametrize("content", [b"", b"\xff\xff\x00\x81", b"name,owner\nx,y\n", b'"', b"x" * (csv_rows.LIMIT + 1)])
def test_what_is_no_register_is_refused_whole(content: bytes) -> None:
    with pytest.raises(Unreadable):
        csv_rows.read(content, "assets.csv")


@given(st.binary(max_size=200), st.sampled_from([b"", b"id,criticality,data\n", "識別子,環境\n".encode("cp932")]))
def test_no_bytes_break_the_reader_and_every_row_is_one_thing(content: bytes, header: bytes) -> None:
    try:
        found = csv_rows.read(header + content, "fuzz").rows
    except HikeshiError:
        return
    assert all(isinstance(row, Row | Bad) for row in found)


def test_an_import_shows_first_and_counts_everything(off_it: Actor) -> None:
    content = ENGLISH + "i-0abc,again,,,,,\n"
    shown = imports.preview(rows(content), actor=off_it, source="csv")
    assert [len(part) for part in shown] == [3, 0, 0, 1]
    assert not Asset.objects.exists()
    imports.take_in(rows(content), actor=off_it, source="csv", file_sha256="0" * 64)
    assert Asset.objects.count() == 3
    again = imports.take_in(rows(ENGLISH.replace("Web 1", "Web 2")), actor=off_it, source="csv")
    assert [len(part) for part in again] == [0, 1, 2, 0]
    assert again.changed[0].fields == ("name",)
    assert Asset.objects.get(identifier="i-0abc").name == "Web 2"
    assert Entry.objects.filter(verb="asset.import").count() == 2


def test_an_import_brings_a_retired_asset_back(off_it: Actor) -> None:
    verbs.retire(verbs.add("i-0abc", actor=off_it), actor=off_it, reason="scrapped")
    done = imports.take_in(rows("id\ni-0abc\n"), actor=off_it, source="csv")
    assert done.changed[0].fields == ("retired_at",)
    assert Asset.objects.get().retired_at is None


def test_an_outsider_may_not_import(outsider: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        imports.preview(rows(ENGLISH), actor=outsider, source="csv")
