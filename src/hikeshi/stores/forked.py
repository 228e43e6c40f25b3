"""A process that loads what reading takes, and those that are forked from it then: `readers.py` starts it and asks them.

    python -P -m hikeshi.stores.forked CALLER END [END ...]

Each end is a socket on which one process is given tasks, one after the other, and answers each. It ends with the process CALLER, and where
nobody is at the other end any more. Nothing is collected before all is loaded: nothing that is loaded goes.

Arrow loads NumPy, and pandas at its first array, where they are installed. Nothing here is made for them, and they take more than half a
second of processor time and 60 MB, so to these processes they are not installed. Nor are file systems that are elsewhere.
"""

from __future__ import annotations

import gc

gc.disable()

import os  # noqa: E402
import pickle  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from typing import TYPE_CHECKING, NoReturn  # noqa: E402

from hikeshi.stores.settling import settle  # noqa: E402

if TYPE_CHECKING:
    from hikeshi.stores.tasks import Done, Task

LEFT = frozenset({"numpy", "pandas", "pyarrow._azurefs", "pyarrow._gcsfs", "pyarrow._hdfs", "pyarrow._s3fs"})


class _Left:
    """A finder of modules that finds that these are not there."""

    @staticmethod
    def find_spec(fullname: str, *_: object) -> None:
        if fullname in LEFT:
            raise ModuleNotFoundError(name=fullname)


def main(caller: int, ends: Sequence[int]) -> NoReturn:
    """Load, fork, and read until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's, who ends this one
    settle(caller)
    sys.meta_path.insert(0, _Left)
    import pyarrow as pa

    from hikeshi.stores import writing  # noqa: F401  `perform` finds it loaded

    pa.array([""], pa.string())
    gc.freeze()
    gc.enable()
    own, first = ends[0], os.getpid()
    for end in ends[1:]:
        if os.fork() == 0:
            own = end
            settle(first)
            break
    for end in ends:
        if end != own:
            os.close(end)
    _read(own)


def _read(end: int) -> NoReturn:
    with open(end, "rb", closefd=False) as asked, open(end, "wb") as answers:
        while True:
            try:
                task = pickle.load(asked)  # noqa: S301  it is the caller's
            except (EOFError, pickle.UnpicklingError):
                os._exit(0)
            pickle.dump(_answer(task), answers)
            answers.flush()


def _answer(task: Task) -> Done | Exception:
    from hikeshi.stores.tasks import perform

    try:
        return perform(task)
    except Exception as error:  # noqa: BLE001  the caller raises it
        return _told(error)


def _told(error: Exception) -> Exception:
    """The error with where it was raised, which is lost on the way; as text where it cannot be sent."""
    import traceback

    lines = "".join(traceback.format_exception(error))
    error.add_note(lines)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    except Exception:  # noqa: BLE001  whatever it is made of
        return RuntimeError(lines)
    return error


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(end) for end in sys.argv[2:]])
