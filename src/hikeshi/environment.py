"""What the environment may say: one table of variables, checked once at start, with a hint where something is wrong.

Everything is read from the process environment (`HIKESHI_...`); there is no settings file. A variable that is not in the table, or
a value that is not understood or not safe, stops the program: a typing mistake must not silently mean "default".
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from hikeshi.errors import Refused

ADDRESS_LIMIT: Final = 300
"""Characters: what the tables of stamps and copies hold."""

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

LOCKER: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]{0,60})?", re.ASCII)
LOCK: Final = re.compile(r"(?P<mode>governance|compliance):(?P<days>[1-9][0-9]{0,4})d")

VARIABLES: Final[dict[str, tuple[str, str]]] = {
    # name: (default, what it means)
    "HIKESHI_ALLOWED_HOSTS": ("127.0.0.1,localhost,[::1]", "host names the console answers to, comma separated"),
    "HIKESHI_AWS_ACCOUNTS": (
        "",
        "account ids actions may touch, comma separated; empty: any the credentials reach",
    ),
    "HIKESHI_AWS_ENDPOINT_URL": ("", "a simulated AWS; everything done through it is labelled simulated"),
    "HIKESHI_AWS_PROTECTED": ("", "resource ids no action may ever touch, comma separated"),
    "HIKESHI_AWS_REGION": ("ap-northeast-1", "region used where an alert names none"),
    "HIKESHI_CHECKPOINT_COPIES": (
        "",
        "where signed checkpoints are copied, comma separated: file:/path, s3://bucket/prefix, https://..., mailto:...",
    ),
    "HIKESHI_CHECKPOINT_SECONDS": (
        "300",
        "how long a line of the ledger waits at most for a signed checkpoint over it",
    ),
    "HIKESHI_DATABASE_URL": ("", "postgresql://user:password@host/name; empty: SQLite in the home folder"),
    "HIKESHI_EVIDENCE_BUCKET": ("", "S3 bucket that receives memory images"),
    "HIKESHI_HOME": ("~/.local/share/hikeshi", "the data folder: database, evidence locker, timelines, keys"),
    "HIKESHI_LANGUAGE": ("en", "language where nobody has chosen one: en or ja"),
    "HIKESHI_LEASE_SECONDS": ("30", "how long a silent worker keeps a step before another may take it"),
    "HIKESHI_LOCKER": ("", "where evidence is kept: s3://bucket/prefix; empty: the folder locker in the home folder"),
    "HIKESHI_LOCKER_KEY": (
        "",
        "age key file evidence is encrypted with (`hikeshi evidence make-key`); empty: not encrypted",
    ),
    "HIKESHI_LOCKER_KMS_KEY": ("", "KMS key S3 encrypts evidence with; empty: as the bucket says"),
    "HIKESHI_LOCKER_LOCK": (
        "",
        "Object Lock for evidence in S3, such as governance:365d or compliance:365d; empty: none",
    ),
    "HIKESHI_MAILBOX_PASSWORD_FILE": ("", "file with the mailbox's password, readable by its owner only"),
    "HIKESHI_MAILBOX_URL": ("", "IMAP mailbox the intake reads: imaps://user@host/INBOX; empty: no mailbox"),
    "HIKESHI_LOOKUP_KEY_FILE": (
        "",
        "file with the header that service wants, such as X-Key: secret, readable by its owner only",
    ),
    "HIKESHI_LOOKUP_URL": (
        "",
        "https address that is asked about observables, with {kind} and {value} after the host; empty: none",
    ),
    "HIKESHI_MAIL_FROM": ("", "the sender of mails, where checkpoints are copied to mailto:"),
    "HIKESHI_PLAYBOOKS": ("", "folder with playbooks of your own, *.yaml, such as a git checkout; empty: none"),
    "HIKESHI_PLAYBOOK_KEYS": (
        "",
        "PEM files with public keys, comma separated; once set, only files of that folder count that one of them signed",
    ),
    "HIKESHI_PUBLIC_URL": ("http://127.0.0.1:8000", "the address people open; https unless it is this machine"),
    "HIKESHI_QUEUE_URL": ("", "SQS queue the intake reads; empty: no queue"),
    "HIKESHI_SELF_REPORT": ("off", "on: anybody who reaches the console may report on /report/, without an account"),
    "HIKESHI_SELF_REPORT_WORD": ("", "a word the form on /report/ asks for, which everybody in the company knows"),
    "HIKESHI_SIGNING_KEY": (
        "",
        "the key that signs checkpoints: file:/path, kms:KEY or pkcs11:...; empty: a file in the home folder",
    ),
    "HIKESHI_SIGNING_SECRET_FILE": ("", "file with that key's passphrase or PIN, readable by its owner only"),
    "HIKESHI_SMTP_PASSWORD_FILE": ("", "file with the mail server's password, readable by its owner only"),
    "HIKESHI_SMTP_URL": ("", "mail server: smtp://user@host:587 (STARTTLS) or smtps://user@host"),
    "HIKESHI_TIMESTAMP_AUTHORITIES": ("", "addresses of RFC 3161 time-stamp authorities, comma separated"),
    "HIKESHI_TIMESTAMP_ROOTS": ("", "PEM files with their root certificates, one for each and in the same order"),
    "HIKESHI_TIME_SERVER": (
        "",
        "host or host:port asked (SNTP) how far our clock is off; empty: what the kernel knows",
    ),
    "HIKESHI_TIME_ZONE": ("Asia/Tokyo", "zone times are shown in where nobody has chosen one"),
    "HIKESHI_TOKEN": ("", "API token the command line acts with; empty: the file cli-token in the home folder"),
    "HIKESHI_VERIFY_DAYS": ("7", "days after which sealed evidence is read again by itself; 0: never"),
    "HIKESHI_WEBHOOK_SECRET_FILE": ("", "file with the key that signs what is posted to https:// copies"),
}


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The checked environment. Paths are absolute, lists are tuples, empty means not set."""

    home: Path
    database: dict[str, str]
    allowed_hosts: tuple[str, ...]
    public_url: str
    language: str
    time_server: str
    time_zone: str
    lease_seconds: float
    verify_days: int
    checkpoint_seconds: float
    queue_url: str
    aws_endpoint_url: str
    aws_region: str
    aws_accounts: tuple[str, ...]
    aws_protected: tuple[str, ...]
    evidence_bucket: str
    signing_key: str
    signing_secret_file: Path | None
    timestamp_authorities: tuple[str, ...]
    timestamp_roots: tuple[Path, ...]
    checkpoint_copies: tuple[str, ...]
    webhook_secret_file: Path | None
    smtp_url: str
    smtp_password_file: Path | None
    mail_from: str
    mailbox_url: str
    mailbox_password_file: Path | None
    self_report: bool
    self_report_word: str
    locker: str
    locker_lock: tuple[str, int] | None
    """The mode of Object Lock and the days it lasts."""
    locker_kms_key: str
    locker_key: Path | None
    lookup_url: str
    lookup_key_file: Path | None
    playbooks: Path | None
    playbook_keys: tuple[Path, ...]

    @property
    def rules(self) -> Path:
        """The folder of the organisation's own clock rules, *.yaml. It need not exist."""
        return self.home / "rules"

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


def read_environment(environ: Mapping[str, str] = os.environ) -> Environment:
    """Check every HIKESHI_ variable. Raises `Refused` naming the variable and what it may be."""
    _refuse_unknown(environ)
    value = {name: environ.get(name, default).strip() for name, (default, _) in VARIABLES.items()}
    home = Path(value["HIKESHI_HOME"]).expanduser().absolute()
    return Environment(
        home=home,
        database=_database(value["HIKESHI_DATABASE_URL"], home),
        allowed_hosts=_words(value["HIKESHI_ALLOWED_HOSTS"]),
        public_url=_public_url(value["HIKESHI_PUBLIC_URL"]),
        language=_one_of("HIKESHI_LANGUAGE", value["HIKESHI_LANGUAGE"], ("en", "ja")),
        time_server=value["HIKESHI_TIME_SERVER"],
        time_zone=_time_zone(value["HIKESHI_TIME_ZONE"]),
        verify_days=_days("HIKESHI_VERIFY_DAYS", value["HIKESHI_VERIFY_DAYS"]),
        lease_seconds=_seconds("HIKESHI_LEASE_SECONDS", value["HIKESHI_LEASE_SECONDS"]),
        checkpoint_seconds=_seconds("HIKESHI_CHECKPOINT_SECONDS", value["HIKESHI_CHECKPOINT_SECONDS"]),
        queue_url=_url("HIKESHI_QUEUE_URL", value["HIKESHI_QUEUE_URL"]),
        aws_endpoint_url=_url("HIKESHI_AWS_ENDPOINT_URL", value["HIKESHI_AWS_ENDPOINT_URL"]),
        aws_region=value["HIKESHI_AWS_REGION"],
        aws_accounts=_words(value["HIKESHI_AWS_ACCOUNTS"]),
        aws_protected=_words(value["HIKESHI_AWS_PROTECTED"]),
        evidence_bucket=value["HIKESHI_EVIDENCE_BUCKET"],
        **_anchors(value),
        mailbox_url=_mailbox(value["HIKESHI_MAILBOX_URL"]),
        mailbox_password_file=_file(value["HIKESHI_MAILBOX_PASSWORD_FILE"]),
        self_report=_one_of("HIKESHI_SELF_REPORT", value["HIKESHI_SELF_REPORT"], ("off", "on")) == "on",
        self_report_word=value["HIKESHI_SELF_REPORT_WORD"],
        locker=_locker(value["HIKESHI_LOCKER"]),
        locker_lock=_lock(value["HIKESHI_LOCKER_LOCK"], value["HIKESHI_LOCKER"]),
        locker_kms_key=value["HIKESHI_LOCKER_KMS_KEY"],
        lookup_url=_url("HIKESHI_LOOKUP_URL", value["HIKESHI_LOOKUP_URL"]),
        lookup_key_file=_file(value["HIKESHI_LOOKUP_KEY_FILE"]),
        playbooks=_file(value["HIKESHI_PLAYBOOKS"]),
        playbook_keys=tuple(_path(one) for one in _words(value["HIKESHI_PLAYBOOK_KEYS"])),
        locker_key=Path(key).expanduser().absolute() if (key := value["HIKESHI_LOCKER_KEY"]) else None,
    )


def _anchors(value: Mapping[str, str]) -> dict[str, Any]:
    """What concerns keys, time stamps and copies. That a place is understood is for `custody` to say, not for the start."""
    authorities = _words(value["HIKESHI_TIMESTAMP_AUTHORITIES"])
    roots = tuple(_path(one) for one in _words(value["HIKESHI_TIMESTAMP_ROOTS"]))
    if len(authorities) != len(roots):
        raise Refused(
            f"HIKESHI_TIMESTAMP_AUTHORITIES names {len(authorities)}, HIKESHI_TIMESTAMP_ROOTS {len(roots)}.",
            hint="Name one PEM file for each authority, in the same order: a token is believed by its own root only.",
        )
    for address in authorities:
        if "@" in urlsplit(_url("HIKESHI_TIMESTAMP_AUTHORITIES", address)).netloc:
            raise Refused("HIKESHI_TIMESTAMP_AUTHORITIES holds a password.", hint="Leave it out: addresses are shown.")
    copies = _words(value["HIKESHI_CHECKPOINT_COPIES"])
    if any(len(one) > ADDRESS_LIMIT for one in (*authorities, *copies)):
        raise Refused(
            f"An authority or a place of copies has more than {ADDRESS_LIMIT} characters.", hint="Shorten it."
        )
    smtp = urlsplit(value["HIKESHI_SMTP_URL"])
    if smtp.password or (smtp.geturl() and (smtp.scheme not in {"smtp", "smtps"} or not smtp.hostname)):
        raise Refused(
            "HIKESHI_SMTP_URL is not understood (its value is not shown).",
            hint="Use smtp://user@host:587 or smtps://user@host, the password in HIKESHI_SMTP_PASSWORD_FILE.",
        )
    return {
        "signing_key": value["HIKESHI_SIGNING_KEY"],
        "signing_secret_file": _file(value["HIKESHI_SIGNING_SECRET_FILE"]),
        "timestamp_authorities": authorities,
        "timestamp_roots": roots,
        "checkpoint_copies": copies,
        "webhook_secret_file": _file(value["HIKESHI_WEBHOOK_SECRET_FILE"]),
        "smtp_url": value["HIKESHI_SMTP_URL"],
        "smtp_password_file": _file(value["HIKESHI_SMTP_PASSWORD_FILE"]),
        "mail_from": value["HIKESHI_MAIL_FROM"],
    }


def secret_key(home: Path) -> str:
    """The signing key of sessions and links: made once in the home folder, readable by its owner only."""
    path = home / "secret-key"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for name in environ:
        if name.startswith("HIKESHI_") and name not in VARIABLES:
            close = difflib.get_close_matches(name, VARIABLES, n=1)
            hint = f"Did you mean {close[0]}?" if close else "See `hikeshi config` for the names."
            raise Refused(f"The environment variable {name} is not known.", hint=hint)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _file(text: str) -> Path | None:
    return _path(text) if text else None


def _one_of(name: str, text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise Refused(f"{name} is {text!r}.", hint=f"Use one of: {', '.join(allowed)}.")
    return text


def _days(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > 3650:
        raise Refused(f"{name} is {text!r}.", hint="Use a whole number of days from 0 to 3650.")
    return int(text)


def _seconds(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.1 <= number <= 3600:
        raise Refused(f"{name} is {text!r}.", hint="Use a number of seconds between 0.1 and 3600.")
    return number


def _locker(text: str) -> str:
    if text and not LOCKER.fullmatch(text):
        raise Refused(
            f"HIKESHI_LOCKER is {text!r}.",
            hint="Use s3://bucket or s3://bucket/prefix, the prefix of at most 60 letters, digits, and / . _ -.",
        )
    return text.rstrip("/")


def _lock(text: str, locker: str) -> tuple[str, int] | None:
    if not text:
        return None
    found = LOCK.fullmatch(text.lower())
    if not found:
        raise Refused(f"HIKESHI_LOCKER_LOCK is {text!r}.", hint="Use governance:365d or compliance:365d.")
    if not locker:
        raise Refused("HIKESHI_LOCKER_LOCK is set, but a folder has no Object Lock.", hint="Set HIKESHI_LOCKER too.")
    return found["mode"], int(found["days"])


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise Refused(f"HIKESHI_TIME_ZONE is {text!r}.", hint="Use a zone name such as Asia/Tokyo or UTC.")
    return ZoneInfo(text).key


def _url(name: str, text: str) -> str:
    if text and urlsplit(text).scheme not in {"http", "https"}:
        raise Refused(f"{name} is {text!r}.", hint="Use an address that starts with https:// or http://.")
    return text


def _mailbox(text: str) -> str:
    parts = urlsplit(text)
    if parts.password or (text and (parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username)):
        raise Refused(
            "HIKESHI_MAILBOX_URL is not understood (its value is not shown).",
            hint="Use imaps://user@host/INBOX, the password in HIKESHI_MAILBOX_PASSWORD_FILE.",
        )
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(_url("HIKESHI_PUBLIC_URL", text))
    if parts.scheme != "https" and (parts.hostname or "") not in LOOPBACK:
        raise Refused(
            f"HIKESHI_PUBLIC_URL is {text!r}: sign-in over plain http is only safe on this machine.",
            hint="Use https:// behind a proxy that terminates TLS.",
        )
    return text.rstrip("/")


def _database(url: str, home: Path) -> dict[str, str]:
    if not url:
        return {"ENGINE": "hikeshi.desk.sqlite3", "NAME": str(home / "hikeshi.sqlite3")}
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise Refused(
            "HIKESHI_DATABASE_URL is not understood (its value is not shown).",
            hint="Use postgresql://user:password@host:5432/name.",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }
