"""What is kept beside a store is a convenience: no question fails for want of it."""

from pathlib import Path

from hikeshi.stores.kept import Kept


def test_an_answer_is_found_once(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "state")
    assert kept.answer("count", int, lambda: 7) == 7
    assert kept.answer("count", int, lambda: 8) == 7


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("no folder can be made here")
    assert Kept(tmp_path, "state").answer("count", int, lambda: 7) == 7
