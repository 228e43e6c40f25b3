"""The pieces access logs are made of."""

from __future__ import annotations

import pytest

from hikeshi.events.access_lines import LONGEST, end, fields, host_of, number, outcome, place, request, seconds


def test_fields_are_divided_by_spaces_and_quotes() -> None:
    assert fields(rb'a "b c" "" "d \" e" - "h2","http/1.1" "open') == [
        "a", "b c", "", r"d \" e", "-", '"h2","http/1.1"', '"open',
    ]  # fmt: skip


def test_a_line_may_be_long_but_not_endless() -> None:
    assert len(fields(b'" ' * (LONGEST // 2))) > 0
    with pytest.raises(ValueError, match="is no request"):
        fields(b"a" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GET /a HTTP/1.1", ("GET", "/a")),
        ("GET /a b c HTTP/2.0", ("GET", "/a b c")),
        ("GET /a", ("GET", "/a")),
        ("- http://example.com:80- ", (None, "http://example.com:80-")),
        ("-", (None, None)),
        ("", (None, None)),
    ],
)
def test_a_request_is_a_method_and_an_address(text: str, found: tuple[str | None, str | None]) -> None:
    assert request(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1:443", ("192.0.2.1", 443)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("192.0.2.1", ("192.0.2.1", None)),
        ("192.0.2.1:99999", ("192.0.2.1", None)),
        ("-", (None, None)),
        ("", (None, None)),
    ],
)
def test_an_end_is_an_address_and_a_port(text: str, found: tuple[str | None, int | None]) -> None:
    assert end(text) == found


def test_numbers_that_are_none_are_not_guessed() -> None:
    assert [number(text) for text in ("7", "-1", "", "1e3", "9" * 40, "\u0667", None)] == [7] + [None] * 6
    assert [seconds(text) for text in ("0.5", "-1", "x", "nan", "inf")] == [0.5, None, None, None, None]


def test_a_status_is_an_outcome() -> None:
    assert [outcome(code) for code in (200, 304, 401, 403, 404, 500, 0, None)] == [
        "success", "success", "denied", "denied", "failure", "failure", "unknown", "unknown",
    ]  # fmt: skip


def test_an_arn_tells_region_and_account() -> None:
    assert place("-", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:x/y") == ("eu-west-1", "111122223333")
    assert place("arn:aws:s3:::bucket") == (None, None)


def test_an_address_tells_its_host() -> None:
    hosts = [host_of(url) for url in ("https://example.com:443/a:1", "http://u@example.com", "/a", None, "x://")]
    assert hosts == ["example.com", "example.com", None, None, None]
