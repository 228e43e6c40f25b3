"""What `doctor` checks without a database."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from typing import Literal, NamedTuple

from hikeshi.clocks.rule import problems, rules, use_own
from hikeshi.custody.acquire.clock import measure
from hikeshi.doors.cli.identity import TOKEN_FILE, secret
from hikeshi.environment import read_environment
from hikeshi.errors import Failed

MEBIBYTE = 1024 * 1024
LITTLE_ROOM = 5 * 1024 * MEBIBYTE
NO_ROOM = 200 * MEBIBYTE
QUEUE_SECONDS = 10.0
CLOCK_OFF = 1_000_000
"""Microseconds that a clock may be off before the doctor says so."""


class Health(NamedTuple):
    """How one thing stands, in both languages."""

    state: Literal["ok", "part", "bad"]
    en: str
    ja: str


def ok(en: str, ja: str) -> Health:
    return Health("ok", en, ja)


def part(en: str, ja: str) -> Health:
    return Health("part", en, ja)


def bad(en: str, ja: str) -> Health:
    return Health("bad", en, ja)


def environment() -> Health:
    found = read_environment()
    if not found.secure and found.public_url.startswith("http://127.0.0.1"):
        return part("Only this machine can open the console.", "コンソールはこのマシンからのみ開けます。")
    return ok(f"Served at {found.public_url}.", f"{found.public_url} で公開しています。")


def home() -> Health:
    folder = read_environment().home
    if not folder.is_dir():
        return bad(
            f"{folder} does not exist: `hikeshi init`.", f"{folder} がありません。`hikeshi init` を実行してください。"
        )
    with tempfile.TemporaryFile(dir=folder) as file:  # permission bits do not know about full or read-only disks
        file.write(b"\0" * 4096)
        file.flush()
        os.fsync(file.fileno())
    free = shutil.disk_usage(folder).free
    en, ja = f"{free // MEBIBYTE:,} MiB free in {folder}.", f"{folder} の空きは {free // MEBIBYTE:,} MiB。"
    return bad(en, ja) if free < NO_ROOM else part(en, ja) if free < LITTLE_ROOM else ok(en, ja)


def secret_key() -> Health:
    path = read_environment().home / "secret-key"
    if not path.exists():
        return part("Not made yet; made at the first start.", "未作成です。初回起動時に作成します。")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return bad(
            f"{path} can be read by others ({mode:04o}): chmod 600.",
            f"{path} を他者が読めます({mode:04o})。chmod 600 を実行してください。",
        )
    return ok("Readable by its owner only.", "所有者のみ読み取れます。")


def token() -> Health:
    secret()
    if os.environ.get("HIKESHI_TOKEN"):
        return ok("HIKESHI_TOKEN is set.", "HIKESHI_TOKEN が設定されています。")
    return ok(f"{TOKEN_FILE} is there, readable by its owner only.", f"{TOKEN_FILE} があり、所有者のみ読み取れます。")


def clock_rules() -> Health:
    use_own(read_environment().rules)
    count = len(rules())
    if broken := problems():
        return part(f"{count} rules; not read: {broken[0]}", f"規則 {count} 件。読み取れない規則: {broken[0]}")
    return ok(f"{count} rules.", f"規則 {count} 件。")


def clock() -> Health:
    found = measure(read_environment().time_server)
    if found.offset_us is None or found.uncertainty_us is None:
        return part(f"Our clock: {found.note}.", f"時計のずれを測定できません: {found.note}")
    en, ja = (
        text.format(found.offset_us / 1e6, found.uncertainty_us / 1e6, found.source)
        for text in ("Our clock is {:+.6f} s off (± {:.6f} s) by {}.", "時計のずれ {:+.6f} 秒(± {:.6f} 秒、{})。")
    )
    return ok(en, ja) if abs(found.offset_us) <= CLOCK_OFF else part(en, ja)


def playbooks() -> Health:
    from hikeshi.playbooks.folder import load_folder
    from hikeshi.playbooks.lint import lint  # with the actions behind it; a fault in them is this check's to tell
    from hikeshi.playbooks.shelf import library
    from hikeshi.playbooks.signatures import read_keys

    problems = [
        f"{name} {one.place}: {one.what.en}"
        for name, book in library().items()
        for one in lint(book)
        if one.level == "error"
    ]
    if problems:
        return bad("; ".join(problems[:5]), "; ".join(problems[:5]))
    if (own := read_environment().playbooks) is not None:
        folder = load_folder(own, read_keys(read_environment().playbook_keys))
        if folder.problems:
            first = "; ".join(str(one) for one in folder.problems[:5])
            return part(
                f"Playbooks of your own that do not count: {first}", f"使用されない独自プレイブックがあります: {first}"
            )
    return ok(f"{len(library())} playbooks without errors.", f"プレイブック {len(library())} 件、誤りなし。")


def queue() -> Health:
    found = read_environment()
    if not found.queue_url:
        return part(
            "HIKESHI_QUEUE_URL is not set: alerts come by API, command line and console.",
            "HIKESHI_QUEUE_URL が未設定です。アラートは API・コマンドライン・コンソールから受け取ります。",
        )
    from botocore.exceptions import BotoCoreError, ClientError  # half a second, only where there is a queue

    from hikeshi.aws.clients import client

    try:
        sqs = client("sqs", found.aws_region, found.aws_endpoint_url or None, QUEUE_SECONDS)
        answer = sqs.get_queue_attributes(QueueUrl=found.queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    except (BotoCoreError, ClientError) as problem:
        raise Failed(f"The queue does not answer: {problem}") from problem
    count = answer["Attributes"]["ApproximateNumberOfMessages"]
    return ok(f"Answers; about {count} messages wait.", f"応答あり。約 {count} 件が待機中。")


def aws() -> Health:
    found = read_environment()
    from botocore.exceptions import BotoCoreError, ClientError  # as above

    from hikeshi.aws.clients import client

    try:
        who = client("sts", found.aws_region, found.aws_endpoint_url or None, QUEUE_SECONDS).get_caller_identity()
    except (BotoCoreError, ClientError) as problem:
        raise Failed(f"AWS does not know us: {problem}") from problem
    if found.aws_endpoint_url:
        return part(
            f"A simulated account at {found.aws_endpoint_url}.", f"{found.aws_endpoint_url} の模擬アカウントです。"
        )
    return ok(f"We are {who['Arn']}.", f"{who['Arn']} として接続。")
