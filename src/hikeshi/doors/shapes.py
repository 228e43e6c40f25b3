"""Rows as plain data, the same for the API and for `--json` on the command line: declared once, and the OpenAPI document follows.

Times are UTC and become ISO 8601 with microseconds; texts for people come in both languages as {en, ja}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.evidence import place
from hikeshi.desk.evidence.models import Item, Planned
from hikeshi.desk.incidents.calls import CALLS
from hikeshi.desk.incidents.models import Incident, Phase, Role
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.reports.models import Report
from hikeshi.desk.reviews.models import Review
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Intent, Run, Step
from hikeshi.desk.timelines.models import EventNote, Hit, Mark, SavedSearch, Timeline
from hikeshi.desk.timelines.removing import Removal
from hikeshi.doors.asking import ApprovalShape, AskedShape, approval, asked
from hikeshi.doors.events import moment
from hikeshi.stores.integrity import UNKNOWN
from hikeshi.stores.store import SourceRow


class Both(TypedDict):
    """One text in both languages."""

    en: str
    ja: str


class AlertShape(TypedDict):
    """`score` counts 0 to 10 as GuardDuty does; `verdict` is empty until somebody has judged it."""

    name: str
    source: str
    title: str
    kind: str
    score: float
    account: str
    region: str
    instance_id: str
    resource_role: str
    remote_address: str
    principal: str
    sample: bool
    archived: bool
    simulated: bool
    times_seen: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    received_at: datetime
    suggested_severity: int | None
    reasons: list[Both]
    verdict: str
    verdict_reason: str
    answer: dict[str, str]


class DeliveryShape(TypedDict):
    """One payload as it came. `problem` says why it could not be understood; it is kept all the same."""

    alerts: list[str]
    source: str
    payload_sha256: str
    received_at: datetime
    problem: str


class IncidentShape(TypedDict):
    """`version` grows with every change; send it back with a change, so that nobody's work is overwritten unseen."""

    name: str
    title: str
    summary: str
    severity: int
    severity_reason: str
    status: str
    simulated: bool
    occurred_at: datetime | None
    detected_at: datetime
    declared_at: datetime
    acknowledged_at: datetime | None
    contained_at: datetime | None
    closed_at: datetime | None
    code_name: str
    marking: str
    restricted: bool
    quiet: bool
    merged_into: str
    version: int


class PhaseShape(TypedDict):
    """`left_at` empty: the phase is active."""

    phase: str
    entered_at: datetime
    left_at: datetime | None


class RoleShape(TypedDict):
    """`person` is the username, where the holder has an account. `called_for`: the fact whose rule called them in, `why` in words; else null."""

    duty: str
    name: str
    person: str | None
    since: datetime
    until: datetime | None
    called_for: str | None
    why: Both | None


class ClockShape(TypedDict):
    """One deadline. `breached_at` stays once set."""

    incident: str
    rule: str
    title: Both
    explanation: Both
    state: str
    started_at: datetime
    soon_at: datetime
    deadline: datetime
    stopped_at: datetime | None
    breached_at: datetime | None


class IncidentDetail(IncidentShape):
    """The incident with everything that hangs on it directly."""

    phases: list[PhaseShape]
    roles: list[RoleShape]
    clocks: list[ClockShape]
    alerts: list[str]


class RunShape(TypedDict):
    """A playbook running for an incident, pinned by `digest` to the text it had at the start."""

    run: int
    incident: str
    playbook: str
    version: int
    digest: str
    title: Both
    order: str
    state: str
    paused_by: str
    paused_at: datetime | None
    pause_reason: str
    started_at: datetime
    ended_at: datetime | None


class StepShape(TypedDict):
    """One step. `step` names it: run and key. `since` is when it came into its state; `item` is its target, where it is one of several;
    `choice` is the option taken in a decision.
    """

    step: str
    incident: str
    playbook: str
    phase: str
    title: Both
    kind: str
    role: str
    owner: str
    action: str
    item: str
    choice: str
    state: str
    since: datetime
    plan_digest: str
    grade: str
    outcome: dict[str, str]
    asked_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None


class CallShape(TypedDict):
    """A changing call: written before it was sent, completed when it was answered."""

    operation: str
    params: dict[str, Any]
    at: datetime
    outcome: str
    request_id: str
    seconds: float | None
    error: str


class PlannedShape(TypedDict):
    """One line of the evidence plan: pending, held by `item`, failed or waived with a `reason`."""

    line: int | None
    incident: str
    kind: str
    target: str
    state: str
    item: str
    reason: str
    settled_by: str
    settled_at: datetime | None


class GateShape(TypedDict):
    """The evidence before a step, each most volatile first. What is `missing` holds it back."""

    closed: bool
    held: list[PlannedShape]
    missing: list[PlannedShape]
    open: list[PlannedShape]


class StepDetail(StepShape):
    """The step with its plan: the exact calls, the state before, what it will not stop."""

    text: Both
    after: list[str]
    inputs: dict[str, Any]
    plan: dict[str, Any] | None
    requested_by: str
    approvals: list[ApprovalShape]
    asked: AskedShape | None
    calls: list[CallShape]
    receipts: list[str]
    gate: GateShape


class ItemShape(TypedDict):
    """One piece of evidence. `sha256` names its bytes in the locker (of a folder: its manifest); `size` is in bytes.

    What was not said is empty. `clock_offset_us` is our clock minus the true time, in microseconds. `held_by` is empty while it is here.
    `sha512` and `blake3` are there where they were asked for; `container` and `recorded_hashes` are what the bytes say of themselves.
    `kept_at` is where the sealed bytes are, `lock_proof` what the storage says of its object lock.
    """

    name: str
    incident: str
    title: str
    kind: str
    sha256: str
    sha512: str
    blake3: str
    container: str
    recorded_hashes: dict[str, str]
    size: int
    files: int
    source: str
    held_at: str
    kept_at: str
    encrypted: bool
    lock_proof: str
    simulated: bool
    sealed_at: datetime
    sealed_by: str
    checked_at: datetime | None
    check_result: str
    description: str
    system: str
    account: str
    region: str
    location: str
    owner: str
    authority: str
    collector: str
    witness: str
    method: str
    tool: str
    tool_version: str
    command: str
    began_at: datetime | None
    ended_at: datetime | None
    clock_source: str
    clock_offset_us: int | None
    sensitivity: str
    tlp: str
    held_by: str
    retain_until: date | None
    disposed_at: datetime | None


class EntryShape(TypedDict):
    """One line of the ledger, exactly as it was sealed; `text` is the same for people, empty where they do not need it."""

    chain: str
    seq: int
    time: str
    actor: str
    door: str
    verb: str
    object: str
    data: Any
    prev: str
    hash: str
    text: Both


class ChainShape(TypedDict):
    """One chain of the ledger and its head."""

    chain: str
    head_seq: int
    head_hash: str


class TimelineShape(TypedDict):
    """One event store. `report` is what the build counted, unreadable lines with their places included.

    `detection` is what asking the rules counted; `hits_outdated` says that the store was built anew since then.
    """

    name: str
    incident: str
    state: str
    problem: str
    evidence: list[str]
    assumed: list[dict[str, Any]]
    report: dict[str, Any]
    built_at: datetime | None
    detection: dict[str, Any]
    hits_outdated: bool


class RelianceShape(TypedDict):
    """Something made from a timeline: the ledger's verb and object, when, and the sealed item it became."""

    verb: str
    object: str
    time: str
    evidence: str


class RemovalShape(TypedDict):
    """What deleting a timeline takes away and what relies on it; `frees` is in bytes, `evidence` stays sealed."""

    name: str
    frees: int
    events: int
    marks: int
    notes: int
    searches: int
    hits: int
    evidence: list[str]
    relied_on: list[RelianceShape]
    needs_reason: bool


class SourceShape(TypedDict):
    """A source of a timeline: records = events + unreadable_count + undated. `assumed` is what people said of it."""

    name: str
    sha256: str
    size: int
    parser: str
    parser_version: str
    records: int
    events: int
    duplicates: int
    unreadable_count: int
    unreadable: list[dict[str, Any]]
    undated: int
    assumed: list[str]
    integrity: str
    note: str


class HitShape(TypedDict):
    """A rule that hit events of a timeline, with its title in both languages. `selector` is a `where` that finds the first of these events."""

    hit: int
    rule: str
    title: str
    titles: dict[str, str]
    file: str
    level: str
    techniques: list[str]
    events: int
    first_at: datetime
    last_at: datetime
    selector: dict[str, list[str]]
    made_at: datetime
    made_by: str


class MarkShape(TypedDict):
    """Says of all events where `field` is `value` whose they are."""

    mark: int
    kind: str
    field: str
    value: str
    reason: str
    events: int
    made_at: datetime
    made_by: str


class NoteShape(TypedDict):
    """A star, a tag or a comment on one event. `ts` is the event's time in UTC microseconds."""

    note: int
    event_uid: str
    ts: int
    kind: str
    text: str
    made_at: datetime
    made_by: str


class SearchShape(TypedDict):
    """A saved search. `where` has one value or a list of values for each field."""

    name: str
    start: datetime | None
    end: datetime | None
    where: dict[str, Any]
    words: str
    tags: list[str]
    starred: bool
    made_at: datetime
    made_by: str


class ReportShape(TypedDict):
    """A frozen text. `ledger_seq` says how much of the record it was made from."""

    report: int
    incident: str
    kind: str
    language: str
    sha256: str
    ledger_seq: int
    frozen_at: datetime
    frozen_by: str


class ReportDetail(ReportShape):
    """The report with its text."""

    markdown: str


class ReviewShape(TypedDict):
    """The post-mortem: candidates for causes and measures, each with its source in the record."""

    incident: str
    state: str
    summary: Both
    causes: list[dict[str, Any]]
    measures: list[Both]
    started_at: datetime


def _same(row: Any, names: Any) -> Any:
    """The attributes of a row that the shape calls by the same name."""
    return {name: getattr(row, name) for name in names if name in row.__dict__}


def alert(row: Alert) -> AlertShape:
    shape: AlertShape = _same(row, AlertShape.__annotations__) | {"name": str(row)}
    return shape


def delivery(row: Delivery) -> DeliveryShape:
    shape: DeliveryShape = _same(row, DeliveryShape.__annotations__) | {
        "alerts": [str(alert) for alert in row.alerts.all()]
    }
    return shape


def incident(row: Incident) -> IncidentShape:
    names = [name for name in IncidentShape.__annotations__ if name != "merged_into"]
    shape: IncidentShape = _same(row, names) | {"merged_into": str(row.merged_into or "")}
    return shape


def incident_detail(row: Incident) -> IncidentDetail:
    return {
        **incident(row),
        "phases": [phase(one) for one in row.phases.all()],
        "roles": [role(one) for one in row.roles.select_related("contact", "person")],
        "clocks": [clock(one) for one in Clock.objects.filter(chain__name=row.name).select_related("chain")],
        "alerts": [str(one) for one in row.alerts.all()],
    }


def phase(row: Phase) -> PhaseShape:
    return {"phase": row.name, "entered_at": row.entered_at, "left_at": row.left_at}


def role(row: Role) -> RoleShape:
    username = row.person.username if row.person else None
    call = CALLS.get(row.called_for)
    return {
        "duty": row.duty, "name": str(row), "person": username, "since": row.since, "until": row.until,
        "called_for": row.called_for or None, "why": msgspec.to_builtins(call.reason) if call else None,
    }  # fmt: skip


def clock(row: Clock) -> ClockShape:
    shape: ClockShape = _same(row, ClockShape.__annotations__) | {"incident": row.chain.name}
    return shape


def run(row: Run) -> RunShape:
    more = {"run": row.pk, "incident": row.incident.name, "order": row.order.name if row.order else ""}
    shape: RunShape = _same(row, RunShape.__annotations__) | more
    return shape


def step(row: Step) -> StepShape:
    more = {"step": f"{row.run_id}:{row.key}", "incident": row.run.incident.name, "playbook": row.run.playbook}
    shape: StepShape = _same(row, StepShape.__annotations__) | more
    return shape


def step_detail(row: Step) -> StepDetail:
    return {
        **step(row),
        "text": row.text,
        "after": row.after,
        "inputs": row.inputs,
        "plan": json.loads(row.plan) if row.plan else None,
        "requested_by": row.requested_by,
        "asked": asked(row),
        "approvals": [approval(one) for one in row.approvals.select_related("order")],
        "calls": [_call(one) for one in row.intents.all()],
        "receipts": row.receipts,
        "gate": _gate(row),
    }


def planned(row: Planned) -> PlannedShape:
    more = {"line": row.pk, "incident": row.incident.name, "item": row.item.name if row.item else ""}
    shape: PlannedShape = _same(row, PlannedShape.__annotations__) | more
    return shape


def _gate(row: Step) -> GateShape:
    found = gate(row)
    shape: GateShape = {
        "closed": found.closed,
        "held": [planned(line) for line in found.held],
        "missing": [planned(line) for line in found.missing],
        "open": [planned(line) for line in found.open],
    }
    return shape


def _call(row: Intent) -> CallShape:
    shape: CallShape = _same(row, CallShape.__annotations__)
    return shape


def item(row: Item) -> ItemShape:
    kept = place.kept(row)
    more = {"incident": row.incident.name, "kept_at": kept.address, "encrypted": kept.encrypted}
    shape: ItemShape = _same(row, ItemShape.__annotations__) | more
    return shape


def entry(row: Entry) -> EntryShape:
    try:
        data = json.loads(row.data)
        text: Both = {"en": sentence(row, "en"), "ja": sentence(row, "ja")}
    except ValueError:  # a damaged line must still be shown: it is the one an auditor is looking for
        data, text = row.data, {"en": "", "ja": ""}
    shape: EntryShape = _same(row, EntryShape.__annotations__) | {"chain": row.chain.name, "data": data, "text": text}
    return shape


def chain(row: Chain) -> ChainShape:
    return {"chain": row.name, "head_seq": row.head_seq, "head_hash": row.head_hash}


def timeline(row: Timeline) -> TimelineShape:
    more = {
        "incident": row.incident.name, "evidence": [one.name for one in row.items.order_by("name")],
        "hits_outdated": row.hits_outdated,
    }  # fmt: skip
    shape: TimelineShape = _same(row, TimelineShape.__annotations__) | more
    return shape


def removal(gone: Removal) -> RemovalShape:
    shape: RemovalShape = msgspec.to_builtins(gone) | {"needs_reason": gone.needs_reason}
    return shape


def source(row: SourceRow, proven: Mapping[str, str]) -> SourceShape:
    """`proven` is what digests prove of sources, by SHA-256."""
    told = msgspec.to_builtins(row) | {"integrity": proven.get(row.sha256, UNKNOWN)}
    more = {"name": row.name or row.path, "records": row.records, "assumed": [str(one) for one in row.assumed]}
    shape: SourceShape = {name: told.get(name) for name in SourceShape.__annotations__} | more  # type: ignore[assignment]
    return shape


def hit(row: Hit) -> HitShape:
    shape: HitShape = _same(row, HitShape.__annotations__) | {"hit": row.pk, "titles": msgspec.to_builtins(row.titles)}
    return shape


def mark(row: Mark) -> MarkShape:
    shape: MarkShape = _same(row, MarkShape.__annotations__) | {"mark": row.pk}
    return shape


def note(row: EventNote) -> NoteShape:
    shape: NoteShape = _same(row, NoteShape.__annotations__) | {"note": row.pk}
    return shape


def with_notes(event: dict[str, Any], rows: Iterable[EventNote]) -> dict[str, Any]:
    """An event as it is shown, with what people said about it; like its other fields, what is empty is left out."""
    told: dict[str, list[Any]] = {"star": [], "tag": [], "comment": []}
    for row in rows:
        told[row.kind].append(note(row) if row.kind == "comment" else row.text)
    more = {"starred": bool(told["star"]), "tags": told["tag"], "comments": told["comment"]}
    return event | {key: value for key, value in more.items() if value}


def search(row: SavedSearch) -> SearchShape:
    query = row.query
    shape: SearchShape = _same(row, SearchShape.__annotations__) | {
        "start": moment(query["start_us"]) if "start_us" in query else None,
        "end": moment(query["end_us"]) if "end_us" in query else None,
        "where": query.get("where", {}), "words": query.get("search", ""),
    }  # fmt: skip
    return shape


def report(row: Report) -> ReportShape:
    shape: ReportShape = _same(row, ReportShape.__annotations__) | {"report": row.pk, "incident": row.incident.name}
    return shape


def review(row: Review) -> ReviewShape:
    shape: ReviewShape = _same(row, ReviewShape.__annotations__) | {"incident": row.incident.name}
    return shape
