"""Mark an instance, its interfaces and its volumes with the incident, for people who look at them in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hikeshi.actions.action import Action, Call, Grade, Outcome, Plan, Receipt
from hikeshi.actions.aws.machines import (
    Instance,
    InstanceId,
    Interface,
    containable_instance,
    interfaces_of,
    tags_of,
)
from hikeshi.actions.aws.network import isolation_group
from hikeshi.actions.aws.tags import INCIDENT_TAG, MAX_TAG_VALUE, MAX_TAGS, tag_list
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.aws.failures import CallFailed, NoAnswer
from hikeshi.errors import Refused
from hikeshi.text import Text

MARKED_AT_TAG = "hikeshi:marked-at"
ORIGINAL_TAG = "hikeshi:OriginalSecurityGroups"

_ISOLATIONS = ("aws.ec2.isolate", "aws.ec2.isolate_ssm", "aws.ec2.untrack")

_WHY = Text(en="So that people see in AWS what is going on.", ja="AWS の画面で対応中であることが分かるようにします。")
_BACK = Text(en="The tags get their saved values back.", ja="タグを保存済みの値に戻します。")

Tags = dict[str, dict[str, str]]
"""Resource id to its tags (only the keys this action writes)."""


class MarkInstance(Action[AwsWorld], frozen=True, kw_only=True):
    """Write incident tags. They are a hint for people: Hikeshi never believes them, since an attacker can write tags too.

    Limits are checked here: 50 tags on a resource, 128 characters in a key, 256 in a value (Amazon EC2 User Guide, "Tag
    restrictions"). Tags with `aws:` do not count.
    """

    name: ClassVar = "aws.ec2.mark"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Mark the instance", ja="インスタンスに目印を付ける")
    what: ClassVar = Text(
        en="Tags the instance, its interfaces (with their original groups) and its volumes with the incident.",
        ja="インスタンス、インターフェース（元のグループ付き）、ボリュームにインシデントのタグを付けます。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Tags: delete the keys that begin with hikeshi: on the instance, its interfaces and its volumes.",
        ja="EC2 コンソールの［タグ］で、インスタンス、インターフェース、ボリュームから hikeshi: で始まるキーを削除します。",
    )
    permissions: ClassVar = (
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeTags",
    )

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` where a limit of AWS would be broken, and for an unknown, terminated or protected instance."""
        instance = containable_instance(world, self.instance_id)
        interfaces = interfaces_of(world, self.instance_id)
        originals, warnings = _originals(world, instance, interfaces)
        after = _wanted(world, instance, interfaces, originals)
        now = _read(world, after)
        for resource, tags in after.items():
            _refuse_if_full(resource, now[resource], tags)
        before = {resource: _only(now[resource], tags) for resource, tags in after.items()}
        return make_plan(
            world,
            self,
            resources=after,
            calls=[Call("ec2:CreateTags", _params(resource, tags), _WHY) for resource, tags in after.items()],
            before={"tags": before},
            after={"tags": after},
            warnings=warnings,
        )

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Writes where the tags are still as planned; a value somebody else has changed since is left and said."""
        containable_instance(world, self.instance_id)
        return self._write(world, plan.before["tags"], plan.after["tags"], _WHY)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._report(world, plan.after["tags"], {}, changed=True)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._write(world, plan.after["tags"], plan.before["tags"], _BACK)

    def _write(self, world: AwsWorld, expected: Tags, wanted: Tags, why: Text) -> Receipt:
        now = _read(world, wanted)
        sent = len(world.sent)
        failures: dict[str, CallFailed] = {}
        for resource, tags in wanted.items():
            old = expected[resource]
            # A key that has neither the old nor the new value is somebody else's by now.
            free = [key for key in {*old, *tags} if now[resource].get(key) in (old.get(key), tags.get(key))]
            try:
                _write_one(world, resource, now[resource], {key: tags.get(key) for key in sorted(free)}, why)
            except CallFailed as failure:
                if not failure.permanent and not isinstance(failure, NoAnswer):
                    raise
                failures[resource] = failure
        keys = {resource: {*expected[resource], *tags} for resource, tags in wanted.items()}
        return self._report(world, wanted, failures, changed=len(world.sent) > sent, keys=keys)

    def _report(
        self,
        world: AwsWorld,
        wanted: Tags,
        failures: Mapping[str, CallFailed],
        *,
        changed: bool,
        keys: Mapping[str, set[str]] | None = None,
    ) -> Receipt:
        now = _read(world, wanted)
        seen = {one: _only(now[one], (keys or wanted)[one]) for one in wanted}
        wrong = [one for one, tags in wanted.items() if seen[one] != tags]
        lost = any(isinstance(failures.get(one), NoAnswer) for one in wrong)
        summary = Text(
            en=f"{len(wanted) - len(wrong)} of {len(wanted)} resources have the tags as planned.",
            ja=f"{len(wanted)} 個のリソースのうち {len(wanted) - len(wrong)} 個のタグが計画どおりです。",
        )
        bad: Outcome = (
            "unknown" if lost else "partial" if len(wrong) < len(wanted) else "failed" if failures else "refused"
        )
        good: Outcome = "done" if changed else "already-done"
        still_open = [_wrong(one, failures.get(one)) for one in wrong]
        grade: Grade = "none" if wrong else "configured"
        return receipt(self, bad if wrong else good, summary, {"tags": seen}, grade=grade, still_open=still_open)


def _originals(
    world: AwsWorld, instance: Instance, interfaces: Mapping[str, Interface]
) -> tuple[dict[str, str], list[Text]]:
    """The groups each interface had before an isolation: from the saved plan of this incident, or as they are now."""
    known = isolation_group.known_groups(world, {interface.vpc for interface in interfaces.values()})
    ours = {group for groups in known.values() for listed in groups.values() for group in listed}
    saved: dict[str, list[str]] = {}
    for plan in world.earlier:
        if plan.action in _ISOLATIONS and plan.inputs.get("instance_id") == instance.id:
            for eni, state in plan.before["interfaces"].items():
                if originals := [group for group in state["groups"] if group not in ours]:
                    saved[eni] = originals
    found: dict[str, str] = {}
    warnings: list[Text] = []
    for eni, interface in interfaces.items():
        original = saved.get(eni) or [group for group in interface.groups if group not in ours]
        value = " ".join(original)
        if not original or len(value) > MAX_TAG_VALUE:
            warnings.append(_not_written(eni, too_long=bool(original)))
        else:
            found[eni] = value
    return found, warnings


def _wanted(
    world: AwsWorld, instance: Instance, interfaces: Mapping[str, Interface], originals: Mapping[str, str]
) -> Tags:
    common = {INCIDENT_TAG: world.incident, MARKED_AT_TAG: world.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    wanted: Tags = {instance.id: dict(common)}
    for eni, interface in interfaces.items():
        if not interface.managed:
            wanted[eni] = {**common, **({ORIGINAL_TAG: originals[eni]} if eni in originals else {})}
    return wanted | {volume.id: dict(common) for volume in instance.volumes}


def _read(world: AwsWorld, resources: Mapping[str, Any]) -> Tags:
    only = [{"Name": "resource-id", "Values": sorted(resources)}]
    found: dict[str, list[dict[str, str]]] = {resource: [] for resource in resources}
    for tag in world.pages("ec2", "DescribeTags", "Tags", Filters=only):
        found[tag["ResourceId"]].append(tag)
    return {resource: tags_of(listed) for resource, listed in found.items()}


def _only(tags: Mapping[str, str], keys: Any) -> dict[str, str]:
    return {key: tags[key] for key in sorted(keys) if key in tags}


def _refuse_if_full(resource: str, now: Mapping[str, str], tags: Mapping[str, str]) -> None:
    count = len({key for key in (*now, *tags) if not key.startswith("aws:")})
    if count > MAX_TAGS:
        hint = "Remove a tag nobody needs, or skip this step: it is only a hint for people."
        raise Refused(f"{resource} would have {count} tags; AWS allows {MAX_TAGS}.", hint=hint)


def _params(resource: str, tags: Mapping[str, str]) -> dict[str, Any]:
    return {"Resources": [resource], "Tags": tag_list(tags)}


def _write_one(
    world: AwsWorld, resource: str, now: Mapping[str, str], wanted: Mapping[str, str | None], why: Text
) -> None:
    put = {key: value for key, value in wanted.items() if value is not None and now.get(key) != value}
    drop = [{"Key": key, "Value": now[key]} for key, value in wanted.items() if value is None and key in now]
    if put:
        world.change("ec2", "CreateTags", why, **_params(resource, put))
    if drop:
        world.change("ec2", "DeleteTags", why, Resources=[resource], Tags=drop)


def _wrong(resource: str, failure: CallFailed | None) -> Text:
    if failure:
        return Text(
            en=f"{resource}: {failure}", ja=f"{resource}: 失敗しました（{failure.permission}, {failure.code}）。"
        )
    return Text(
        en=f"{resource} has tags that somebody else has changed; they are left as they are.",
        ja=f"{resource} のタグはほかの誰かが変更したため、そのままにしました。",
    )


def _not_written(eni: str, *, too_long: bool) -> Text:
    if too_long:
        return Text(
            en=f"The original groups of {eni} do not fit into a tag; they are in the plan of the isolation.",
            ja=f"{eni} の元のグループは長すぎてタグに入りません。隔離の計画に保存されています。",
        )
    return Text(
        en=f"The original groups of {eni} are not known here; they are in the plan of the isolation.",
        ja=f"{eni} の元のグループはここでは分かりません。隔離の計画に保存されています。",
    )
