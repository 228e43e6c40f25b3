"""The simulated cloud as a process of its own: moto behind our layer. Started by `hikeshi.simulation.cloud`, not by people.

    python -m hikeshi.simulation.server <file descriptor of a listening socket>

It ends when its standard input ends, which happens when whoever started it stops it or dies; no process is left behind.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from hikeshi.simulation import cast
from hikeshi.simulation.agent import Machine
from hikeshi.simulation.layer import Layer

SETTINGS = {
    "MOTO_ACCOUNT_ID": cast.ACCOUNT,
    "MOTO_AMIS_PATH": str(
        Path(__file__).with_name("images.json")
    ),  # one Linux image instead of a catalogue: faster, and ours
    "MOTO_DISABLE_GLOBAL_CORS": "true",
}


def instances(region: str) -> dict[str, Machine]:
    """The instances of a region, read from moto."""
    from moto.ec2.models import ec2_backends  # after SETTINGS: moto reads them when it is imported

    backend: Any = ec2_backends[cast.ACCOUNT][region]
    return {
        one.id: Machine(one.id, one.state, {tag["key"]: tag["value"] for tag in one.get_tags()}, _reachable(one))
        for reservation in backend.all_reservations()
        for one in reservation.instances
    }


def _reachable(instance: Any) -> bool:
    """Whether a group lets HTTPS out of one of its interfaces; one without any group counts as open, as moto makes some."""
    groups = [list(interface.group_set) for interface in instance.nics.values()]
    return not groups or any(not listed or any(map(_lets_https_out, listed)) for listed in groups)


def _lets_https_out(group: Any) -> bool:
    return any(
        rule.ip_protocol == "-1" or (rule.ip_protocol == "tcp" and int(rule.from_port) <= 443 <= int(rule.to_port))
        for rule in group.egress_rules
    )


def application() -> Any:
    """Moto's application. What it finds out anew at each request, and is always the same, is kept: a third of its time."""
    from moto.core import responses as known  # after SETTINGS: moto reads them when it is imported
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    moto: Any = DomainDispatcherApplication(create_backend_app)
    moto.get_backend_for_host = lru_cache(maxsize=256)(moto.get_backend_for_host)
    responses: Any = known  # its types do not say what it takes from elsewhere
    names = responses.method_names_from_class
    responses.method_names_from_class = names if hasattr(names, "cache_info") else lru_cache(maxsize=256)(names)
    _keep_names()
    return moto


def _keep_names() -> None:
    """Under which names a member of an answer is looked for: it follows from the class it is taken from and the shape it gets."""
    from moto.core.serialize import XFormedAttributePicker  # after SETTINGS, as above

    picker: Any = XFormedAttributePicker  # its types do not let a method be replaced
    find = picker.get_possible_keys
    if hasattr(find, "known"):
        return
    known: dict[tuple[type, str, Any], tuple[str, ...]] = {}

    def kept(self: Any, context: Any) -> tuple[str, ...]:
        place = (type(context.obj), context.key, context.shape)
        if (names := known.get(place)) is None:
            names = known[place] = tuple(dict.fromkeys(find(self, context)))
        return names

    kept.known = known  # type: ignore[attr-defined]  # so that it is done once
    picker.get_possible_keys = kept


def end_with_parent() -> None:
    """Leave at once when standard input ends. Nothing is lost: the account lives in memory only."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main(fd: int) -> None:
    end_with_parent()
    os.environ.update(SETTINGS)
    from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app  # after SETTINGS, as above
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = application()
    layer = Layer(moto, instances)
    # The first EC2 call would load the service for a second; the caller is still starting itself, so load it now.
    moto.app_instances["ec2"] = create_backend_app("ec2")
    make_server("127.0.0.1", 0, layer, threaded=True, request_handler=MotoRequestHandler, fd=fd).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
