"""`hikeshi demo`: the whole story in one command, then the console."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import FAILED
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.story import Stage, Story, play
from hikeshi.environment import VARIABLES
from hikeshi.errors import Refused
from hikeshi.simulation.cloud import SimulatedCloud

TYPED_ALONG = (
    "HIKESHI_HOME",
    "HIKESHI_AWS_ENDPOINT_URL",
    "HIKESHI_AWS_REGION",
    "HIKESHI_EVIDENCE_BUCKET",
    "HIKESHI_PUBLIC_URL",
)
"""What another terminal must know to type along. Not the queue: its worker is here."""


def demo(
    no_serve: bool = typer.Option(False, "--no-serve", help="End after the story instead of serving the console."),
    logs: Path | None = typer.Option(None, help="A folder of real logs to run the story over."),
    port: int = typer.Option(8000, help="Port of the console."),
) -> Answer:
    """The whole story, from a finding on a queue to the post-mortem, against a simulated AWS account."""
    started = time.perf_counter()
    if logs is not None and not logs.is_dir():
        raise Refused(f"{logs} is not a folder.", hint="Name the folder that holds the logs.")
    home = _home()
    story = Story(
        home=home, language=session.options.language, logs=logs.resolve() if logs else None, told=_tell, port=port
    )
    _forget_the_environment()
    _say("Simulated AWS account: nothing real is touched.", "模擬 AWS アカウントで実行します。実環境には触れません。")
    with SimulatedCloud() as cloud:
        play(story, cloud, then=lambda told: None if no_serve else _serve(told, started))
    return _summary(story, started)


def _home() -> Path:
    named = session.options.home or os.environ.get("HIKESHI_HOME")
    return Path(named).expanduser().resolve() if named else Path(tempfile.mkdtemp(prefix="hikeshi-demo-"))


def _forget_the_environment() -> None:
    """The demo must not reach a real account or database because of what the shell happens to have set."""
    for name in VARIABLES:
        os.environ.pop(name, None)


def _say(en: str, ja: str) -> None:
    print(ja if session.options.language == "ja" else en, file=sys.stderr, flush=True)


def _tell(stage: Stage) -> None:
    """One line as each stage ends, on stderr: stdout is for the summary."""
    name = stage.name_ja if session.options.language == "ja" else stage.name
    facts = ", ".join(f"{key} {value}" for key, value in stage.facts.items() if key not in {"parts", "sha256", "why"})
    screen = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    screen.print(
        f"{'✓' if stage.ok else '✗'} {stage.seconds:6.2f} s  {name}", style="green" if stage.ok else "bold red"
    )
    screen.print(f"             {plain(facts)}", style="dim")


def _serve(story: Story, started: float) -> None:
    from hikeshi.doors.cli.answer import write
    from hikeshi.doors.cli.serve import run_console  # Django is only ready now

    write(_summary(story, started), session.options)
    link = story.invite
    _say(
        f"\nConsole: http://127.0.0.1:{story.port}/  (Ctrl+C ends it)",
        f"\nコンソール: http://127.0.0.1:{story.port}/ (Ctrl+C で終了)",
    )
    _say(f"Sign in once with this link: {link}", f"このリンクで一度だけサインインできます: {link}")
    words = f". {_shell(story.home)}; {sys.argv[0]} incident state {story.here()}"
    _say(f"Or type along in another terminal: {words}", f"別の端末でコマンドも試せます: {words}")
    run_console("127.0.0.1", story.port)
    raise typer.Exit


def _shell(home: Path) -> Path:
    """A file for another shell to read, so that commands there reach this home and its simulated account."""
    file = home / "demo.sh"
    file.write_text("".join(f"export {name}={shlex.quote(os.environ[name])}\n" for name in TYPED_ALONG))
    return file


def _summary(story: Story, started: float) -> Answer:
    stages: list[dict[str, Any]] = [
        {
            "stage": {"en": stage.name, "ja": stage.name_ja},
            "seconds": round(stage.seconds, 3),
            "as_expected": stage.ok,
            **({"facts": stage.facts} if session.options.json else {}),
        }
        for stage in story.stages
    ]
    data = {
        "simulated": True,
        "as_expected": all(stage.ok for stage in story.stages),
        "incident": story.incident.name if story.incident else "",
        "home": str(story.home),
        "seconds_story": round(sum(stage.seconds for stage in story.stages), 3),
        "seconds_all": round(time.perf_counter() - started, 3),
        "stages": stages,
    }
    return Answer(data, code=0 if data["as_expected"] else FAILED)
