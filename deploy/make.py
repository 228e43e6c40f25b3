"""Write the generated files of deploy/ anew: `python deploy/make.py`. With --check only say which are stale; exit code 1 where one is."""

from __future__ import annotations

import sys
from pathlib import Path

from hikeshi.actions.aws.templates import files

HERE = Path(__file__).parent


def main() -> int:
    made = files()
    there = {str(path.relative_to(HERE)) for path in HERE.glob("terraform/*/*.json*")}
    stale = [name for name, text in made.items() if not (HERE / name).is_file() or (HERE / name).read_text() != text]
    left = sorted(there - set(made))
    if "--check" in sys.argv:
        sys.stdout.writelines(f"{name}\n" for name in [*stale, *left])
        return 1 if stale or left else 0
    for name in stale:
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_text(made[name], encoding="utf-8")
    for name in left:
        (HERE / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
