"""A moment of the simulated account to come back to: in a hundredth of the time that building it takes by calls.

    moment = Moment(cloud.simulated)
    ...                                # anything that changes the account
    moment.back()                      # the same resources under the same names, as they were

Moto keeps all it plays in objects of this process, and our layer does as well: they are pickled together, and put in place again.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import threading
from collections import OrderedDict, defaultdict
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakValueDictionary

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from hikeshi.simulation.layer import Layer

BACKENDS: Any = BackendDict  # of any service: its type wants one
SAME = (FunctionType, ModuleType, BackendDict, RSAPrivateKey, WeakValueDictionary)
LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


class Moment:
    """The account of `layer` now."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        services = BACKENDS._instances
        ours = {name: kept for name, kept in vars(layer).items() if name != "_moto"}
        written = io.BytesIO()
        pickler = _Writing(written)
        pickler.dump((ours, [(service, dict(service)) for service in services]))
        self._same, self._written = pickler.same, written.getvalue()

    def back(self) -> None:
        """Nothing of what happened since has happened."""
        reading = _Reading(io.BytesIO(self._written))
        reading.same = self._same
        ours, services = reading.load()
        reset_model_data()  # moto's list of all objects there ever were
        BACKENDS.reset()
        vars(self._layer).update(ours)
        for service, accounts in services:
            service.update(accounts)
            BACKENDS._instances.append(service)


class _Writing(pickle.Pickler):
    """What is no state is only named, and is the same object afterwards: functions, keys, the services themselves."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.same: dict[int, Any] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if not isinstance(obj, SAME):
            return None
        self.same[id(obj)] = obj
        return id(obj)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, dict) and (type(obj).__setitem__ is not dict.__setitem__ or hasattr(obj, "default_factory")):
            return _own_dict(obj)
        return (LOCKS[type(obj)], ()) if type(obj) in LOCKS else NotImplemented


def _own_dict(obj: dict[Any, Any]) -> Any:
    """A kind of dict with ideas of its own on what is put into it or on how it begins: taken as it is, and filled past them."""
    if type(obj) in {defaultdict, OrderedDict}:
        return NotImplemented
    return copyreg.__newobj__, (type(obj),), (vars(obj), dict(dict.items(obj))), None, None, _filled  # type: ignore[attr-defined]


def _filled(obj: dict[Any, Any], state: tuple[dict[str, Any], dict[Any, Any]]) -> None:
    vars(obj).update(state[0])
    dict.update(obj, state[1])


class _Reading(pickle.Unpickler):
    same: dict[int, Any]

    def persistent_load(self, pid: int) -> Any:
        return self.same[pid]
