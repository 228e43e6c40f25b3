"""A small Kubernetes API for the simulated EKS clusters: what our actions ask of it, kept and told. SIMULATED: nothing runs in it.

    /hikeshi-sim/kubernetes/<region>/<cluster>/api/v1/namespaces/shop/pods/web-1

Kubernetes API Reference: get, list, create, merge patch (RFC 7396) and delete of the kinds in `aws.kubernetes.KINDS`, with a version on each
thing that a patch or a deletion may insist on. Simplified: a list is one page, no policy is enforced, nothing starts pods anew, and whoever
signs in with a token of the right form is let in and may do everything.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from hikeshi.aws.kubernetes import CLUSTER_HEADER, KINDS, OPERATIONS, SERVICE, TOKEN_BEGINS, VERBS
from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, json_answer

PREFIX: Final = "/hikeshi-sim/kubernetes/"
Thing = dict[str, Any]
_BY_PLURAL: Final = {kind.plural: name for name, kind in KINDS.items()}
_VERB_OF: Final = {"POST": "Create", "DELETE": "Delete", "GET": "Get", "PATCH": "Patch"}


def endpoint(host: str, region: str, cluster: str) -> str:
    """What DescribeCluster tells of a simulated cluster."""
    return f"http://{host}{PREFIX}{region}/{cluster}"


def put(region: str, cluster: str, thing: Thing) -> Thing:
    """Place a thing in a cluster, as it would be told; what it lacks of metadata is made up."""
    kept = _things(region, cluster)
    group = KINDS[thing["kind"]]
    told = {
        "apiVersion": f"{group.group}/{group.version}".lstrip("/"),
        **msgspec.json.decode(msgspec.json.encode(thing)),
    }
    told["metadata"] = {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z", **told["metadata"]}
    told["metadata"]["resourceVersion"] = _next_version(region, cluster)
    kept[_key(told["kind"], told["metadata"].get("namespace", ""), told["metadata"]["name"])] = told
    return dict(told)


def read(environ: Mapping[str, Any]) -> Call:
    """A request to the API of a cluster as a call of the service "kubernetes"."""
    path = environ["PATH_INFO"].removeprefix(PREFIX)
    region, cluster, *rest = [unquote(one) for one in path.split("/")]
    parts = rest[2:] if rest[:1] == ["api"] else rest[3:]
    namespace = parts[1] if parts[:1] == ["namespaces"] else ""
    plural, name = ((parts[2:] if namespace else parts) + ["", ""])[:2]
    verb = "List" if environ["REQUEST_METHOD"] == "GET" and not name else _VERB_OF.get(environ["REQUEST_METHOD"], "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    params = {
        "cluster": cluster, "namespace": namespace, "name": name,
        "token": environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer "),
    }  # fmt: skip
    operation = f"{verb}{_BY_PLURAL.get(plural, '')}"
    return Call(
        service=SERVICE, region=region, operation=operation, protocol="rest-json", params=params, body=body, method=environ["REQUEST_METHOD"]
    )  # fmt: skip


def answer(call: Call) -> Answer:
    """The answer of the API, for a call that `read` has made."""
    if not _signed_in(call):
        return _status(401, "Unauthorized", "Unauthorized (simulated)")
    if call.operation not in OPERATIONS:
        return _status(404, "NotFound", "the server could not find the requested resource (simulated)")
    verb, kind = OPERATIONS[call.operation]
    body = msgspec.json.decode(call.body or b"{}")
    return _DO[verb](call, kind, body)


def _get(call: Call, kind: str, body: Any) -> Answer:
    del body
    found = _things(call.region, call.params["cluster"]).get(_asked(call, kind))
    return json_answer(found) if found is not None else _missing(call, kind)


def _list(call: Call, kind: str, body: Any) -> Answer:
    del body
    begins = _key(kind, call.params["namespace"], "") if call.params["namespace"] else f"{kind}/"
    items = [one for key, one in sorted(_things(call.region, call.params["cluster"]).items()) if key.startswith(begins)]
    return json_answer({"kind": f"{kind}List", "metadata": {}, "items": items})


def _create(call: Call, kind: str, body: Any) -> Answer:
    name, cluster = body["metadata"]["name"], call.params["cluster"]
    if _key(kind, call.params["namespace"], name) in _things(call.region, cluster):
        return _status(409, "AlreadyExists", f"{name} already exists (simulated)")
    metadata = {**body["metadata"], **({} if KINDS[kind].spread else {"namespace": call.params["namespace"]})}
    return json_answer(put(call.region, cluster, {**body, "kind": kind, "metadata": metadata}), status=201)


def _patch(call: Call, kind: str, body: Any) -> Answer:
    things = _things(call.region, call.params["cluster"])
    found = things.get(_asked(call, kind))
    if found is None:
        return _missing(call, kind)
    wanted = body.get("metadata", {}).pop("resourceVersion", None)
    if wanted not in (None, found["metadata"]["resourceVersion"]):
        return _conflict(call)
    merged = merge(found, body)
    merged["metadata"] = {name: value for name, value in merged["metadata"].items() if value != {}}
    merged["metadata"]["resourceVersion"] = _next_version(call.region, call.params["cluster"])
    things[_asked(call, kind)] = merged
    return json_answer(merged)


def _delete(call: Call, kind: str, body: Any) -> Answer:
    things = _things(call.region, call.params["cluster"])
    found = things.get(_asked(call, kind))
    if found is None:
        return _missing(call, kind)
    if any(found["metadata"][name] != value for name, value in (body.get("preconditions") or {}).items()):
        return _conflict(call)
    del things[_asked(call, kind)]
    return json_answer({"kind": "Status", "status": "Success"})


_DO: Final[Mapping[str, Callable[[Call, str, Any], Answer]]] = {
    "Create": _create,
    "Delete": _delete,
    "Get": _get,
    "List": _list,
    "Patch": _patch,
}
assert set(_DO) == set(VERBS)  # noqa: S101 -- a verb of ours that is not played is a defect


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396: what is null goes, what is an object is merged, everything else is put in place."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merge(made.get(key), value)
    return made


def _signed_in(call: Call) -> bool:
    """A token of the right form, for this cluster's header; nobody checks its signature here."""
    told = str(call.params["token"])
    if not told.startswith(TOKEN_BEGINS):
        return False
    written = told.removeprefix(TOKEN_BEGINS)
    try:
        url = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    query = parse_qs(urlsplit(url).query)
    return query.get("Action") == ["GetCallerIdentity"] and CLUSTER_HEADER in query.get("X-Amz-SignedHeaders", [""])[0]


def _things(region: str, cluster: str) -> dict[str, Thing]:
    kept: dict[str, Thing] = shelf("eks", region, "kubernetes").setdefault(cluster, {})
    return kept


def _next_version(region: str, cluster: str) -> str:
    count = shelf("eks", region, "kubernetes_versions")
    count[cluster] = count.get(cluster, 0) + 1
    return str(count[cluster])


def _asked(call: Call, kind: str) -> str:
    return _key(kind, call.params["namespace"], call.params["name"])


def _key(kind: str, namespace: str, name: str) -> str:
    return f"{kind}/{namespace}/{name}"


def _missing(call: Call, kind: str) -> Answer:
    return _status(404, "NotFound", f'{KINDS[kind].plural} "{call.params["name"]}" not found (simulated)')


def _conflict(call: Call) -> Answer:
    return _status(409, "Conflict", f"{call.params['name']} has been modified (simulated)")


def _status(status: int, reason: str, message: str) -> Answer:
    told = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": status}
    return json_answer(told, status=status)
