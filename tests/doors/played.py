"""A playbook with a step of every kind, for tests of the doors."""

from __future__ import annotations

from typing import Final

from hikeshi.desk.actor import system
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import by_hand, starting
from hikeshi.desk.runs.models import Run, Step
from hikeshi.playbooks.playbook import Playbook, loads
from hikeshi.playbooks.states import ENDED

HIKESHI: Final = system("Hikeshi", "worker")

EVERY_KIND: Final[Playbook] = loads(
    """
name: every-kind
version: 3
severity: SEV-2
title: {en: A leaked key, ja: 漏えいしたキー}
summary: {en: Somebody holds a key of ours., ja: キーが第三者の手に渡っています。}
entry: [{en: A key of ours was seen outside., ja: キーが外部で見つかった。}]
end: [{en: No call with the old key for a day., ja: 旧キーの呼び出しが 1 日ない。}]
facts:
  hosts: {label: {en: Hosts that use the key, ja: キーを使うホスト}, type: list}
  key_id: {label: {en: Id of the key, ja: キーの ID}, source: alert.key_id}
  personal: {label: {en: Personal data is affected, ja: 個人データに影響がある}, type: yes_no}
  records: {label: {en: Records affected, ja: 影響を受けた件数}, type: number}
steps:
  - {key: "1.1", phase: detection_analysis, kind: evidence, role: responder, effect: collect, collects: [logs], due_within: 900,
     title: {en: Keep the audit log, ja: 監査ログを保全する}, text: {en: The last two days., ja: 直近 2 日分。}}
  - {key: "1.2", phase: detection_analysis, kind: decision, role: incident_commander, asks: [personal, records], due_within: 1800,
     options: [{value: held, label: {en: The attacker holds it, ja: 攻撃者が保持している}}, {value: unused, label: {en: Nobody used it, ja: 使用された形跡はない}}],
     title: {en: Does the attacker hold the key, ja: 攻撃者はキーを保持しているか}, text: {en: Look at who used it., ja: 誰が使ったかを見ます。}}
  - {key: "2.1", phase: containment, kind: manual, role: technical_lead, effect: contain, after: ["1.2"], evidence: ["1.1"], when: 'choice["1.2"] == "held"', on_failure: "2.2",
     title: {en: Turn the key off, ja: キーを無効にする}, text: {en: In the console of the account., ja: アカウントのコンソールで行います。}, undo: {en: Turn it on again., ja: 有効に戻します。}}
  - {key: "2.2", phase: containment, kind: manual, role: technical_lead, after: ["1.2"],
     title: {en: Refuse its calls by a policy, ja: ポリシーで呼び出しを拒否する}, text: {en: Where the key cannot be turned off., ja: 無効にできない場合。}}
  - {key: "2.3", phase: containment, kind: manual, role: responder, after: ["1.2"], for_each: $fact.hosts, asks: [],
     title: {en: Take the key from the host, ja: ホストからキーを取り除く}, text: {en: One host at a time., ja: 1 台ずつ行います。}}
  - {key: "2.4", phase: containment, kind: manual, role: communications_lead, after: ["1.2"],
     draft: {to: [the owner of the key], subject: {en: "{incident.name}: your key", ja: "{incident.name}: お使いのキー"}, body: {en: "Key {fact.key_id} was turned off.", ja: "キー {fact.key_id} を無効にしました。"}},
     title: {en: Tell the owner of the key, ja: キーの所有者に知らせる}, text: {en: By telephone first., ja: まず電話で伝えます。}}
  - {key: "2.5", phase: containment, kind: notify, role: incident_commander, after: ["2.1"],
     message: {to: [incident_commander], subject: {en: "Contained", ja: "封じ込め完了"}, body: {en: "{fact.key_id} is off.", ja: "{fact.key_id} は無効です。"}},
     title: {en: Say that it is contained, ja: 封じ込めを知らせる}, text: {en: To the commander., ja: 指揮者宛て。}}
  - {key: "3.1", phase: eradication, kind: wait, role: responder, after: ["2.1"], wait: {seconds: 86400},
     title: {en: Watch for a day, ja: 1 日監視する}, text: {en: No call may come., ja: 呼び出しがないこと。}}
  - {key: "4.1", phase: recovery, kind: manual, role: responder, after: ["3.1"],
     title: {en: Give out a new key, ja: 新しいキーを発行する}, text: {en: A short-lived one., ja: 短期間のもの。}}
""".encode(),
    source="every-kind",
)


def played(incident: Incident, **facts: object) -> Run:
    """It has just started, with what is said of `fact_` names ("fact.key_id" is written `key_id`)."""
    known = {f"fact.{name}": value for name, value in facts.items()}
    return starting.start(incident, EVERY_KIND, actor=HIKESHI, facts=known)


def leave_out_before(step: Step, *, reason: str) -> None:
    """Everything before this step in the playbook is left out, of steps with targets each target."""
    before = step.run.steps.filter(place__lt=step.place, parts=None).exclude(state__in=ENDED).order_by("pk")
    while (earlier := before.first()) is not None:
        by_hand.skip(earlier, actor=HIKESHI, reason=reason)
    step.refresh_from_db()
