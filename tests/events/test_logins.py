"""What the messages of login programs mean."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hikeshi.events.logins import OTHERS, PAM, SSHD, meaning


@pytest.mark.parametrize(
    ("program", "message", "expected"),
    [
        ("sshd", "Accepted password for a b from 192.0.2.1 port 22 ssh2", ("login", "success", "a b", "192.0.2.1")),
        ("sshd", "Failed none for invalid user  from 192.0.2.1 port 22 ssh2", ("login", "failure", None, "192.0.2.1")),
        ("sshd", "Invalid user x from 2001:db8::1", ("invalid user", "failure", "x", "2001:db8::1")),
        ("sshd", "Connection closed by 192.0.2.1 [preauth]", ("connection", None, None, "192.0.2.1")),
        ("sshd", "Received disconnect from 192.0.2.1: 11: Bye Bye [preauth]", ("disconnected", None, None, "192.0.2.1")),
        ("sshd", "Received disconnect from 192.0.2.1 port 22:11: bye", ("disconnected", None, None, "192.0.2.1")),
        ("sshd", "Disconnected from user bob 192.0.2.1 port 22", ("disconnected", None, "bob", "192.0.2.1")),
        ("sshd", "User bob from 192.0.2.1 not allowed because not listed in AllowUsers", ("login", "denied", "bob", "192.0.2.1")),
        ("sshd", "Bad protocol version identification 'GET /' from 192.0.2.1 port 5", ("probe", "failure", None, "192.0.2.1")),
        ("sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root",
         ("authentication", "failure", "root", "192.0.2.1")),
        ("sshd", "pam_unix(sshd:session): session opened for user bob(uid=1000) by (uid=0)", ("session opened", "success", "bob", None)),
        ("su", "FAILED SU (to root) bob on pts/0", ("su", "failure", "bob", None)),
        ("su", "(to root) bob on pts/0", ("su", "success", "bob", None)),
        ("login", "ROOT LOGIN ON tty2", ("login", "success", "ROOT", None)),
        ("systemd-logind", "New session 5 of user bob.", ("session opened", "success", "bob", None)),
    ],
)  # fmt: skip
def test_who_did_what_from_where(program: str, message: str, expected: tuple[str | None, ...]) -> None:
    says = meaning(program, message)
    assert says is not None
    assert (says.action, says.outcome, says.actor, says.src_ip) == expected


def test_sudo_with_a_wrong_password_is_a_failure() -> None:
    text = "bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh"
    says = meaning("sudo", text)
    assert says is not None
    assert (says.outcome, says.rest["reason"], says.cmdline) == ("failure", "3 incorrect password attempts", "/bin/sh")


def test_accounts_that_were_changed_are_the_target() -> None:
    for program, message in (
        ("userdel", "delete user 'bob'"),
        ("usermod", "add 'bob' to shadow group 'sudo'"),
        ("passwd", "pam_unix(passwd:chauthtok): password changed for bob"),
        ("useradd", "failed adding user 'bob', data deleted"),
    ):
        says = meaning(program, message)
        assert says is not None
        assert (says.category, says.target) == ("account", "bob")


def test_a_hosts_name_in_the_place_of_an_address_is_no_address() -> None:
    says = meaning("sshd", "Failed password for root from host.example.net port 22 ssh2")
    assert says is not None
    assert (says.src_ip, says.src_host, says.src_port) == (None, "host.example.net", 22)


@given(
    program=st.sampled_from([*OTHERS, "sshd", "other"]),
    words=st.lists(
        st.sampled_from([*SSHD, *PAM, " from ", "port 99999", "rhost=", "user=", "(", ")", ";"]) | st.text(max_size=5)
    ),
)
def test_no_text_raises(program: str, words: list[str]) -> None:
    meaning(program, " ".join(words))
