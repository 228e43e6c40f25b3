"""Engines are kept for the next question, and nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hikeshi.stores import engines
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

LOG = "Nov  7 02:31:0{} web-1 sshd[1]: Failed password for root from 192.0.2.{} port 1 ssh2\n"
FORKED = """
import os, sys
from pathlib import Path
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query
store = DuckStore(Path(sys.argv[1]))
store.count(Query())
child = os.fork()
print(store.count(Query()), flush=True)
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.fixture(autouse=True)
def none_kept() -> None:
    engines.close()


def _kept() -> int:
    return len(engines._idle.engines)


def test_the_next_question_uses_the_same_engine(tmp_path: Path) -> None:
    store = DuckStore(tmp_path)
    for _ in range(3):
        with store._connection() as con:
            con.execute("CREATE TEMP TABLE hits (one INTEGER)")  # refused where the last question's were still there
    assert _kept() == 1


def test_what_was_read_since_is_seen(tmp_path: Path) -> None:
    store, logs = DuckStore(tmp_path / "store"), tmp_path / "logs"
    logs.mkdir()
    for number in (1, 2):
        (logs / f"auth-{number}.log").write_text(LOG.format(number, number))
        store.build([logs])
        assert store.count(Query()) == number


def test_a_store_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    counts = []
    for lines in (1, 3):
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        (tmp_path / "auth.log").write_text("".join(LOG.format(number, lines) for number in range(lines)))
        store = DuckStore(tmp_path / "store")
        store.build([tmp_path / "auth.log"])
        counts.append(store.count(Query()))
    assert counts == [1, 3]


def test_a_relative_folder_is_another_one_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for lines in (1, 2):
        (tmp_path / str(lines)).mkdir()
        monkeypatch.chdir(tmp_path / str(lines))
        Path("auth.log").write_text("".join(LOG.format(number, 1) for number in range(lines)))
        store = DuckStore(Path("store"))
        store.build(["auth.log"])
        assert store.count(Query()) == lines


def test_an_engine_whose_question_failed_or_that_spilled_is_not_kept(tmp_path: Path) -> None:
    store = DuckStore(tmp_path)
    with pytest.raises(ZeroDivisionError), store._connection():
        raise ZeroDivisionError
    with store._connection():
        (tmp_path / "spilled").mkdir()
    assert _kept() == 0
    store.count(Query())  # what somebody else left there is no reason
    assert _kept() == 1


def test_few_wait_and_questions_of_threads_have_one_each(tmp_path: Path) -> None:
    together = threading.Barrier(engines.IDLE + 2)

    def ask() -> None:
        with DuckStore(tmp_path)._connection() as con:
            together.wait(60)
            con.execute("CREATE TEMP TABLE hits (one INTEGER)")

    asking = [threading.Thread(target=ask) for _ in range(engines.IDLE + 2)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert _kept() == engines.IDLE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_asks_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(tmp_path)], capture_output=True, check=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["0", "0"]
