"""A real IMAP server of the tests: Dovecot on a free port of this machine, over TLS, with one mailbox in a temporary folder."""

from __future__ import annotations

import getpass
import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password=wooden-bucket
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
"""


class Imap(NamedTuple):
    """Where the server is: the URL without a password, the file with it, the certificate to trust, the folder of the mails."""

    url: str
    password_file: Path
    certificate: Path
    port: int

    def append(self, mail: bytes) -> None:
        with self.session() as imap:
            imap.append("INBOX", "", "", mail)

    def flags(self) -> list[str]:
        """The flags of every mail, in order."""
        with self.session() as imap:
            imap.select("INBOX", readonly=True)
            return [str(line) for line in imap.fetch("1:*", "(FLAGS)")[1] if line]

    @contextmanager
    def session(self) -> Iterator[imaplib.IMAP4_SSL]:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        with imaplib.IMAP4_SSL("localhost", self.port, ssl_context=trusted, timeout=10) as imap:
            imap.login("security", "wooden-bucket")
            yield imap


@contextmanager
def running() -> Iterator[Imap]:
    """The server, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hikeshi-imap-"))
    root = os.geteuid() == 0
    owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    port, me = _free_port(), getpass.getuser()
    (folder / "mail").mkdir()
    folder.chmod(0o755)
    shutil.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    internal, login, group = ("dovecot", "dovenull", "dovecot") if root else (me, me, me)
    written = {"uid": owner.pw_uid, "gid": owner.pw_gid, "internal": internal, "login": login, "group": group}
    (folder / "conf").write_text(CONFIG.format(folder=folder, port=port, **written))
    secret = folder / "password"
    secret.write_text("wooden-bucket\n")
    secret.chmod(0o400)
    server = subprocess.Popen(
        [str(DOVECOT), "-F", "-c", folder / "conf"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        _wait(port, folder / "log")
        yield Imap(f"imaps://security@localhost:{port}/INBOX", secret, folder / "cert.pem", port)
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(port: int, log: Path) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(log.read_text() if log.exists() else "Dovecot did not start")
