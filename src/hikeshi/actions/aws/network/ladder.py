"""The connection ladder: from a finding and the ways of an instance, the cheapest rungs that suffice, and what gets through all the same.

    advise(world, instance_id, facts, available)  reads (see `survey`), then
    climb(facts, survey, available)               decides; pure.

Swapping groups stops what is new; what is open goes on. So a rung is only chosen for what the rungs before it leave open, and the list
`left` says in the end what even all of them leave. docs/containment.md explains the rungs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from hikeshi.actions.aws.network import ladder_words as words
from hikeshi.actions.aws.network.paths import Path
from hikeshi.actions.aws.network.peers import addresses
from hikeshi.actions.aws.network.survey import Survey, survey
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused
from hikeshi.text import Text

DNS_BLOCK: Final = "aws.dns.block"
HOST_FIREWALL: Final = "aws.ssm.host_firewall"
MOST_PEERS: Final = 8
_MANY_PEERS: Final = ("DenialOfService", "Spambot", "Portscan", "PortSweep", "BruteForce", "WinRM")
"""Parts of finding types where the peers are the victims: blocking them one by one leaves the next ones."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the finding says."""

    kind: str = ""
    """Its type: "Backdoor:EC2/C&CActivity.B!DNS"."""
    role: str = ""
    """"ACTOR", "TARGET", or "" where it does not say."""
    remotes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    """Remote ports, for people; no rung is narrowed to them, since the other side moves."""

    @property
    def by_dns(self) -> bool:
        return bool(self.domains) or "DNS" in self.kind or "DomainRequest" in self.kind

    @property
    def many_peers(self) -> bool:
        return any(part in self.kind for part in _MANY_PEERS)


def facts_of(kind: str, role: str, observables: Iterable[tuple[str, str]], ports: Iterable[int] = ()) -> Facts:
    """Facts from an alert: its type, its resource role and its observables (kind, value)."""
    seen = list(dict.fromkeys(observables))
    remotes = tuple(value for name, value in seen if name == "address")
    domains = tuple(value for name, value in seen if name == "domain")
    return Facts(kind=kind, role=role, remotes=remotes, domains=domains, ports=tuple(ports))


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One action with its inputs, and why it is chosen (or what it would close, and at what price)."""

    action: str
    inputs: Mapping[str, Any]
    why: Text


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """`rungs` in the order to climb; `left` gets through all of them; `further` would close more, at a price that people must weigh."""

    rungs: tuple[Rung, ...]
    left: tuple[Text, ...]
    further: tuple[Rung, ...] = ()
    notes: tuple[Text, ...] = ()
    """What was considered and not chosen, and what could not be read."""
    ways: tuple[Text, ...] = ()
    """The ways out of each interface: rung 0."""


def advise(world: AwsWorld, instance_id: str, facts: Facts, available: Collection[str]) -> Ladder:
    """Read, then decide; changes nothing. `available` are the names of the actions that exist. Raises `Refused` for an unknown instance."""
    return climb(facts, survey(world, instance_id), available)


def climb(facts: Facts, seen: Survey, available: Collection[str]) -> Ladder:
    """The ladder for these facts. Pure."""
    peers, not_peers = _blockable(facts.remotes, {path.public for path in seen.paths})
    ways = tuple(words.way(path) for path in seen.paths)
    notes = (*map(words.not_a_peer, not_peers), *seen.unread)
    block = _block_peers(seen, peers)
    if facts.role == "TARGET":
        left = (words.OTHER_SOURCES, *([] if peers else [words.NO_SOURCE]))
        return Ladder(rungs=tuple(block), left=left, notes=(words.ATTACKED, *notes), ways=ways)
    host = list(_host(seen)) if not peers or facts.many_peers else []
    # Without endpoints the agent is deaf after the isolation, so what goes through it has to come before.
    first, last = ([], host) if seen.ssm_endpoints else (host, [])
    rungs = [*_dns(facts, seen), *first, *_cut(facts, seen, bool(peers)), _shrink(seen), *block, *last]
    chosen = [rung for rung in rungs if rung.action in available]
    missing = [words.missing(rung.action) for rung in rungs if rung.action not in available]
    names = {rung.action for rung in chosen}
    further = tuple(rung for rung in _further(seen) if rung.action in available)
    return Ladder(
        rungs=tuple(chosen),
        left=tuple(_left(facts, seen, peers, names)),
        further=further,
        notes=(*_not_chosen(facts, seen, bool(peers)), *missing, *notes),
        ways=ways,
    )


def _blockable(remotes: Iterable[str], own: Collection[str]) -> tuple[tuple[str, ...], list[str]]:
    """The remote addresses that may be blocked, and the others; an alert names `own` ones too. AWS's and our other ones only the action knows."""
    fine: dict[str, None] = {}
    others: list[str] = []
    for remote in remotes:
        if remote in own:
            continue
        try:
            fine |= dict.fromkeys(map(str, addresses([remote])))
        except Refused:
            others.append(remote)
    return tuple(fine)[:MOST_PEERS], [*others, *tuple(fine)[MOST_PEERS:]]


def _rung(action: str, seen: Survey, why: Text, **inputs: Any) -> Rung:
    return Rung(action=action, inputs={"instance_id": seen.instance_id, **inputs}, why=why)


def _dns(facts: Facts, seen: Survey) -> Iterator[Rung]:
    """First of all where DNS itself is the channel: no group filters the Amazon resolver."""
    if facts.by_dns and facts.domains:
        for vpc in seen.vpcs:
            yield Rung(action=DNS_BLOCK, inputs={"vpc_id": vpc, "domains": list(facts.domains)}, why=words.DNS)


def _cut(facts: Facts, seen: Survey, peers_known: bool) -> Iterator[Rung]:
    """Rung 1, and before it what opens no door: the public address goes first where the host would be opened."""
    enough = peers_known and not facts.many_peers
    public = [path.public for path in seen.paths if path.public and path.direct]
    if public and not enough:
        yield _rung("aws.ec2.remove_public", seen, words.public(public))
    then = "isolate_ssm" if seen.ssm_endpoints else "isolate"
    if not enough and _can_untrack(seen):
        yield _rung("aws.ec2.untrack", seen, words.UNTRACK, then=then)
    elif seen.ssm_endpoints:
        yield _rung("aws.ec2.isolate_ssm", seen, words.ISOLATE_SSM)
    else:
        yield _rung("aws.ec2.isolate", seen, words.ISOLATE)


def _can_untrack(seen: Survey) -> bool:
    """Something has a way out without a hop, and nothing can be reached from the internet by IPv6, which no rung takes away."""
    possible = [path for path in seen.paths if not path.always_tracked and not path.unread]
    return bool(possible) and not any(path.direct_ipv6 for path in possible)


def _shrink(seen: Survey) -> Rung:
    return _rung("aws.ec2.shrink_tracking", seen, words.SHRINK)


def _block_peers(seen: Survey, peers: tuple[str, ...]) -> list[Rung]:
    return [_rung("aws.ec2.block_peer", seen, words.block(peers), peers=list(peers))] if peers else []


def _host(seen: Survey) -> Iterator[Rung]:
    """Only where something open would be left that nothing outside can cut, and only through an agent that answers."""
    if seen.agent_online and (not _can_untrack(seen) or any(path.always_tracked for path in seen.paths)):
        yield _rung(HOST_FIREWALL, seen, words.HOST)


def _further(seen: Survey) -> Iterator[Rung]:
    if seen.network_balancers:
        yield _rung("aws.elb.deregister", seen, words.DEREGISTER)
    if len(seen.paths) > 1:
        yield _rung("aws.ec2.detach_interface", seen, words.DETACH)
    for subnet in sorted({path.subnet for path in seen.paths}):
        yield Rung(action="aws.ec2.quarantine_subnet", inputs={"subnet_id": subnet}, why=words.SUBNET)
    for table in sorted({path.table for path in seen.paths if path.table and (path.hops or path.direct)}):
        yield Rung(action="aws.ec2.blackhole_route", inputs={"route_table_id": table}, why=words.ROUTE)
    yield _rung("aws.ec2.stop", seen, words.STOP)
    yield Rung(action="aws.vpc.block_public", inputs={}, why=words.REGION)


def _not_chosen(facts: Facts, seen: Survey, peers_known: bool) -> Iterator[Text]:
    if not seen.ssm_endpoints:
        yield words.NO_ENDPOINTS
    if peers_known and not facts.many_peers:
        yield words.PEERS_SUFFICE
    elif not _can_untrack(seen):
        yield words.CANNOT_UNTRACK
    if not seen.agent_online:
        yield words.NO_AGENT


def _left(facts: Facts, seen: Survey, peers: tuple[str, ...], chosen: Collection[str]) -> Iterator[Text]:
    """What gets through after all chosen rungs, way by way."""
    host = HOST_FIREWALL in chosen
    if not host:
        for path in seen.paths:
            yield from _open_on(path, peers if "aws.ec2.block_peer" in chosen else (), chosen)
        if seen.network_balancers:
            yield words.balancers(seen.network_balancers)
    else:
        yield words.ROOTKIT
    yield words.dns(blocked=facts.domains if DNS_BLOCK in chosen else (), channel=facts.by_dns)
    if {"aws.ec2.isolate_ssm"} & set(chosen) or ("aws.ec2.untrack" in chosen and seen.ssm_endpoints):
        yield words.ENDPOINTS
    if not host:
        yield words.SAME_SUBNET
    yield words.METADATA


def _open_on(path: Path, peers: tuple[str, ...], chosen: Collection[str]) -> Iterator[Text]:
    """What is open on one way and stays so."""
    if path.unread:
        yield words.unread(path)
    if path.hops:
        yield words.tracked(path, peers)
    if not path.always_tracked and not path.unread:
        yield words.unproven(path) if "aws.ec2.untrack" in chosen else words.direct(path, peers)
