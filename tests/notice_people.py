"""A contact list for the tests of notices, and the services messages go to: a real mail server and a real HTTP server."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec
from django.conf import settings
from pytest_django.fixtures import Settings

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.doors.worker import Worker


class HttpSink:
    """Takes every POST and keeps (path, headers, body). `status` is answered, after `seconds`; `garbage` answers what is no HTTP."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.seconds, self.garbage = 200, 0.0, False
        sink = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sink.posts.append((self.path, dict(self.headers), body))
                if sink.seconds:
                    time.sleep(sink.seconds)
                    return
                if sink.garbage:
                    self.wfile.write(b"\x00\x01 this is no answer\r\n\r\n")
                    return
                self.send_response(sink.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *arguments: object) -> None:
                del arguments

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def texts(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.posts]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def contact(
    name: str, level: int = 1, *, duty: str = "incident_commander", person: Person | None = None, **more: Any
) -> Contact:
    more.setdefault("email", f"{name}@example.com")
    row: Contact = Contact.objects.create(name=name, duty=duty, level=level, person=person, language="en", **more)
    return row


def mail_by(fixture: Settings, port: int) -> None:
    """Mails leave by the sink at this port."""
    fixture.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, smtp_url=f"smtp://127.0.0.1:{port}", mail_from="hikeshi@example.com"
    )


def work() -> None:
    """All that is due now, told and sent."""
    Worker().drain()
