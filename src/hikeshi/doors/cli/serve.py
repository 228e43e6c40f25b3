"""`init`, `serve`, `worker`, `intake`: setting up a home and running what lives in it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from pathlib import Path

import typer
import uvicorn
from django.conf import settings
from django.core.management import call_command

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.ledger import keys
from hikeshi.doors.intake import Intake
from hikeshi.doors.mailbox import Mailbox
from hikeshi.doors.station import Station
from hikeshi.errors import Refused

TOKEN_FILE = "cli-token"  # noqa: S105  # the name of a file, not a secret


def set_up(username: str) -> tuple[Person, str]:
    """Make the database, the first administrator, signing key, this machine's command-line token; return the one-time invite link."""
    call_command("migrate", verbosity=0, interactive=False)
    local: Actor = system("hikeshi init", "cli")
    admin = accounts.first_admin(username, actor=local)
    actor = accounts.actor_of(admin, "cli")
    keys.signer()
    _keep_token(settings.ENVIRONMENT.home, accounts.issue_token(admin, "command line of this machine", actor=actor))
    return admin, invite_link(admin)


def invite_link(person: Person) -> str:
    """A link that lets this person choose a password, once, within 24 hours."""
    secret = accounts.invite(actor=accounts.actor_of(person, "cli"), role=person.role, person=person)
    return f"{settings.ENVIRONMENT.public_url}/invite/{secret}/"


def _keep_token(home: Path, secret: str) -> None:
    descriptor = os.open(home / TOKEN_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")


def init(name: str = typer.Option("admin", help="Sign-in name of the first administrator.")) -> dict[str, str]:
    """Set up a new home: database, first administrator, key that signs the ledger, command-line token. Prints the invite link, once."""
    admin, link = set_up(name)
    return {"home": str(settings.ENVIRONMENT.home), "administrator": admin.username, "invite": link}


def _spare_memory() -> None:
    """A serving process lives long beside others: memory that a timeline's build has used goes back to the system.

    Arrow's own pool keeps it, and glibc gives each of many threads an arena of its own (M_ARENA_MAX is -8 in malloc.h).
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such knob
        ctypes.CDLL(None).mallopt(-8, 2)


def run_console(host: str, port: int) -> None:
    """Serve console and API until interrupted."""
    uvicorn.run("hikeshi.asgi:application", host=host, port=port, log_level="warning", server_header=False)


def serve(
    host: str = typer.Option("127.0.0.1", help="Address to listen on."),
    port: int = typer.Option(8000, help="Port to listen on."),
) -> None:
    """Console, API, worker and intake in one process."""
    _spare_memory()
    call_command("migrate", verbosity=0, interactive=False)
    with Station(settings.ENVIRONMENT.queue_url, settings.ENVIRONMENT.mailbox_url):
        run_console(host, port)


def worker() -> None:
    """More workers: deadlines, due steps, alerts, timelines and messages, until interrupted."""
    with Station():
        threading.Event().wait()


def intake() -> None:
    """Read the SQS queue and the mailbox, whichever is set, until interrupted."""
    environment = settings.ENVIRONMENT
    if not environment.queue_url and not environment.mailbox_url:
        raise Refused("No queue and no mailbox is set.", hint="Set HIKESHI_QUEUE_URL, HIKESHI_MAILBOX_URL, or both.")
    if environment.mailbox_url and environment.queue_url:
        threading.Thread(target=Mailbox(environment.mailbox_url).run, daemon=True).start()
    (Intake(environment.queue_url) if environment.queue_url else Mailbox(environment.mailbox_url)).run()
