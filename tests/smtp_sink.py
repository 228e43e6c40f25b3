"""A mail server of the tests: speaks enough SMTP over a real socket to take mails, and keeps them."""

from __future__ import annotations

import base64
import socketserver
import threading
from types import TracebackType
from typing import Self


class SmtpSink:
    """Takes every mail, or answers RCPT with `refuse`. `mails` are the raw messages, `logins` what AUTH PLAIN said.

    `envelopes` are the lines of MAIL and RCPT. `reports`: it says that it reports what becomes of a mail.
    """

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.logins: list[bytes] = []
        self.envelopes: list[bytes] = []
        self.refuse, self.reports = "", False
        sink = self

        class Door(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 sink")
                while line := self.rfile.readline().strip():
                    if not self.answer(line):
                        return

            def answer(self, line: bytes) -> bool:
                word = line[:4].upper()
                sink.envelopes += [line] * (word in {b"MAIL", b"RCPT"})
                if word == b"EHLO":
                    self.say("250-sink\r\n" + "250-DSN\r\n" * sink.reports + "250 AUTH PLAIN")
                elif word == b"AUTH":
                    sink.logins.append(base64.b64decode(line.split()[-1]))
                    self.say("235 welcome")
                elif word == b"RCPT" and sink.refuse:
                    self.say(sink.refuse)
                elif word == b"DATA":
                    self.say("354 go on")
                    sink.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self.say("250 taken")
                else:
                    self.say("221 bye" if word == b"QUIT" else "250 ok")
                return word != b"QUIT"

            def say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
