"""Copies outside: in files, in a simulated S3, at a real HTTP server and a real mail server. Nothing is overwritten."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hikeshi.aws.reach import Reach
from hikeshi.custody.copies import COPIES, Note, Outside, put_copy, shown
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.cloud import SimulatedCloud
from smtp_sink import SmtpSink

NOTE = Note(name="organisation-42-abcdef", text="ledger.example/organisation\n42\nroot\n\n— ledger.example abcd\n")


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimulatedCloud]:
    with SimulatedCloud() as running:
        yield running


def test_the_table_is_alphabetical() -> None:
    assert list(COPIES) == sorted(COPIES)


def test_a_file_grows_and_holds_each_note_once(tmp_path: Path) -> None:
    place, other = f"file:{tmp_path / 'notes'}", Note(name="x", text=NOTE.text.replace("42", "43"))
    receipts = [put_copy(place, one, Outside()) for one in (NOTE, other, NOTE)]
    assert receipts[0] == receipts[2] == "byte 0"
    assert (tmp_path / "notes").read_text() == f"{NOTE.text}\n{other.text}\n"


def test_a_note_cut_short_is_kept_and_closed_off(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text(NOTE.text[:20])
    put_copy(f"file:{tmp_path / 'notes'}", NOTE, Outside())
    assert (tmp_path / "notes").read_text() == f"{NOTE.text[:20]}\n\n{NOTE.text}\n"


def test_a_file_that_cannot_be_written_says_so_and_can_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="No such file or directory") as problem:
        put_copy(f"file:{tmp_path / 'gone' / 'notes'}", NOTE, Outside())
    assert not problem.value.permanent
    with pytest.raises(Failed, match=r"disk may be full|No space"):
        put_copy("file:/dev/full", NOTE, Outside())


def _reach(cloud: SimulatedCloud) -> Outside:
    return Outside(reach=Reach(region="ap-northeast-1", endpoint_url=cloud.endpoint_url))


def _bucket(cloud: SimulatedCloud, name: str, *, lock: bool) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=lock,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"},
    )  # fmt: skip
    return s3


def test_an_object_under_lock_names_its_version_and_date(cloud: SimulatedCloud) -> None:
    s3 = _bucket(cloud, "locked", lock=True)
    place = "s3://locked/checkpoints?mode=compliance&days=30"
    receipt = put_copy(place, NOTE, _reach(cloud))
    assert "compliance until 20" in receipt
    assert put_copy(place, NOTE, _reach(cloud)).split(",")[0] == receipt.split(",")[0]
    key = f"checkpoints/{NOTE.name}.txt"
    assert len(s3.list_object_versions(Bucket="locked", Prefix=key)["Versions"]) == 1
    with pytest.raises(s3.exceptions.ClientError):
        s3.delete_object(Bucket="locked", Key=key, VersionId=receipt.split()[1].rstrip(","))


def test_the_rule_of_the_bucket_applies_by_itself(cloud: SimulatedCloud) -> None:
    s3 = _bucket(cloud, "ruled", lock=True)
    s3.put_object_lock_configuration(
        Bucket="ruled",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 7}},
        },
    )  # fmt: skip
    assert "governance until 20" in put_copy("s3://ruled", NOTE, _reach(cloud))


def test_a_bucket_without_lock_says_not_locked_and_refuses_retention(cloud: SimulatedCloud) -> None:
    _bucket(cloud, "open", lock=False)
    assert put_copy("s3://open/a", NOTE, _reach(cloud)).endswith("not locked")
    with pytest.raises(Failed, match="s3://open/b"):
        put_copy("s3://open/b?mode=compliance&days=30", NOTE, _reach(cloud))


def test_an_object_of_that_name_with_other_bytes_is_not_overwritten(cloud: SimulatedCloud) -> None:
    s3 = _bucket(cloud, "taken", lock=False)
    s3.put_object(Bucket="taken", Key=f"{NOTE.name}.txt", Body=b"forged")
    with pytest.raises(Failed, match="something else"):
        put_copy("s3://taken", NOTE, _reach(cloud))
    assert s3.get_object(Bucket="taken", Key=f"{NOTE.name}.txt")["Body"].read() == b"forged"


@pytest.mark.parametrize("place", ["s3:///x", "s3://b?mode=legal&days=1", "s3://b?days=0", "s3://b?lock=yes"])
def test_an_address_of_s3_that_is_not_understood_is_refused(place: str) -> None:
    with pytest.raises(Refused, match="not understood"):
        put_copy(place, NOTE, Outside())


class _Hook:
    """A webhook's other side."""

    def __init__(self, status: int = 200) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/T0/secret"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


def test_a_webhook_gets_the_note_and_can_check_who_sent_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("shared\n")
    secret.chmod(0o400)
    hook = _Hook()
    assert put_copy(hook.url, NOTE, Outside(webhook_secret_file=secret)) == "HTTP 200"
    headers, body = hook.calls[0]
    assert json.loads(body) == {"name": NOTE.name, "text": NOTE.text}
    assert headers["X-Hikeshi-Signature"] == f"sha256={hmac.new(b'shared', body, hashlib.sha256).hexdigest()}"
    hook.server.shutdown()


def test_a_webhook_that_fails_names_its_host_and_not_its_secret_address() -> None:
    hook = _Hook(500)
    with pytest.raises(Failed, match="HTTP 500") as problem:
        put_copy(hook.url, NOTE, Outside())
    assert "secret" not in f"{problem.value}{shown(hook.url)}"
    assert not problem.value.permanent
    hook.server.shutdown()


def test_a_webhook_without_tls_is_for_this_machine_only() -> None:
    with pytest.raises(Refused, match="https only"):
        put_copy("http://hooks.example/x", NOTE, Outside())


def test_a_mail_carries_the_note_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p w")
    (tmp_path / "password").chmod(0o400)
    with SmtpSink() as sink:
        outside = Outside(
            smtp_url=f"smtp://hikeshi@127.0.0.1:{sink.port}", mail_from="ledger@example.org",
            smtp_password_file=tmp_path / "password",
        )  # fmt: skip
        receipt = put_copy("mailto:auditor@example.org", NOTE, outside)
    mail = email.message_from_bytes(sink.mails[0], policy=email.policy.default)
    body = mail.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == NOTE.text
    assert (mail["Message-ID"], mail["To"]) == (receipt, "auditor@example.org")
    assert sink.logins == [b"\0hikeshi\0p w"]


@pytest.mark.parametrize(("answer", "permanent"), [("550 nobody here", True), ("451 later", False)])
def test_a_mail_server_that_refuses_says_why(answer: str, permanent: bool) -> None:
    with SmtpSink() as sink:
        sink.refuse = answer
        outside = Outside(smtp_url=f"smtp://127.0.0.1:{sink.port}", mail_from="ledger@example.org")
        with pytest.raises(Failed, match=answer[4:]) as problem:
            put_copy("mailto:auditor@example.org", NOTE, outside)
    assert problem.value.permanent is permanent


@pytest.mark.parametrize("to", ["auditor@example.org\nBcc: x@example.org", "a@b,c@d", "nobody", ""])
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(Refused, match="no mail address"):
        put_copy(f"mailto:{to}", NOTE, Outside(smtp_url="smtp://127.0.0.1:9", mail_from="ledger@example.org"))


def test_no_mail_server_and_an_unknown_place_are_refused() -> None:
    with pytest.raises(Refused, match="No mail server"):
        put_copy("mailto:a@example.org", NOTE, Outside(mail_from="b@example.org"))
    with pytest.raises(Refused, match="gopher"):
        put_copy("gopher://x", NOTE, Outside())
    with pytest.raises(Refused, match="no absolute path"):
        put_copy("file://host/notes", NOTE, Outside())
