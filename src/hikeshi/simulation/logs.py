"""The story's second half: the logs of the last 26 hours, in the real formats, with an exact account of what is in them.

    folder/AWSLogs/<account>/CloudTrail/<region>/YYYY/MM/DD/...json.gz               the account's own trail
    folder/AWSLogs/<organisation>/<account>/CloudTrail/<region>/YYYY/MM/DD/...       a second trail that repeats some of it
    folder/AWSLogs/<account>/vpcflowlogs/<region>/YYYY/MM/DD/...log.gz               flow logs of two formats

Same scene, same `now`, same seed: same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from hikeshi.simulation import attack, cast, flows, ordinary
from hikeshi.simulation.scene import Scene
from hikeshi.simulation.trail import Act, record, region_of

SPAN: Final = timedelta(hours=26)
ORDINARY_EVENTS: Final = 4000
ORDINARY_FLOWS: Final = 5300
SECOND_TRAIL: Final = 0.12
"""Share of the records that are delivered a second time."""
ORGANISATION: Final = "o-exampleorg1"
DELIVERY: Final = 600
FLOW_DELIVERY: Final = 7200
"""Seconds of activity one file holds."""


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, counted while writing. Paths are relative to the folder; line numbers begin at 1 and count the header.

    Events are counted once each, however often they were delivered. The attacker uses callers that also work
    ordinarily from elsewhere: `attacker_by_principal` (keyed by ARN) counts only what the attacker did as them. `flow_lines` counts every line
    but headers, the damaged one included. `mining_by_interface` counts lines from the victim to the pool's IPv4 address.
    """

    trail_files: int
    records: int
    unique: int
    duplicates: int
    attacker_by_principal: dict[str, int]
    attacker_by_address: dict[str, int]
    denied_to_attacker: int
    flow_files: int
    flow_lines: int
    mining_by_interface: dict[str, int]
    mining_ipv6: int
    scan_rejects: int
    no_data: int
    skip_data: int
    damaged: tuple[tuple[str, int], ...]
    begins: datetime
    ends: datetime

    @property
    def attacker_events(self) -> int:
        return sum(self.attacker_by_principal.values())


def write_logs(scene: Scene, folder: Path, *, now: datetime, seed: int = 7, scale: float = 1.0) -> Truth:
    """Write the logs into `folder` (made if missing). `now` is the finding's time, zone-aware; `scale` multiplies the ordinary part."""
    end = int(now.timestamp())
    begin = end - int(SPAN.total_seconds())
    chance = random.Random(seed)  # noqa: S311 -- a story that can be repeated, not cryptography
    attacks = list(attack.chain(scene, chance, now=end))
    acts = [*attacks, *ordinary.day(scene, chance, begin=begin, end=end, count=round(ORDINARY_EVENTS * scale))]
    trail_files, duplicates = _write_trails(folder, acts, chance)
    streams = _flows(scene, chance, begin=begin, end=end, scale=scale)
    flow_files, damaged = _write_flows(
        scene, folder, [flow for stream in streams.values() for flow in stream], chance, begin
    )
    mining = [flow for flow in streams["mining"] if flow.target == cast.POOL]
    gaps = Counter(flow.status for flow in streams["gaps"])
    return Truth(
        trail_files=trail_files,
        records=len(acts) + duplicates,
        unique=len(acts),
        duplicates=duplicates,
        attacker_by_principal=dict(Counter(act.who.arn for act in attacks)),
        attacker_by_address=dict(Counter(act.who.address for act in attacks)),
        denied_to_attacker=sum(bool(act.error) for act in attacks),
        flow_files=flow_files,
        flow_lines=sum(map(len, streams.values())) + len(damaged),
        mining_by_interface=dict(Counter(flow.interface.id for flow in mining)),
        mining_ipv6=len(streams["mining"]) - len(mining),
        scan_rejects=len(streams["scan"]),
        no_data=gaps["NODATA"],
        skip_data=gaps["SKIPDATA"],
        damaged=damaged,
        begins=now - SPAN,
        ends=now,
    )


def _write_trails(folder: Path, acts: list[Act], chance: random.Random) -> tuple[int, int]:
    """Write both trails; returns the number of files and of second deliveries."""
    own, second = f"AWSLogs/{cast.ACCOUNT}", f"AWSLogs/{ORGANISATION}/{cast.ACCOUNT}"
    parcels: defaultdict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    duplicates = 0
    for act in acts:
        written = record(act, chance)
        delivered = act.at // DELIVERY * DELIVERY + DELIVERY
        parcels[own, region_of(act), delivered].append(written)
        if chance.random() < SECOND_TRAIL:
            parcels[second, region_of(act), delivered].append(written)
            duplicates += 1
    for (root, region, delivered), records in sorted(parcels.items(), key=lambda parcel: parcel[0]):
        chance.shuffle(records)  # a real file is in no order either
        name = (
            f"{cast.ACCOUNT}_CloudTrail_{region}_{_minute(delivered)}_{_suffix(root, region, delivered)[:16]}.json.gz"
        )
        path = folder / root / "CloudTrail" / region / _day(delivered) / name
        _write(path, msgspec.json.encode({"Records": records}))
    return len(parcels), duplicates


def _flows(scene: Scene, chance: random.Random, *, begin: int, end: int, scale: float) -> dict[str, list[flows.Flow]]:
    count = round(ORDINARY_FLOWS * scale)
    return {
        "mining": list(flows.mining(scene, chance, end)),
        "scan": list(flows.scan(scene, chance, end)),
        "gaps": list(flows.gaps(scene, chance, begin=begin, end=end, silent=max(1, round(count * flows.SILENT)))),
        "traffic": list(flows.traffic(scene, chance, begin=begin, end=end, count=count)),
    }


def _write_flows(
    scene: Scene, folder: Path, told: Iterable[flows.Flow], chance: random.Random, begin: int
) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Write each subnet's flow log in its format; returns the number of files and where the damaged line is."""
    formats = dict(zip(scene.subnets, (flows.V2, flows.V5), strict=True))
    parcels: defaultdict[tuple[str, int], list[flows.Flow]] = defaultdict(list)
    for flow in told:
        delivered = begin + (flow.start - begin) // FLOW_DELIVERY * FLOW_DELIVERY + FLOW_DELIVERY
        parcels[flow.interface.subnet, delivered].append(flow)
    last_front = max(parcel for parcel in parcels if parcel[0] == scene.subnets[0])
    damaged: tuple[tuple[str, int], ...] = ()
    for parcel in sorted(parcels):
        subnet, delivered = parcel
        fields = formats[subnet]
        lines = [flows.line(scene, flow, fields) for flow in sorted(parcels[parcel], key=lambda flow: flow.start)]
        path = _flow_path(subnet, delivered)
        if parcel == last_front:
            place = chance.randrange(1, len(lines))
            lines.insert(place, lines[place][:60])  # a line cut off in the middle, as after a disk that was full
            damaged = ((path, place + 2),)
        _write(folder / path, "\n".join([" ".join(fields), *lines, ""]).encode())
    return len(parcels), damaged


def _flow_path(subnet: str, delivered: int) -> str:
    log_id = f"fl-{hashlib.sha256(subnet.encode()).hexdigest()[:17]}"
    name = f"{cast.ACCOUNT}_vpcflowlogs_{cast.REGION}_{log_id}_{_minute(delivered)}_{_suffix(subnet, delivered)[:8].lower()}.log.gz"
    return f"AWSLogs/{cast.ACCOUNT}/vpcflowlogs/{cast.REGION}/{_day(delivered)}/{name}"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, compresslevel=6, mtime=0))


def _suffix(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest().upper()


def _minute(seconds: int) -> str:
    return time.strftime("%Y%m%dT%H%MZ", time.gmtime(seconds))


def _day(seconds: int) -> str:
    return time.strftime("%Y/%m/%d", time.gmtime(seconds))
