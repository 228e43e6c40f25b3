"""Coverage-guided fuzzing of every parser, with atheris: `python tests/fuzz/parsers.py [NAME...] [--seconds 60] [--findings DIR]`.

Each parser in a process of its own, begun from its samples: what libFuzzer makes of them goes through `recognise`, through the parser, and
through the columns that the store writes. A finding is whatever raises, takes longer than a few seconds, or grows beyond 1 GB; the bytes
that do it are kept in DIR. Ends with 1 where there is one.

atheris is the extra `fuzz` (`pip install -e '.[fuzz]'`); pytest does not collect this file, and the family test of parsers does the same
with hypothesis in seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "samples"
LARGEST = 16_384
"""Bytes of an input: beyond this, libFuzzer is slow, and parsers do nothing else."""


def fuzz(name: str, words: list[str]) -> None:
    """Fuzz one parser in this process; never returns."""
    import atheris  # an extra, and only here

    with atheris.instrument_imports(include=["hikeshi.events", "hikeshi.text"]):
        from hikeshi.events.columns import batch
        from hikeshi.events.event import Event
        from hikeshi.events.fast import FAST
        from hikeshi.events.parsers import PARSERS, recognise
        from hikeshi.events.reading import read
        from hikeshi.events.source import Limits, Source
    limits = Limits(file=1 << 22, line=1 << 20, document=1 << 20)

    def one(content: bytes) -> None:
        recognise(content)
        found = list(read(Source.of(content, limits=limits), PARSERS[name]))
        batch([event for event in found if isinstance(event, Event)])
        if name in FAST:
            list(FAST[name](Source.of(content, limits=limits)))

    atheris.Setup([sys.argv[0], *words], one)
    atheris.Fuzz()


def main() -> int:
    from hikeshi.events.parsers import PARSERS

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", default=list(PARSERS))
    asked.add_argument("--seconds", type=int, default=60, help="for each parser")
    asked.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()) / "hikeshi-fuzz")
    given = asked.parse_args()
    found = [name for name in given.names if not _clean(name, given.seconds, given.findings / name)]
    sys.stdout.write(f"{len(given.names)} parsers, {len(found)} with findings: {', '.join(found) or 'none'}\n")
    return 1 if found else 0


def _clean(name: str, seconds: int, findings: Path) -> bool:
    """Whether nothing was found in so many seconds."""
    with tempfile.TemporaryDirectory() as grown:
        findings.mkdir(parents=True, exist_ok=True)
        words = [
            grown,
            str(SAMPLES / name),
            f"-max_total_time={seconds}",
            f"-max_len={LARGEST}",
            "-timeout=10",
            "-rss_limit_mb=1024",
        ]
        done = subprocess.run(
            [sys.executable, __file__, "--one", name, *words, f"-artifact_prefix={findings}/", "-print_final_stats=1"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    told = [
        line
        for line in done.stderr.splitlines()
        if line.startswith(("stat::number_of_executed_units", " === ", "Exception"))
    ]
    sys.stdout.write(f"{name}: {'clean' if done.returncode == 0 else 'FOUND'} {' '.join(told)}\n")
    if done.returncode:
        (findings / "report.txt").write_text(done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main())
