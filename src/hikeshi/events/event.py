"""The event: what every log line becomes. This class is the only declaration of the schema.

The Arrow and Parquet schema, the names a query may use and the documentation are derived from it. Principles: a fixed and narrow
core, never columns made up while reading; whatever has no column is kept as JSON in `attrs`; the raw record is always there; time is
a structure (instant, precision, meaning, how UTC was known), not a string. Marks, tags and rule hits are kept apart from events, so
that they can be taken back.

A parser sets what its source tells and leaves the rest alone. Where the bytes came from is set by the reader.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

import msgspec

Octets = bytes
"""The type, under a name that the column `bytes` does not hide."""

SCHEMA_VERSION = 2
"""Raised when a column changes its meaning or a new one appears; stored events of another version are read again."""


class Column(NamedTuple):
    """How a field is stored (`arrow` is the name of an Arrow type) and what it means."""

    arrow: str
    meaning: str


class Event(msgspec.Struct, kw_only=True, gc=False):
    """One event. Times are UTC microseconds since 1970, sizes bytes, ports and counts integers, addresses text."""

    # identity
    event_uid: Annotated[
        Octets, Column("fixed_size_binary[16]", "Made from dedup_key: the same event, the same id.")
    ] = b""
    dedup_key: Annotated[str | None, Column("string", "Natural key of the source; equal keys are one event.")] = None

    # time
    ts: Annotated[int, Column("int64", "When it happened; the order of every timeline.")]
    ts_sub: Annotated[int | None, Column("uint16", "Nanoseconds below the microsecond, where the source has them.")] = (
        None
    )
    ts_end: Annotated[int | None, Column("int64", "End of an interval: flows, findings, sessions.")] = None
    ts_precision: Annotated[str, Column("string", "ns, 100ns, us, ms, s, min, day or window.")] = "s"
    ts_desc: Annotated[str, Column("string", "What the time says: completed, window_start, first_seen ...")] = (
        "occurred"
    )
    ts_basis: Annotated[
        str, Column("string", "How UTC was known: utc, offset, zone_given, zone_assumed, year_inferred.")
    ] = "utc"
    ts_raw: Annotated[str | None, Column("string", "The time as the record has it.")] = None
    ts_skew_us: Annotated[
        int | None, Column("int64", "Correction of the source's clock in ts and ts_end, microseconds; empty: none.")
    ] = None
    seq: Annotated[int | None, Column("int64", "Position in its file, from 1; a record, a line.")] = None

    # provenance: set by the reader
    source_kind: Annotated[str, Column("string", "The kind of log: cloudtrail, vpcflow ...")] = ""
    source_variant: Annotated[str | None, Column("string", "The shape it was delivered in: s3, lookup, v5 ...")] = None
    parser_version: Annotated[str, Column("string", "Version of the parser that read it.")] = ""
    evidence_sha256: Annotated[str, Column("string", "SHA-256 of the file it was read from, hexadecimal.")] = ""
    path: Annotated[str, Column("string", "Path of that file when it was read.")] = ""
    offset: Annotated[int | None, Column("int64", "First byte in the decompressed file, where known.")] = None
    raw: Annotated[Octets, Column("string", "The record, untouched.")] = b""

    # what
    category: Annotated[str | None, Column("string", "api, login, flow, finding or gap.")] = None
    provider: Annotated[str | None, Column("string", "Whose system: aws ...")] = None
    service: Annotated[str | None, Column("string", "Service or program: s3, sshd ...")] = None
    action: Annotated[str | None, Column("string", "What was done, in the source's words: PutObject ...")] = None
    outcome: Annotated[str | None, Column("string", "success, failure, denied or unknown.")] = None
    severity: Annotated[float | None, Column("float", "0 to 100, where the source rates.")] = None
    error_code: Annotated[str | None, Column("string", "As the source has it.")] = None
    error_message: Annotated[str | None, Column("string", "As the source has it.")] = None
    read_only: Annotated[bool | None, Column("bool", "True where the source says that nothing was changed.")] = None
    sample: Annotated[bool | None, Column("bool", "True where the source says it is made up: never an incident.")] = (
        None
    )
    message: Annotated[str, Column("string", "The event in one readable line.")] = ""

    # who
    actor_type: Annotated[str | None, Column("string", "IAMUser, AssumedRole, Root, AWSService ...")] = None
    actor_id: Annotated[str | None, Column("string", "ARN, SID or number.")] = None
    actor_name: Annotated[str | None, Column("string", "The name people know.")] = None
    actor_account: Annotated[str | None, Column("string", "Account or domain of the actor.")] = None
    session_name: Annotated[str | None, Column("string", "Name of the role session.")] = None
    session_issuer: Annotated[str | None, Column("string", "ARN of the role or user that gave the session.")] = None
    access_key: Annotated[str | None, Column("string", "Id of the key used; never a secret.")] = None
    mfa: Annotated[bool | None, Column("bool", "True where a second factor was used.")] = None
    invoked_by: Annotated[str | None, Column("string", "The service that called for the actor.")] = None

    # from, to
    src_ip: Annotated[str | None, Column("string", "Only what parses as an address.")] = None
    src_port: Annotated[int | None, Column("int32", "")] = None
    src_host: Annotated[str | None, Column("string", "")] = None
    src_service: Annotated[str | None, Column("string", "A service in the place of an address.")] = None
    user_agent: Annotated[str | None, Column("string", "Written by the caller: believe nothing in it.")] = None
    dst_ip: Annotated[str | None, Column("string", "Only what parses as an address.")] = None
    dst_port: Annotated[int | None, Column("int32", "")] = None
    dst_host: Annotated[str | None, Column("string", "")] = None

    # network
    proto: Annotated[str | None, Column("string", "tcp, udp, icmp or the number.")] = None
    direction: Annotated[str | None, Column("string", "ingress, egress, inbound or outbound.")] = None
    bytes: Annotated[int | None, Column("int64", "")] = None
    packets: Annotated[int | None, Column("int64", "")] = None
    tcp_flags: Annotated[int | None, Column("int32", "Flags of the window, OR-ed.")] = None
    flow_action: Annotated[str | None, Column("string", "ACCEPT or REJECT.")] = None
    flow_status: Annotated[str | None, Column("string", "OK, NODATA or SKIPDATA.")] = None

    # http
    method: Annotated[str | None, Column("string", "")] = None
    url: Annotated[str | None, Column("string", "")] = None
    http_status: Annotated[int | None, Column("int32", "")] = None
    referer: Annotated[str | None, Column("string", "")] = None
    bytes_out: Annotated[int | None, Column("int64", "Bytes of the answer.")] = None
    duration_ms: Annotated[float | None, Column("double", "")] = None

    # target
    resource_type: Annotated[str | None, Column("string", "Kind of the first resource.")] = None
    resource_ids: Annotated[list[str] | None, Column("list<string>", "What was acted on: ARNs, else names.")] = None
    host: Annotated[str | None, Column("string", "The machine it happened on.")] = None
    process: Annotated[str | None, Column("string", "")] = None
    pid: Annotated[int | None, Column("int64", "")] = None
    cmdline: Annotated[str | None, Column("string", "")] = None
    parent: Annotated[str | None, Column("string", "The process that started it.")] = None
    file_path: Annotated[str | None, Column("string", "")] = None
    file_size: Annotated[int | None, Column("int64", "")] = None
    hash_md5: Annotated[str | None, Column("string", "")] = None
    hash_sha1: Annotated[str | None, Column("string", "")] = None
    hash_sha256: Annotated[str | None, Column("string", "")] = None
    registry_key: Annotated[str | None, Column("string", "")] = None

    # cloud
    account: Annotated[str | None, Column("string", "The account it happened in.")] = None
    region: Annotated[str | None, Column("string", "")] = None
    zone: Annotated[str | None, Column("string", "")] = None
    vpc: Annotated[str | None, Column("string", "")] = None
    subnet: Annotated[str | None, Column("string", "")] = None
    instance: Annotated[str | None, Column("string", "")] = None
    interface: Annotated[str | None, Column("string", "Network interface.")] = None

    # finding
    finding_id: Annotated[str | None, Column("string", "Equal for every update of one finding.")] = None
    finding_type: Annotated[str | None, Column("string", "")] = None
    finding_count: Annotated[int | None, Column("int64", "How often it was seen.")] = None

    # the rest
    attrs: Annotated[Octets | None, Column("string", "JSON object of the source's fields that have no column.")] = None


def _columns() -> dict[str, Column]:
    hints = typing.get_type_hints(Event, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Event.__struct_fields__}


COLUMNS: dict[str, Column] = _columns()
"""Every column by name, in the order they are stored."""


UID = 16
"""Bytes of an event's id."""


def event_uid(dedup_key: str) -> bytes:
    """Bytes that are the same wherever and whenever the same event is read."""
    made = _fresh()  # copied in two thirds of the time that a new one takes
    made.update(dedup_key.encode("utf-8", "surrogatepass"))
    return made.digest()


_fresh = blake2b(digest_size=UID).copy


def digests(keys: Iterable[bytes], front: bytes = b"") -> bytes:
    """The same of many keys that begin with `front`, one behind the other."""
    made = []
    begun = blake2b(front, digest_size=UID).copy
    for key in keys:
        one = begun()
        one.update(key)
        made.append(one.digest())
    return b"".join(made)


def key_of(event: Event, evidence_sha256: str) -> str:
    """The natural key with its kind of log, or where the source has none: the place of the record in its evidence."""
    if event.dedup_key is not None:
        return event.dedup_key
    return f"{evidence_sha256}:{event.seq if event.offset is None else event.offset}"


def as_row(event: Event) -> dict[str, Any]:
    """The event as plain JSON values, without empty fields: what `parse --json` prints."""
    row = {name: value for name in COLUMNS if (value := getattr(event, name)) is not None}
    row["event_uid"] = event.event_uid.hex()
    return row | {name: text_of(row[name]) for name in ("raw", "attrs") if name in row}


def text_of(raw: Octets) -> str:
    """Bytes of a log as text. What is not UTF-8 is shown as escapes; the evidence has the exact bytes."""
    return raw.decode("utf-8", "backslashreplace")
