"""What lines of sshd, sudo, su, cron, useradd and their like say: who did what from where, and whether it worked.

syslog and the systemd journal carry the same texts. A name that a stranger chose may look like the rest of the line, so what stands
before an address reaches as far as it can: the last " from " is sshd's own.

References:
  https://github.com/openssh/openssh-portable/blob/master/auth.c
  https://www.sudo.ws/docs/man/sudoers.man/#LOG_FORMAT
  https://github.com/shadow-maint/shadow/blob/master/src/useradd.c
  https://man7.org/linux/man-pages/man8/pam_unix.8.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from hikeshi.events.addresses import address


class Meaning(NamedTuple):
    """What a message says. `rest` is what has no column of an event."""

    action: str
    category: str
    outcome: str | None = None
    actor: str | None = None
    src_ip: str | None = None
    src_host: str | None = None
    src_port: int | None = None
    target: str | None = None
    """The account acted on."""
    cmdline: str | None = None
    rest: Mapping[str, object] = {}


class Rule(NamedTuple):
    """Groups of the pattern are named like what they become: user, ip, port, target, cmdline; others go to `rest`."""

    pattern: re.Pattern[str]
    action: str
    category: str
    outcome: str | None
    take: itemgetter[Any]
    """Takes the five out of the groups and a None behind them, for those that the pattern does not have."""
    others: tuple[tuple[str, int], ...]

    def meaning(self, found: re.Match[str]) -> Meaning:
        """What a message says that the pattern was found in."""
        groups = (*found.groups(), None)
        user, place, port, target, cmdline = self.take(groups)
        rest = {name: value for name, at in self.others if (value := groups[at])} if self.others else NOTHING
        src_ip = address(place) if place else None
        outcome = self.outcome
        if "reason" in rest and outcome == "success":
            outcome = "denied" if DENIALS.search(rest["reason"]) else "failure"
        said = (
            self.action,
            self.category,
            outcome,
            user or (target if self.category == "login" else None) or None,
            src_ip,
            place or None if src_ip is None else None,
            int(port) if port and int(port) < 65536 else None,
            target or None,
            cmdline,
            rest,
        )
        return tuple.__new__(Meaning, said)  # for each line of a log: a third of the time of Meaning(...)


NAMED = ("user", "ip", "port", "target", "cmdline")


def _rule(pattern: str, action: str, category: str, outcome: str | None = None) -> Rule:
    compiled = re.compile(pattern, re.DOTALL)
    groups = compiled.groupindex
    return Rule(
        compiled,
        action,
        category,
        outcome,
        itemgetter(*(groups.get(name, 0) - 1 for name in NAMED)),
        tuple((name, place - 1) for name, place in groups.items() if name not in NAMED),
    )


_FROM = r"(?P<ip>[^\s\[]+)(?: port (?P<port>\d{1,5}))?"
_PAM = r"(?:pam_\w+\([^)]*\): )?"

SSHD: dict[str, Rule] = {
    "Accepted": _rule(
        rf"Accepted (?P<method>\S+) for (?P<user>.*) from {_FROM}(?: ssh\d(?:: (?P<key>\S+ \S+))?)?",
        "login",
        "login",
        "success",
    ),
    "Failed": _rule(
        rf"Failed (?P<method>\S+) for (?:(?P<invalid>invalid user) )?(?P<user>.*) from {_FROM}", "login", "login", "failure"
    ),
    "Invalid": _rule(rf"Invalid user (?P<user>.*) from {_FROM}", "invalid user", "login", "failure"),
    "input_userauth_request:": _rule(
        r"input_userauth_request: invalid user (?P<user>.*?)(?: \[preauth\])?$", "invalid user", "login", "failure"
    ),
    "error:": _rule(
        rf"error: maximum authentication attempts exceeded for (?:(?P<invalid>invalid user) )?(?P<user>.*) from {_FROM}",
        "too many attempts",
        "login",
        "failure",
    ),
    "User": _rule(rf"User (?P<user>.*) from {_FROM} not allowed because (?P<reason>.*)", "login", "login", "denied"),
    "Connection": _rule(
        rf"Connection (?:closed|reset|from|timed out)(?: by)?(?: (?:authenticating|invalid) user (?P<user>.*)(?= \S+ port \d))? {_FROM}",
        "connection",
        "network",
    ),
    "Disconnected": _rule(
        rf"Disconnected from (?:(?:authenticating |invalid )?user (?P<user>.*) (?=\S+ port \d))?{_FROM}", "disconnected", "network"
    ),
    "Received": _rule(r"Received disconnect from (?P<ip>[^\s:]*[\w.:]*\w)(?: port (?P<port>\d+))?", "disconnected", "network"),
    "Did": _rule(rf"Did not receive identification string from {_FROM}", "probe", "network", "failure"),
    "Bad": _rule(
        rf"Bad protocol version identification '(?P<sent>.*)' from {_FROM}", "probe", "network", "failure"
    ),
    "reverse": _rule(
        r"reverse mapping checking getaddrinfo for (?P<claimed>\S+) \[(?P<ip>[^\]]+)\] failed", "name mismatch", "network"
    ),
}  # fmt: skip
"""What sshd says, by its first word."""

OTHERS: dict[str, tuple[Rule, ...]] = {
    "chpasswd": (_rule(r"password for '(?P<target>[^']*)' changed", "password changed", "account", "success"),),
    "cron": (_rule(r"\((?P<user>[^)]*)\) CMD \((?P<cmdline>.*)\)", "cron", "process"),),
    "groupadd": (_rule(r"new group: name=(?P<target>[^,]+)", "group added", "account", "success"),),
    "login": (
        _rule(r"(?P<user>ROOT) LOGIN +ON (?P<tty>\S+)(?: FROM (?P<ip>\S+))?", "login", "login", "success"),
        _rule(r"LOGIN ON (?P<tty>\S+) BY (?P<user>\S+)(?: FROM (?P<ip>\S+))?", "login", "login", "success"),
        _rule(r"FAILED LOGIN .*?FOR '?(?P<user>[^',]*)", "login", "login", "failure"),
    ),
    "passwd": (_rule(r"password for '(?P<target>[^']*)' changed", "password changed", "account", "success"),),
    "su": (
        _rule(r"(?i:Successful su) for (?P<target>\S+) by (?P<user>\S+)", "su", "login", "success"),
        _rule(r"(?:FAILED SU|FAILED su) (?:for|\(to) (?P<target>[^\s)]+)\)? (?:by )?(?P<user>\S+)", "su", "login", "failure"),
        _rule(r"\(to (?P<target>[^)]+)\) (?P<user>\S+) on (?P<tty>\S+)", "su", "login", "success"),
    ),
    "sudo": (
        _rule(
            r" *(?P<user>\S+) : (?:(?P<reason>[^;=]+) ; )?(?:HOST=\S+ ; )?TTY=(?P<tty>\S+) ; PWD=(?P<pwd>.{0,4096}?) ; USER=(?P<target>\S+)"
            r" ; (?:GROUP=\S+ ; )?(?:ENV=[^;]* ; )?COMMAND=(?P<cmdline>.*)",
            "sudo",
            "process",
            "success",
        ),
    ),
    "systemd-logind": (
        _rule(r"New session (?P<session>\S+) of user (?P<user>.*?)\.?$", "session opened", "login", "success"),
        _rule(r"Removed session (?P<session>\S+?)\.?$", "session closed", "login"),
    ),
    "useradd": (
        _rule(
            r"new user: name=(?P<target>[^,]+), UID=(?P<uid>\d+), GID=(?P<gid>\d+), home=(?P<home>[^,]*), shell=(?P<shell>[^,]*)",
            "user added",
            "account",
            "success",
        ),
        _rule(r"new group: name=(?P<target>[^,]+)", "group added", "account", "success"),
        _rule(r"failed adding user '(?P<target>[^']*)'", "user added", "account", "failure"),
        _rule(r"add '(?P<target>[^']*)' to (?:shadow )?group '(?P<group>[^']*)'", "added to group", "account", "success"),
    ),
    "userdel": (_rule(r"delete user '(?P<target>[^']*)'", "user deleted", "account", "success"),),
    "usermod": (
        _rule(r"add '(?P<target>[^']*)' to (?:shadow )?group '(?P<group>[^']*)'", "added to group", "account", "success"),
        _rule(r"change user '(?P<target>[^']*)' (?P<what>.*)", "user changed", "account", "success"),
    ),
}  # fmt: skip
OTHERS |= {"crond": OTHERS["cron"], "CRON": OTHERS["cron"], "groupmod": OTHERS["usermod"], "gpasswd": OTHERS["usermod"]}

PAM: dict[str, Rule] = {
    "authentication failure": _rule(
        rf"{_PAM}(?:PAM (?P<repeated>\d+) more )?authentication failures?; .*?rhost=(?P<ip>\S*)(?: +user=(?P<user>\S+))?",
        "authentication",
        "login",
        "failure",
    ),
    "session opened": _rule(
        rf"{_PAM}session opened for user (?P<target>[^\s(]+)(?:\(uid=\d+\))? by (?P<user>[^\s(]*)",
        "session opened",
        "login",
        "success",
    ),
    "session closed": _rule(rf"{_PAM}session closed for user (?P<user>\S+)", "session closed", "login"),
    "password changed": _rule(rf"{_PAM}password changed for (?P<target>\S+)", "password changed", "account", "success"),
}
"""What PAM says in the name of any program, by words that stand in it."""
_MAY_BE_PAM = ("pam_", "authentication failure", "session ", "PAM ")

DENIALS = re.compile(r"not in sudoers|not allowed|NOT in sudoers", re.IGNORECASE)


def meaning(program: str, message: str) -> Meaning | None:
    """What the message of a program says, or None where it is none of the known ones."""
    known = understood(program, message)
    return known and known[0].meaning(known[1])


def understood(program: str, message: str) -> tuple[Rule, re.Match[str]] | None:
    """The rule that tells what the message says, and how. To no rule one digit is another than any other."""
    if program in {"sshd", "sshd-session"}:
        rule = SSHD.get(message.partition(" ")[0])
        found = rule.pattern.match(message) if rule else None
        if rule is not None and found is not None:
            return rule, found
    for rule in OTHERS.get(program, ()):
        if (found := rule.pattern.match(message)) is not None:
            return rule, found
    if message.startswith(_MAY_BE_PAM):
        for words, rule in PAM.items():
            if words in message and (found := rule.pattern.match(message)) is not None:
                return rule, found
    return None


NOTHING: Mapping[str, str] = {}
