"""Root cause candidates: what the marked events suggest, each with the events it rests on. People decide.

One table, read top to bottom: if the attacker's events include any of `actions`, the candidate and its measure are proposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from hikeshi.text import Text


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A factor the record suggests. `kind` is one of technical, process, organisational, detection, third party."""

    kind: Text
    actions: frozenset[str]
    cause: Text
    measure: Text


TECHNICAL: Final = Text("technical", "技術")
DETECTION: Final = Text("detection", "検知")
PROCESS: Final = Text("process", "手順")

CANDIDATES: Final = (
    Candidate(
        kind=TECHNICAL,
        actions=frozenset({"CreateAccessKey", "CreateUser", "CreateLoginProfile", "CreateRole"}),
        cause=Text(
            "A credential was allowed to create other credentials, so one leak became lasting access.",
            "1 つの認証情報で別の認証情報を作成できたため、1 件の漏えいが継続的なアクセスになった。",
        ),
        measure=Text(
            "Deny iam:Create* to workload credentials organisation-wide (SCP) and alarm on every attempt.",
            "ワークロード用の認証情報に対して iam:Create* を組織全体 (SCP) で禁止し、試行をすべて検知する。",
        ),
    ),
    Candidate(
        kind=TECHNICAL,
        actions=frozenset({"PutUserPolicy", "AttachUserPolicy", "PutRolePolicy", "AttachRolePolicy", "CreatePolicyVersion"}),
        cause=Text(
            "A credential could widen its own permissions.",
            "認証情報が自身の権限を拡大できた。",
        ),
        measure=Text(
            "Put a permissions boundary on every workload principal; test it in the deployment pipeline.",
            "すべてのワークロード用プリンシパルに権限の境界を設定し、デプロイ時に自動で検査する。",
        ),
    ),
    Candidate(
        kind=DETECTION,
        actions=frozenset({"StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail", "DeleteFlowLogs", "DeleteDetector"}),
        cause=Text(
            "The record of what happens could be switched off from inside the account.",
            "アカウント内部から記録を停止できた。",
        ),
        measure=Text(
            "Keep the organisation trail in another account and deny its change by SCP.",
            "組織の証跡を別アカウントに置き、変更を SCP で禁止する。",
        ),
    ),
    Candidate(
        kind=TECHNICAL,
        actions=frozenset({"GetSecretValue", "GetParameter", "GetParameters", "GetParametersByPath", "GetPasswordData", "Decrypt"}),
        cause=Text(
            "Secrets were readable with the credential that leaked.",
            "漏えいした認証情報で秘密情報を読み取れた。",
        ),
        measure=Text(
            "Rotate what was read; scope each secret to the one role that needs it.",
            "読み取られた秘密情報を更新し、参照できるロールを必要な 1 つに限る。",
        ),
    ),
    Candidate(
        kind=TECHNICAL,
        actions=frozenset({"SendCommand", "StartSession", "RunInstances", "ModifyInstanceAttribute"}),
        cause=Text(
            "The credential could start programs on hosts.",
            "認証情報によりホスト上でプログラムを実行できた。",
        ),
        measure=Text(
            "Limit ssm:SendCommand and ec2:RunInstances to named documents, images and roles.",
            "ssm:SendCommand と ec2:RunInstances を、指定した文書・イメージ・ロールに限定する。",
        ),
    ),
    Candidate(
        kind=PROCESS,
        actions=frozenset({"GetCallerIdentity", "ListUsers", "ListRoles", "ListBuckets", "DescribeInstances"}),
        cause=Text(
            "A long-lived credential worked from an address that was never seen before.",
            "長期の認証情報が、過去に一度も現れていないアドレスから使用できた。",
        ),
        measure=Text(
            "Replace long-lived keys by short sessions; deny use from outside known networks.",
            "長期のキーを短期セッションに置き換え、既知のネットワーク外からの利用を拒否する。",
        ),
    ),
)  # fmt: skip


def suggest(actions: Iterable[str]) -> list[tuple[Candidate, list[str]]]:
    """The candidates these actions suggest, each with the actions that speak for it."""
    seen = set(actions)
    return [(candidate, sorted(candidate.actions & seen)) for candidate in CANDIDATES if candidate.actions & seen]
