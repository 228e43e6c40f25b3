"""The API of an EKS cluster, asked like a service of AWS: the same way of calling, the same errors, so that what holds for those holds here.

    api.patch_pod(cluster="prod", namespace="shop", name="web-1", body={...})     "kubernetes:PatchPod" as a `Call`

Who we are is told by a presigned GetCallerIdentity that names the cluster (Amazon EKS User Guide, "Authenticating"; the form is that of
aws-iam-authenticator): a secret for as long as it lasts, and written down nowhere. Where the cluster is, and which CA speaks for it, is taken
from DescribeCluster and from nowhere else; only HTTPS to a name of AWS is spoken, redirects are not followed.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from botocore import xform_name
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

from hikeshi.errors import Failed

SERVICE: Final = "kubernetes"
VERBS: Final = ("Create", "Delete", "Get", "List", "Patch")
METHODS: Final = {"Create": "POST", "Delete": "DELETE", "Get": "GET", "List": "GET", "Patch": "PATCH"}
MOST_BYTES: Final = 16 * 1024 * 1024
PAGE: Final = 500
TOKEN_SECONDS: Final = 60
"""How long a token may be used to sign in; EKS itself takes none that is older than 15 minutes."""
CLUSTER_HEADER: Final = "x-k8s-aws-id"
TOKEN_BEGINS: Final = "k8s-aws-v1."  # noqa: S105 -- no secret, what every one begins with
HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
"""How the name of a cluster's endpoint ends (Amazon EKS User Guide, "Cluster API server endpoint")."""


class Kind(NamedTuple):
    """Where things of one kind are: API group ("" for the core), version and plural; `spread`: they belong to no namespace."""

    group: str
    version: str
    plural: str
    spread: bool = False

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


KINDS: Final[dict[str, Kind]] = {
    "ClusterRoleBinding": Kind("rbac.authorization.k8s.io", "v1", "clusterrolebindings", spread=True),
    "NetworkPolicy": Kind("networking.k8s.io", "v1", "networkpolicies"),
    "Node": Kind("", "v1", "nodes", spread=True),
    "Pod": Kind("", "v1", "pods"),
    "RoleBinding": Kind("rbac.authorization.k8s.io", "v1", "rolebindings"),
}
OPERATIONS: Final = {f"{verb}{kind}": (verb, kind) for kind in KINDS for verb in VERBS}
"""Every operation there is, by its name in a `Call` after the colon."""
_BY_METHOD: Final = {xform_name(name): name for name in OPERATIONS}
_CODES: Final = {401: "AccessDeniedException", 403: "AccessDeniedException", 429: "TooManyRequestsException"}


class Api:
    """The clusters of one account and region. `find` tells what DescribeCluster does; `sts` is the SDK's client of who asks.

    `simulated_at` is the address of a simulated account: clusters are then there, and nothing is encrypted.
    """

    def __init__(
        self,
        find: Callable[[str], Mapping[str, Any]],
        sts: Any,
        *,
        simulated_at: str | None = None,
        seconds: float = 20.0,
    ) -> None:
        self._find, self._sts, self._simulated_at, self._seconds = find, sts, simulated_at, seconds

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name not in _BY_METHOD:
            raise AttributeError(name)
        operation = _BY_METHOD[name]
        return lambda **params: self._ask(operation, **params)

    def _ask(
        self, operation: str, *, cluster: str, namespace: str = "", name: str = "", body: Any = None, after: str = ""
    ) -> dict[str, Any]:
        """Raises what the SDK raises. `after` is where a list goes on."""
        verb, kind = OPERATIONS[operation]
        path = path_of(kind, namespace, "" if verb in ("Create", "List") else name)
        if verb == "List":
            path += "?" + urlencode({"limit": PAGE, **({"continue": after} if after else {})})
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token(self._sts, cluster)}"}
        sent = None
        if body is not None:
            sent = msgspec.json.encode(body)
            headers["Content-Type"] = "application/merge-patch+json" if verb == "Patch" else "application/json"
        line, base = self._line(self._find(cluster))
        status, told = self._exchange(line, METHODS[verb], base + path, sent, headers)
        if status >= 300:
            raise _refused(operation, status, told)
        return told

    def _line(self, cluster: Mapping[str, Any]) -> tuple[HTTPConnection, str]:
        """An open end to the cluster, and what its addresses begin with. Raises `Failed` for an endpoint that is none of AWS."""
        endpoint = str(cluster.get("endpoint", ""))
        told = urlsplit(endpoint)
        host, base = told.hostname or "", told.path.rstrip("/")
        if self._simulated_at is not None:
            if not endpoint.startswith(f"{self._simulated_at}/"):
                raise Failed("The endpoint of the cluster is not in the simulated account.")
            return HTTPConnection(host, told.port or 80, timeout=self._seconds), base
        if told.scheme != "https" or told.port not in (None, 443) or not host.endswith(HOSTS) or "@" in told.netloc:
            raise Failed("The endpoint of the cluster is no HTTPS address of AWS.", hint="Nothing was sent to it.")
        try:
            authority = base64.b64decode(cluster["certificateAuthority"]["data"], validate=True).decode()
            trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the chain and the name, and trusts nobody else
            trusted.load_verify_locations(cadata=authority)
        except (KeyError, binascii.Error, UnicodeDecodeError, ssl.SSLError):
            raise Failed("The CA of the cluster cannot be read.", hint="Nothing was sent to it.") from None
        trusted.minimum_version = ssl.TLSVersion.TLSv1_2
        return HTTPSConnection(host, told.port or 443, timeout=self._seconds, context=trusted), base

    def _exchange(
        self, line: HTTPConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        where = f"{line.host}:{line.port}"
        try:
            line.connect()
        except ssl.SSLError as problem:
            raise SSLError(endpoint_url=where, error=problem) from None
        except TimeoutError:
            raise ConnectTimeoutError(endpoint_url=where) from None
        except OSError as problem:
            raise EndpointConnectionError(endpoint_url=where, error=problem) from None
        try:
            line.request(method, path, body, dict(headers))
            answer = line.getresponse()
            told = answer.read(MOST_BYTES + 1)
        except TimeoutError:
            raise ReadTimeoutError(endpoint_url=where) from None
        except (OSError, HTTPException):
            raise ConnectionClosedError(endpoint_url=where) from None
        finally:
            line.close()
        if len(told) > MOST_BYTES:
            raise Failed(f"The cluster answers with more than {MOST_BYTES} bytes.")
        try:
            found = msgspec.json.decode(told or b"{}")
        except msgspec.DecodeError:
            found = {}
        return answer.status, found if isinstance(found, dict) else {}


def path_of(kind: str, namespace: str, name: str) -> str:
    """`path_of("Pod", "shop", "web-1") == "/api/v1/namespaces/shop/pods/web-1"`; without a namespace: in all of them."""
    place = KINDS[kind]
    within = "" if place.spread or not namespace else f"/namespaces/{quote(namespace, safe='')}"
    one = f"/{quote(name, safe='')}" if name else ""
    return f"{place.path}{within}/{place.plural}{one}"


def token(sts: Any, cluster: str) -> str:
    """A bearer token for one cluster: who holds it is, there and for a quarter of an hour, whoever the client signs for."""
    url = f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=url, headers={CLUSTER_HEADER: cluster})
    signing = SigV4QueryAuth(sts._get_credentials(), "sts", sts.meta.region_name, expires=TOKEN_SECONDS)  # noqa: SLF001 - what it signs with, kept nowhere
    signing.add_auth(request)
    return TOKEN_BEGINS + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def _refused(operation: str, status: int, told: Mapping[str, Any]) -> ClientError:
    """The API's own reason as an error of the SDK: "NotFound", "Conflict", "AlreadyExists" ..."""
    code = _CODES.get(status) or str(told.get("reason") or f"HTTP {status}")
    error = {"Code": code, "Message": str(told.get("message", ""))[:500]}
    told_all: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told_all, operation)
