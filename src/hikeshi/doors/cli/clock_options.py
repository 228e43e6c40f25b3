"""--skew, --zone and --mapping, the same wherever logs are read."""

from __future__ import annotations

from typing import Annotated

import typer

Skew = Annotated[
    list[str] | None,
    typer.Option(help="SOURCE=+3.5s: added to the times of a kind of log or of a pattern of paths; several times."),
]
Zone = Annotated[
    list[str] | None,
    typer.Option(help="[SOURCE=]Asia/Tokyo: the zone of times that are written without one; several times."),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(help="SOURCE=mapping.yaml: how a log without a parser is read, by a pattern of paths; several times."),
]
