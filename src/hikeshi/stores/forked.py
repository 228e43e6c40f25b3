"""What is loaded in the process from which those that read logs are forked.

Arrow loads NumPy, and pandas at its first array, where they are installed. Nothing here is made for them, and they take more than half a
second of processor time and 60 MB, so to these processes they are not installed.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

LEFT = frozenset({"numpy", "pandas"})


class _Left(MetaPathFinder):
    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname in LEFT:
            raise ModuleNotFoundError(name=fullname)


sys.meta_path.insert(0, _Left())

import pyarrow as pa  # noqa: E402  only now

from hikeshi.stores import writing  # noqa: E402

pa.array([""], pa.string())

__all__ = ["writing"]
