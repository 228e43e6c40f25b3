"""Cut a host off from inside: a firewall of its own, set through its agent, that also ends the connections that are open now."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from hikeshi.actions.action import Action, Outcome, Plan, Receipt
from hikeshi.actions.aws import commands
from hikeshi.actions.aws.commands import Order, Sent
from hikeshi.actions.aws.machines import InstanceId, containable_instance, interfaces_of, living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.errors import Refused
from hikeshi.text import Text

Mode = Literal["on", "confirm", "off", "look"]

_ROOM = files("hikeshi.actions.aws.instance")
SCRIPTS: Final = {
    "Linux": _ROOM.joinpath("host_firewall.sh").read_text(encoding="utf-8"),
    "Windows": _ROOM.joinpath("host_firewall.ps1").read_text(encoding="utf-8"),
}
ENDPOINTS: Final = ("ssm", "ssmmessages", "ec2messages")

_WHY: Final[dict[str, Text]] = {
    "on": Text(
        en="The host drops everything but Systems Manager, link-local and its resolvers; a timer in it takes that back.",
        ja="Systems Manager、リンクローカル、リゾルバー以外の通信を破棄させます。確認できなければホスト内のタイマーが元に戻します。",
    ),
    "confirm": Text(
        en="The agent still answers through the firewall, so the timer may be called off.",
        ja="ファイアウォール越しにエージェントが応答することを確かめ、タイマーを止めます。",
    ),
    "off": Text(en="Our own table is deleted; nothing else was changed.", ja="Hikeshi の設定だけを削除します。"),
    "look": Text(en="Only looks whether the firewall stands.", ja="ファイアウォールの状態を確かめるだけです。"),
}
_LEFT = (
    Text(
        en="Whoever is root on the host can take the firewall away, and a reboot does.",
        ja="ホストの管理者権限を持つ者は解除できます。再起動しても解除されます。",
    ),
    Text(
        en="DNS through the host's resolvers stays open, or the agent would fall silent: block the domains as well.",
        ja="エージェントを保つため、リゾルバー経由の DNS は開いたままです。ドメインも遮断してください。",
    ),
    Text(
        en="The metadata service stays open (link-local): credentials of the role can still be had on the host.",
        ja="メタデータサービス（リンクローカル）は開いたままです。ホスト上ではロールの認証情報を取得できます。",
    ),
    Text(
        en="Raw packets and programs inside the kernel do not pass this firewall.",
        ja="RAW パケットやカーネル内のプログラムの通信は、このファイアウォールでは止められません。",
    ),
)
_EVIDENCE = Text(
    en="This changes the host that is evidence: rules are added and connections are broken. The receipt says which.",
    ja="証拠となるホストに変更を加えます（ルールの追加、接続の切断）。内容は記録に残ります。",
)


class Answer(msgspec.Struct, frozen=True):
    """The line of JSON the script prints. It comes from a compromised host."""

    mode: str
    table: bool
    waiting: bool
    ruleset_sha256: Annotated[str, msgspec.Meta(max_length=64)]
    before: Annotated[tuple[str, ...], msgspec.Meta(max_length=200)]
    left: Annotated[tuple[str, ...], msgspec.Meta(max_length=200)]


class HostFirewall(Action[AwsWorld], frozen=True, kw_only=True):
    """Unlike a security group this ends what is connected already, also through a NAT gateway or an endpoint.

    Two commands: the first arms a timer in the host, sets the rules and destroys the sockets; the second calls the timer off, which proves
    that the agent still has its path. Without the second the host is as before after `release_minutes`. Nothing of the host's own rules is
    edited; its ruleset is hashed before and after. Never more than `configured`: the host itself says so.
    """

    name: ClassVar = "aws.ssm.host_firewall"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Close the host's own firewall", ja="ホストのファイアウォールを閉じる")
    what: ClassVar = Text(
        en="Adds rules inside the host that drop everything but Systems Manager, and destroys the connections that are open.",
        ja="ホスト内に Systems Manager 以外の通信を破棄するルールを追加し、開いている接続を切断します。",
    )
    by_hand: ClassVar = Text(
        en="On the host, as root: nft delete table inet hikeshi_isolation. On Windows: "
        "Get-NetFirewallRule -Group 'Hikeshi isolation' | Remove-NetFirewallRule. A reboot does it on Linux, too.",
        ja="ホスト上で root として nft delete table inet hikeshi_isolation。Windows では "
        "Get-NetFirewallRule -Group 'Hikeshi isolation' | Remove-NetFirewallRule。Linux では再起動でも解除されます。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeVpcEndpoints",
        "ssm:DescribeDocument",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
        "ssm:ListCommands",
        "ssm:SendCommand",
    )
    needs_evidence: ClassVar = ("aws.ebs.snapshot_set", "aws.ssm.capture_memory")

    instance_id: InstanceId
    allow: Annotated[tuple[str, ...], msgspec.Meta(max_length=40)] = ()
    """Addresses or networks that stay open besides the endpoints of Systems Manager that are found."""
    release_minutes: Annotated[int, msgspec.Meta(ge=2, le=120)] = 10
    """After how long the host takes the rules back by itself unless they were confirmed."""

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` without an agent, and where the agent would lose its path: no endpoint is found and nothing is allowed."""
        instance = containable_instance(world, self.instance_id)
        agent = commands.agent_of(world, self.instance_id)
        vpcs = {one.vpc for one in interfaces_of(world, instance.id).values()} | {instance.vpc}
        allowed = sorted({*_networks(self.allow), *_endpoints(world, vpcs)})
        if not allowed:
            hint = (
                "Make endpoints for ssm, ssmmessages and ec2messages in the VPC, or name the addresses to leave open."
            )
            raise Refused(f"The agent on {instance.id} would lose its path: its VPC has no endpoint for it.", hint=hint)
        before = {"agent": msgspec.to_builtins(agent), "state": instance.state}
        document = commands.document(world, agent.platform)
        orders = [self._order(world, mode, agent.platform, allowed, document) for mode in ("on", "confirm")]
        script = commands.script_hash(SCRIPTS[agent.platform])
        return make_plan(
            world, self,
            resources=(self.instance_id,), calls=[order.call(world) for order in orders], before=before,
            after={"allowed": allowed, "document": document, "script_sha256": script},
            will_not_stop=_LEFT,
            warnings=(_EVIDENCE, *(() if agent.online else (commands.offline(self.instance_id),))),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `pending` where the agent takes its time; `check` then sends the confirmation."""
        containable_instance(world, self.instance_id)
        turn = self._history(world)
        if not turn:
            turn = [commands.send(world, self._planned(world, plan, "on"))]
            return self._confirmed(world, plan, turn)
        told = self._confirmed(world, plan, turn)
        confirmed_before = any(sent.purpose.endswith("confirm") for sent in turn)
        return (
            msgspec.structs.replace(told, outcome="already-done")
            if confirmed_before and told.outcome == "done"
            else told
        )

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Asks the host itself, by one more command, which is recorded. Sends the confirmation where only that is missing."""
        turn = self._history(world)
        if not turn:
            return self._failed(Text(en="it was not set", ja="設定されていません"), {})
        told = self._confirmed(world, plan, turn)
        if told.outcome != "done":
            return told
        order = self._planned(world, plan, "look")
        return self._told(plan, commands.wait(world, order, commands.send(world, order)), told.observed["before"])

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `unknown` where the agent does not answer in time: ask again, or do it by hand."""
        living_instance(world, self.instance_id)
        order = self._planned(world, plan, "off")
        turn = self._history(world)
        off = commands.history(world, self.instance_id, (_purpose("off"),))
        outcome: Outcome = "done" if turn else "already-done"
        if turn:
            off = [commands.send(world, order)]
        if not off:
            return receipt(self, outcome, Text(en="It was never set.", ja="設定されていませんでした。"), {})
        said = commands.wait(world, order, off[-1])
        answer = _answer(said.output) if said.state == "done" else None
        if answer is None or answer.table:
            why = said.why.en or said.status, said.why.ja or said.status
            state: Outcome = "unknown" if said.state == "waiting" else "failed"
            text = Text(en=f"The firewall may still stand: {why[0]}.", ja=f"解除を確認できません: {why[1]}。")
            return receipt(self, state, text, dict(said.observed), still_open=(self.by_hand,))
        text = Text(en="The firewall of the host is as before.", ja="ホストのファイアウォールを元に戻しました。")
        return receipt(self, outcome, text, msgspec.to_builtins(answer))

    def _history(self, world: AwsWorld) -> list[Sent]:
        """What was sent since it was last taken back: first "on", then perhaps "confirm"."""
        purposes = tuple(_purpose(mode) for mode in ("on", "confirm", "off"))
        turn: list[Sent] = []
        for sent in commands.history(world, self.instance_id, purposes):
            turn = [] if sent.purpose == _purpose("off") else [*turn, sent]
        return turn

    def _confirmed(self, world: AwsWorld, plan: Plan, turn: list[Sent]) -> Receipt:
        """Once the rules are set, see whether the agent still answers; only that calls the timer off."""
        order = self._planned(world, plan, "on")
        told = self._told(plan, commands.wait(world, order, turn[0]))
        if told.outcome != "done":
            return told
        order = self._planned(world, plan, "confirm")
        confirm = next((sent for sent in turn if sent.purpose == order.purpose), None) or commands.send(world, order)
        return self._told(plan, commands.wait(world, order, confirm), told.observed["before"])

    def _planned(self, world: AwsWorld, plan: Plan, mode: Mode) -> Order:
        platform, after = plan.before["agent"]["platform"], plan.after
        return self._order(world, mode, platform, after["allowed"], after["document"])

    def _order(
        self, world: AwsWorld, mode: Mode, platform: Literal["Linux", "Windows"], allowed: Iterable[str],
        document: Mapping[str, str],
    ) -> Order:  # fmt: skip
        token = hashlib.sha256(world.step.encode()).hexdigest()[:16]
        filled = {"MODE": mode, "TOKEN": token, "SECONDS": str(self.release_minutes * 60), "ALLOW": ",".join(allowed)}
        script = SCRIPTS[platform]
        for name, value in filled.items():
            script = script.replace(f"@{name}@", value)
        return Order(
            instance_id=self.instance_id, purpose=_purpose(mode), script=script, why=_WHY[mode], platform=platform,
            document=document,
        )  # fmt: skip

    def _told(self, plan: Plan, said: commands.Said, before: Sequence[str] | None = None) -> Receipt:
        """`before` are the connections the first command found; a later one finds what is left."""
        if said.state == "failed":
            return self._failed(said.why, dict(said.observed))
        if said.state == "waiting":
            summary = Text(
                en=f"The host is closing its firewall ({said.status}).", ja=f"設定しています（{said.status}）。"
            )
            return receipt(self, "pending", summary, {"status": said.status}, again_in=commands.ASK_AGAIN)
        answer = _answer(said.output)
        if answer is None or not answer.table:
            why = Text(
                en="there are no rules of ours on the host (any more)", ja="ホストに Hikeshi のルールがありません"
            )
            return self._failed(why, msgspec.to_builtins(answer) if answer else {})
        before = list(answer.before) if before is None else before
        summary = Text(
            en=f"The host's firewall is closed; {len(before)} connections to elsewhere before, {len(answer.left)} now.",
            ja=f"ホストのファイアウォールを閉じました。許可先以外との接続: 前 {len(before)} 件、現在 {len(answer.left)} 件。",
        )
        left = (*(_still(one) for one in answer.left[:10]), *plan.will_not_stop)
        observed = {**msgspec.to_builtins(answer), "before": before, **plan.after}
        return receipt(self, "done", summary, observed, grade="configured", still_open=left)

    def _failed(self, why: Text, observed: dict[str, Any]) -> Receipt:
        summary = Text(
            en=f"The host's firewall is not closed: {why.en}.", ja=f"ファイアウォールを閉じていません: {why.ja}。"
        )
        return receipt(self, "failed", summary, observed)


def _purpose(mode: str) -> str:
    return f"firewall-{mode}"


def _answer(output: str) -> Answer | None:
    """None where the host printed something else."""
    lines = output.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=Answer) if lines else None
    except msgspec.MsgspecError:
        return None


def _networks(given: Iterable[str]) -> Iterable[str]:
    """As addresses and networks in their shortest form, so that nothing else can get into the script."""
    for one in given:
        try:
            network = ipaddress.ip_network(one, strict=False)
        except ValueError as reason:
            raise Refused(
                f"{one[:60]} is not an address or a network: {reason}", hint="10.0.1.5 or 10.0.1.0/24"
            ) from None
        if network.num_addresses > 2 ** (network.max_prefixlen - 8):
            raise Refused(f"{network} is too wide to stay open.", hint="Name the addresses that must stay open.")
        yield str(network.network_address) if network.num_addresses == 1 else str(network)


def _endpoints(world: AwsWorld, vpcs: Iterable[str]) -> Iterable[str]:
    """Addresses of the interface endpoints through which the agent reaches Systems Manager."""
    only = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
    told = world.pages("ec2", "DescribeVpcEndpoints", "VpcEndpoints", Filters=only)
    wanted = [one for one in told if one["ServiceName"].rpartition(".")[2] in ENDPOINTS]
    ids = sorted({interface for one in wanted for interface in one.get("NetworkInterfaceIds", ())})
    if ids:
        only = [{"Name": "network-interface-id", "Values": ids}]
        for interface in world.pages("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=only):
            yield interface["PrivateIpAddress"]


def _still(socket: str) -> Text:
    return Text(en=f"Still connected: {socket[:120]}", ja=f"まだ接続中: {socket[:120]}")
