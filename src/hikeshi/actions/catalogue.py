"""What an action takes, as a form, a command line and an API can ask for it: read from the class, which declares it once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from hikeshi.actions.action import Action
from hikeshi.errors import Refused
from hikeshi.text import Text

Asked = Literal["text", "number", "yes-no", "list", "choice"]

_ASKED: Final[Mapping[str, Asked]] = {"integer": "number", "number": "number", "boolean": "yes-no", "array": "list"}

LABELS: Final[Mapping[str, Text]] = {
    "about": Text(en="Whom or what it is about", ja="対象の主体・リソース"),
    "accept_exposure": Text(en="Accept that it is reachable", ja="公開状態を許容する"),
    "access_key_id": Text(en="Access key", ja="アクセスキー"),
    "account": Text(en="Account", ja="アカウント"),
    "account_id": Text(en="Account", ja="アカウント"),
    "addresses": Text(en="Addresses", ja="アドレス"),
    "aliases": Text(en="Aliases to lead to it", ja="このバージョンに向けるエイリアス"),
    "allow": Text(en="Still let through", ja="引き続き許可する宛先"),
    "arn": Text(en="ARN", ja="ARN"),
    "as_of": Text(en="As it was at", ja="復元する時点"),
    "binding": Text(en="Binding", ja="バインディング"),
    "bucket": Text(en="Bucket", ja="バケット"),
    "caller": Text(en="Caller", ja="呼び出し元"),
    "cidrs": Text(en="Networks that may still reach it", ja="引き続き到達できるネットワーク"),
    "clean_before": Text(en="First event of the attack", ja="攻撃の最初のイベントの日時"),
    "cluster": Text(en="Cluster", ja="クラスター"),
    "cluster_id": Text(en="Database cluster", ja="データベースクラスター"),
    "cool_off_hours": Text(en="Cool-off (h)", ja="猶予期間(時間)"),
    "database_id": Text(en="Database instance", ja="データベースインスタンス"),
    "days": Text(en="Days", ja="日数"),
    "detector_id": Text(en="Detector", ja="検出器"),
    "digest": Text(en="Digest of the image", ja="イメージのダイジェスト"),
    "domains": Text(en="Domains", ja="ドメイン"),
    "endpoint_off": Text(en="Switch the endpoint off", ja="エンドポイントを無効にする"),
    "entities": Text(en="Addresses, networks and domains", ja="アドレス、ネットワーク、ドメイン"),
    "everywhere": Text(en="In every region", ja="全リージョンを対象にする"),
    "evidence_of": Text(en="Evidence of", ja="証拠の対象"),
    "features": Text(en="Protections to switch on", ja="有効にする保護機能"),
    "feedback": Text(en="Feedback", ja="評価"),
    "finding_ids": Text(en="Findings", ja="検出結果"),
    "finish_deadline_seconds": Text(en="Time to finish (s)", ja="完了までの上限(秒)"),
    "function": Text(en="Function", ja="関数"),
    "group": Text(en="Auto Scaling group", ja="Auto Scaling グループ"),
    "group_ids": Text(en="Security groups", ja="セキュリティグループ"),
    "hibernate": Text(en="Hibernate", ja="休止状態にする"),
    "hold_seconds": Text(en="Open for (s)", ja="開放する時間(秒)"),
    "image_id": Text(en="Machine image", ja="マシンイメージ"),
    "instance_id": Text(en="Instance", ja="インスタンス"),
    "ip_set": Text(en="IP set", ja="IP セット"),
    "ip_set_id": Text(en="IP set id", ja="IP セット ID"),
    "keep_days": Text(en="Keep for (days)", ja="保存期間(日)"),
    "key": Text(en="Encryption key", ja="暗号鍵"),
    "key_id": Text(en="KMS key", ja="KMS キー"),
    "key_pair": Text(en="Key pair of the new one", ja="新しいインスタンスのキーペア"),
    "keys": Text(en="Objects to hold", ja="保全するオブジェクト"),
    "known_good": Text(en="Why its own image is good", ja="元のイメージを安全とみなす理由"),
    "let_in": Text(en="Still let in (ARNs)", ja="引き続き許可する ARN"),
    "minutes": Text(en="Minutes", ja="分"),
    "mirror_filter": Text(en="Mirror filter", ja="ミラーフィルター"),
    "mirror_target": Text(en="Mirror target", ja="ミラーの送信先"),
    "mode": Text(en="Mode", ja="モード"),
    "names": Text(en="Names", ja="名前"),
    "namespace": Text(en="Namespace", ja="名前空間"),
    "new_profile": Text(en="Instance profile of the new one", ja="新しいインスタンスのプロファイル"),
    "node": Text(en="Node", ja="ノード"),
    "peers": Text(en="Remote addresses", ja="通信相手のアドレス"),
    "pod": Text(en="Pod", ja="Pod"),
    "prefix": Text(en="Beginning of the names", ja="名前の先頭"),
    "prefix_list_id": Text(en="Prefix list", ja="プレフィックスリスト"),
    "principal": Text(en="Only of this user, role or instance", ja="対象のユーザー・ロール・インスタンス"),
    "principal_arn": Text(en="Principal (ARN)", ja="プリンシパル（ARN）"),
    "profile": Text(en="Forensic instance profile", ja="フォレンジック用インスタンスプロファイル"),
    "read_by": Text(en="Read by (user or session name)", ja="読み取った利用者（ユーザー名またはセッション名）"),
    "recorder": Text(en="Configuration recorder", ja="設定レコーダー"),
    "release_early": Text(en="May be undone within 12 hours", ja="12 時間以内でも元に戻せるようにする"),
    "release_minutes": Text(en="Opens by itself after (min)", ja="自動解除までの時間(分)"),
    "repository": Text(en="Repository", ja="リポジトリ"),
    "revoke_from": Text(en="Revoke grants of (ARNs)", ja="グラントを取り消す相手（ARN）"),
    "role": Text(en="Role", ja="ロール"),
    "route_table_id": Text(en="Route table", ja="ルートテーブル"),
    "rule_group": Text(en="Rule group", ja="ルールグループ"),
    "scope": Text(en="Scope", ja="範囲"),
    "secret_id": Text(en="Secret", ja="シークレット"),
    "serial": Text(en="Serial number of the device", ja="機器のシリアル番号"),
    "service": Text(en="Service", ja="サービス"),
    "since": Text(en="Since (UTC)", ja="起点の日時(UTC)"),
    "snapshot": Text(en="Snapshot", ja="スナップショット"),
    "snapshot_id": Text(en="Snapshot", ja="スナップショット"),
    "spared": Text(en="Prefix of the roles that are spared", ja="除外するロールの接頭辞"),
    "stack": Text(en="Stack", ja="スタック"),
    "start_deadline_seconds": Text(en="Time to start (s)", ja="開始までの上限(秒)"),
    "subnet_id": Text(en="Subnet", ja="サブネット"),
    "task": Text(en="Task", ja="タスク"),
    "then": Text(en="Ends in", ja="最後に行う隔離"),
    "tool": Text(en="Tool", ja="ツール"),
    "trail": Text(en="Trail", ja="証跡"),
    "unlocked": Text(en="Although nothing is locked", ja="ロックなしでも実行する"),
    "user": Text(en="User", ja="ユーザー"),
    "user_data_sha256": Text(en="SHA-256 of the user data to reuse", ja="再利用するユーザーデータの SHA-256"),
    "user_id": Text(en="User id", ja="ユーザー ID"),
    "version": Text(en="Clean version", ja="正常なバージョン"),
    "vpc_id": Text(en="VPC", ja="VPC"),
    "without_evidence": Text(en="Without evidence", ja="証拠なしで実行する"),
}
"""What people call an input. The same name means the same thing in every action."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input of an action. `choices` only with "choice"; `example` is a value that would be taken, where one is known."""

    name: str
    asked: Asked
    label: Text
    required: bool
    default: Any = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    example: str = ""


def inputs(kind: type[Action[Any]]) -> tuple[Input, ...]:
    """The inputs of an action in their order."""
    properties = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return tuple(_input(field, _plain(properties[field.encode_name])) for field in msgspec.structs.fields(kind))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the "or nothing" of an optional one."""
    some = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return {**schema, **some[0]} if some else schema


def _input(field: msgspec.structs.FieldInfo, schema: Mapping[str, Any]) -> Input:
    choices = tuple(str(one) for one in schema.get("enum", ()))
    default = None if field.required else field.default if field.default is not msgspec.NODEFAULT else ()
    return Input(
        name=field.name,
        asked="choice" if choices else _ASKED.get(schema.get("type", ""), "text"),
        label=LABELS.get(field.name, Text(en=field.name, ja=field.name)),
        required=field.required,
        default=msgspec.to_builtins(default),
        choices=choices,
        pattern=schema.get("pattern", ""),
        example=str(next(iter(schema.get("examples", ())), "")),
    )


def read_inputs(kind: type[Action[Any]], typed: Mapping[str, str]) -> dict[str, Any]:
    """What somebody has typed, as plain JSON of the right kinds; what is left empty is left out. Lists are by comma or line.

    Raises `Refused` naming an input that the action does not have. Whether the values are right, the action itself says.
    """
    known = {one.name: one for one in inputs(kind)}
    if unknown := sorted(set(typed) - set(known)):
        raise Refused(f"{kind.name} has no input {unknown[0]!r}.", hint=f"It takes: {', '.join(known)}.")
    return {name: _value(known[name], text.strip()) for name, text in typed.items() if text.strip()}


def _value(asked: Input, text: str) -> Any:
    match asked.asked:
        case "list":
            return [part for line in text.splitlines() for part in (word.strip() for word in line.split(",")) if part]
        case "yes-no":
            return {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}.get(
                text.lower(), text
            )
        case "number":
            return _number(text)
        case _:
            return text


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
