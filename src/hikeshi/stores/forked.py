"""What is loaded in the process from which those that read logs are forked.

Arrow loads pandas at its first array, where that is installed. Nothing here is made for pandas, and it takes half a second of
processor time and 40 MB, so to these processes it is not installed.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

import pyarrow as pa

from hikeshi.stores import writing


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


sys.meta_path.insert(0, _NoPandas())
pa.array([""], pa.string())

__all__ = ["writing"]
