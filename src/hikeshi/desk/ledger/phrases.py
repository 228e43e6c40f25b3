"""A ledger entry as one sentence, in both languages. The stream of an incident and its reports read from here.

A phrase is filled with the entry's `data`, plus `actor` and `object`. A verb without a phrase is for auditors, not for the stream.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from hikeshi.clocks.moments import MOMENTS
from hikeshi.clocks.rule import rules
from hikeshi.desk.ledger.models import Entry

NOBODY: Final = "-"
"""To whom a page went that had nobody to go to."""

PHRASES: Final[dict[str, tuple[str, str]]] = {
    "affected.add": ("{actor} listed {identifier} as affected ({compromise}) {note}", "{actor} が影響資産に {identifier} を追加({compromise}){note}"),
    "affected.assess": ("{actor} on {identifier}: {compromise}, {clearance}. {reason}", "{actor} が {identifier} を判定: {compromise}、{clearance}。{reason}"),
    "affected.gather": ("{actor} listed {count} assets that the alerts name", "{actor} がアラートに現れる資産 {count} 件を影響資産に追加"),
    "affected.move": ("{identifier} is {clearance} now, by {source}", "{identifier} は {source} により{clearance}"),
    "alert.dismiss": ("{actor} dismissed {object}: {reason}", "{actor} が {object} を対応不要とした: {reason}"),
    "alert.leave": ("{count} alerts that no standing order answers were left for triage", "常時承認の対象外のアラート {count} 件をトリアージ待ちとした"),
    "alert.reread": ("{actor} had {object} read again: {count} alerts. {problem}", "{actor} が {object} を読み取り直した: アラート {count} 件。{problem}"),
    "alert.set_aside": ("A payload from {source} was set aside: {problem}", "{source} からのデータを保留: {problem}"),
    "alert.worse": ("{object}, which this incident has, became worse: SEV-{severity} suggested, new {new}", "対応中のアラート {object} が悪化: 提案は SEV-{severity}、新たに {new}"),
    "asset.add": ("{actor} put {object} on the asset register", "{actor} が {object} を資産台帳に追加"),
    "asset.change": ("{actor} changed {object} on the asset register", "{actor} が資産台帳の {object} を変更"),
    "asset.import": ("{actor} imported assets ({object}): {new} new, {changed} changed, {bad} not readable", "{actor} が資産を一括登録({object}): 新規 {new}、変更 {changed}、読み取れず {bad}"),
    "asset.retire": ("{actor} retired {object}: {reason}", "{actor} が {object} を除却: {reason}"),
    "channel.add": ("{actor} added the channel {object} ({service})", "{actor} が通知チャンネル {object} を追加 ({service})"),
    "channel.disable": ("{actor} switched the channel {object} off", "{actor} が通知チャンネル {object} を停止"),
    "channel.enable": ("{actor} switched the channel {object} on", "{actor} が通知チャンネル {object} を再開"),
    "channel.test": ("{actor} tried the channel {object} {problem}", "{actor} が通知チャンネル {object} を試験 {problem}"),
    "checkpoint.rebuild": ("{actor} had the tree of {object} made again: {count} tiles were not right", "{actor} が {object} の木を再作成: 不正なタイル {count} 件"),
    "checkpoint.refuse": ("No checkpoint was signed over {object}: {problem}", "{object} のチェックポイントに署名できませんでした: {problem}"),
    "clock.over": ("Deadline passed: {object}", "期限超過: {object}"),
    "clock.soon": ("Deadline near: {object}", "期限間近: {object}"),
    "clock.start": ("Clock started: {object}, due {deadline}", "期限の計測を開始: {object}、期限 {deadline}"),
    "clock.stop": ("Clock stopped: {object} ({state})", "期限の計測を終了: {object}({state})"),
    "cloud.add": ("{actor} registered the account {object}", "{actor} がアカウント {object} を登録"),
    "cloud.change": ("{actor} changed the account {object}", "{actor} がアカウント {object} の設定を変更"),
    "cloud.protect": ("{actor} protected {object}: {reason}", "{actor} が {object} を保護対象に追加: {reason}"),
    "cloud.retire": ("{actor} retired the account {object}: {reason}", "{actor} がアカウント {object} の登録を終了: {reason}"),
    "cloud.unprotect": ("{actor} no longer protects {object}: {reason}", "{actor} が {object} を保護対象から除外: {reason}"),
    "contact.add": ("{actor} put {object} on the contact list", "{actor} が {object} を連絡網に追加"),
    "contact.change": ("{actor} changed the contact {object}", "{actor} が連絡先 {object} を変更"),
    "contact.import": ("{actor} took in a contact list of {rows} rows, {bad} left out", "{actor} が連絡網 {rows} 行を取り込み(うち取り込めず {bad} 行)"),
    "contact.retire": ("{actor} took {object} off the contact list: {reason}", "{actor} が {object} を連絡網から外した: {reason}"),
    "contact.verify": ("{actor} reached {object} by {way}", "{actor} が {object} に {way} で連絡がつくことを確認"),
    "contact.ways": ("{actor} changed how {object} is reached", "{actor} が {object} の連絡手段を変更"),
    "copy.again": ("{actor} has copies to {object} tried again", "{actor} が {object} への写しを再試行"),
    "copy.refused": ("A copy of a checkpoint was refused at {place}: {problem}", "チェックポイントの写しが {place} で拒否: {problem}"),
    "counsel.note": ("{actor} wrote a note for counsel", "{actor} が法務担当者限定のメモを作成"),
    "decision.ask": ("To be decided: {question}", "要決定: {question}"),
    "decision.decide": ("{actor} decided: {question} {chosen}. {reason}", "{actor} が決定: {question} {chosen}。{reason}"),
    "decision.look_back": ("{actor} looked back on: {question} {text}", "{actor} が決定を振り返り: {question} {text}"),
    "decision.object": ("{actor} strongly objects: {question} {text}", "{actor} が強い異議: {question} {text}"),
    "duty.decide": ("{actor} decided on {object}: {answer}. {reason}", "{actor} が {object} を判断: {answer}。{reason}"),
    "duty.file": ("Filed: {object} {at} {channel} {reference}", "提出: {object} {at} {channel} {reference}"),
    "duty.propose": ("The facts point to {object}: its time runs as undecided. {reason}", "事実から {object} に該当し得る。未判断のまま期限を計算: {reason}"),
    "evidence.analyse": ("{actor} analysed evidence {object} for {purpose}: {text}", "{actor} が証拠 {object} を解析({purpose}): {text}"),
    "evidence.copy": ("{actor} made a working copy of evidence {object} for {purpose}: {text}", "{actor} が証拠 {object} の作業用複製を作成({purpose}): {text}"),
    "evidence.correct": ("{actor} corrected {field} of evidence {object} from {before} to {after}: {reason}", "{actor} が証拠 {object} の {field} を {before} から {after} へ訂正: {reason}"),
    "evidence.describe": ("{actor} described evidence {object}", "{actor} が証拠 {object} の記録を補記"),
    "evidence.dispose": ("Evidence {object} disposed of ({method}): {reason}", "証拠 {object} を廃棄 ({method}): {reason}"),
    "evidence.dispose_approve": ("{actor} approved the disposal of evidence {object}", "{actor} が証拠 {object} の廃棄を承認"),
    "evidence.dispose_ask": ("{actor} asks for the disposal of evidence {object} ({method}): {reason}", "{actor} が証拠 {object} の廃棄を申請 ({method}): {reason}"),
    "evidence.dispose_refuse": ("{actor} refused the disposal of evidence {object}: {reason}", "{actor} が証拠 {object} の廃棄を却下: {reason}"),
    "evidence.expect": ("Evidence plan: {count} lines added", "証拠計画に {count} 件を追加"),
    "evidence.export": ("{actor} exported {object} as bundle {bundle} for {recipient}: {purpose}", "{actor} が {object} をバンドル {bundle} として書き出し({recipient}): {purpose}"),
    "evidence.export_end": ("Bundle {bundle} left with manifest {manifest_sha256}", "バンドル {bundle} の書き出し完了。マニフェスト {manifest_sha256}"),
    "evidence.form": ("{actor} printed the custody form of evidence {object} ({format})", "{actor} が証拠 {object} の保管記録票を印刷 ({format})"),
    "evidence.hand_out": ("{actor} took a copy of evidence {object} {form}", "{actor} が証拠 {object} の複製を取得{form}"),
    "evidence.hold": ("Legal hold on evidence {object}: {reason}", "証拠 {object} に訴訟ホールド: {reason}"),
    "evidence.import": ("{actor} took in {object} from a bundle {bundle}{from}: {result}", "{actor} がバンドル {bundle}{from} から {object} を取り込み: {result}"),
    "evidence.note": ("{actor} on evidence {object}: {text}", "{actor} が証拠 {object} に注記: {text}"),
    "evidence.read": ("{actor} looked at sensitive evidence {object}", "{actor} が機微な証拠 {object} を閲覧"),
    "evidence.refuse": ("Evidence {object} not taken over by {actor}: {reason}", "証拠 {object} は受け渡しされず ({actor}): {reason}"),
    "evidence.retain": ("Evidence {object} to be kept until {after}: {reason}", "証拠 {object} の保存期限 {after}: {reason}"),
    "evidence.return": ("Evidence {object} came back from {counterparty}, same hash", "証拠 {object} が {counterparty} から返却、ハッシュ値一致"),
    "evidence.seal": ("Evidence {object} sealed: {title}", "証拠 {object} を封印: {title}"),
    "evidence.settle": ("Evidence plan: {en}: {state} {item} {reason}", "証拠計画: {ja}: {state} {item} {reason}"),
    "evidence.transfer_in": ("Evidence {object} taken over by {signed_by}, same hash: {purpose}", "証拠 {object} を {signed_by} が受領、ハッシュ値一致: {purpose}"),
    "evidence.transfer_out": ("Evidence {object} offered to {receiver}: {purpose}", "証拠 {object} の受け渡しを {receiver} に申し出: {purpose}"),
    "evidence.unhold": ("Legal hold on evidence {object} lifted: {reason}", "証拠 {object} の訴訟ホールドを解除: {reason}"),
    "evidence.verify": ("Evidence {object} checked again: {result}", "証拠 {object} を再検証: {result}"),
    "evidence.verify_ask": ("{actor} had all evidence read again: {items} items", "{actor} が全証拠の再検証を依頼: {items} 件"),
    "evidence.verify_content": ("Content of the image {object} compared with the hash recorded inside: {result}", "イメージ {object} の内容を内部記録のハッシュ値と照合: {result}"),
    "evidence.waive": ("{actor} waived evidence: {en}: {reason}", "{actor} が証拠の取得を免除: {ja}: {reason}"),
    "evidence.withdraw": ("Offer of evidence {object} to {receiver} ended: {reason}", "証拠 {object} の {receiver} への申し出を終了: {reason}"),
    "fact.say": ("{actor} said {object}: {answer} {note}", "{actor} が事実を記録 {object}: {answer} {note}"),
    "fact.tell": ("{actor} told {facts}", "{actor} が事実を入力: {facts}"),
    "group.answer": ("{actor} noted the answer of {to} on {object}: {answer}", "{actor} が {object} への {to} の回答を記録: {answer}"),
    "group.ask": ("{actor} asked {to} about {object}: {question}", "{actor} が {object} について {to} に質問: {question}"),
    "group.assign": ("{actor} gave {object} to {to}", "{actor} が {object} の担当を {to} に設定"),
    "group.enrich": ("{actor} had what {object} names looked up (PAP:{pap})", "{actor} が {object} の観測対象を照会 (PAP:{pap})"),
    "group.judge": ("{actor} judged {object} {verdict}: {reason}", "{actor} が {object} を {verdict} と判定: {reason}"),
    "group.merge": ("{actor} merged other groups into {object}: {reason}", "{actor} が他のグループを {object} に統合: {reason}"),
    "group.reopen": ("{actor} took the verdict {before} on {object} back: {reason}", "{actor} が {object} の判定 {before} を取り消し: {reason}"),
    "group.snooze": ("{actor} snoozed {object} until {until}: {reason}", "{actor} が {object} を {until} まで保留: {reason}"),
    "group.suggest": ("{actor} had {object} weighed again: SEV-{before} to SEV-{severity}", "{actor} が {object} の重大度を再提案: SEV-{before} から SEV-{severity}"),
    "group.suppress": ("{object} is hidden by {suppression}", "{object} は {suppression} により抑止"),
    "group.take": ("{actor} judged {object} true: {reason}", "{actor} が {object} を真の検知と判定: {reason}"),
    "group.unhide": ("{actor} brought {object} back before people: {reason}", "{actor} が {object} の抑止を解いて表示: {reason}"),
    "group.unmerge": ("{actor} took {object} out of {from} again: {reason}", "{actor} が {object} を {from} から分離: {reason}"),
    "group.untake": ("{actor} took {object} out of its incident: {reason}", "{actor} が {object} をインシデントから外した: {reason}"),
    "group.wake": ("{object} waits again: {why}", "{object} の保留を終了: {why}"),
    "group.worse": ("{object} waits again, because it became worse after it was judged: SEV-{severity} suggested, new {new}", "判定済みの {object} が悪化したため再びトリアージ待ち: 提案は SEV-{severity}、新たに {new}"),
    "incident.access": ("{to} was let in without a role: {reason}", "{to} に役割なしの閲覧を許可: {reason}"),
    "incident.access_end": ("Access of {to} ended: {reason}", "{to} の閲覧許可を終了: {reason}"),
    "incident.access_forced": ("{actor} let themselves into {object} by force: {reason}", "{actor} が {object} を緊急開封して閲覧: {reason}"),
    "halt.begin": ("{actor} stopped all changes ({object}): {reason}", "{actor} がすべての変更を緊急停止 ({object}): {reason}"),
    "halt.lift": ("{actor} let changes go on ({object}): {reason}", "{actor} が緊急停止を解除 ({object}): {reason}"),
    "incident.acknowledge": ("{actor} took it", "{actor} が対応を開始"),
    "incident.close": ("Closed: {reason}", "終結: {reason}"),
    "incident.contained": ("Containment read back from the cloud", "クラウドから読み戻し、封じ込めを確認"),
    "incident.contained_by_hand": ("{actor} states that it is contained: {reason}", "{actor} が封じ込め済みと表明: {reason}"),
    "incident.declare": ("Declared as SEV-{severity}: {title}", "SEV-{severity} としてインシデントを宣言: {title}"),
    "incident.edit": ("{actor} corrected {fields} {reason}", "{actor} が {fields} を訂正 {reason}"),
    "incident.impact": ("{actor} judged the impact: {functional_impact}, {information_impact}, {recoverability}", "{actor} が影響を評価: 機能 {functional_impact}、情報 {information_impact}、復旧 {recoverability}"),
    "incident.link": ("Linked with {object} ({kind}) {reason}", "{object} と関連付け ({kind}) {reason}"),
    "incident.link_alerts": ("{actor} linked {groups}: {reason}", "{actor} が {groups} を関連付け: {reason}"),
    "incident.merge": ("Merged into {into}: {reason}", "{into} に統合: {reason}"),
    "incident.merge_in": ("{from} was merged into this incident: {reason}", "{from} をこのインシデントに統合: {reason}"),
    "incident.note": ("{actor}: {text}", "{actor}: {text}"),
    "incident.override": ("{actor} lets it close although this is open: {en}. {reason}", "{actor} が「{ja}」を残したままの終結を認める: {reason}"),
    "incident.quiet": ("Quiet mode on. Exposed domains: {domains}. Must not know: {unaware}", "秘匿モード開始。漏えいの恐れがあるドメイン: {domains}。知らせない相手: {unaware}"),
    "incident.quiet_end": ("Quiet mode off: {reason}", "秘匿モード終了: {reason}"),
    "incident.reopen": ("Opened again: {reason}", "再開: {reason}"),
    "incident.restrict": ("Restricted, code name {code_name}: {reason}", "限定公開に変更(コード名 {code_name}): {reason}"),
    "incident.severity": ("Severity SEV-{before} to SEV-{after}: {reason}", "重大度を SEV-{before} から SEV-{after} へ変更: {reason}"),
    "incident.status": ("Status {before} to {after}: {reason}", "ステータスを {before} から {after} へ変更: {reason}"),
    "incident.summary": ("{actor} rewrote the summary", "{actor} が概要を更新"),
    "incident.unlink": ("Link with {object} taken back: {reason}", "{object} との関連付けを取り消し: {reason}"),
    "incident.unlink_alerts": ("{actor} took {groups} out again: {reason}", "{actor} が {groups} の関連付けを解除: {reason}"),
    "incident.unmerge": ("Taken out of {from} again: {reason}", "{from} への統合を取り消し: {reason}"),
    "incident.unmerge_out": ("{from} was taken out of this incident again: {reason}", "{from} の統合を取り消し: {reason}"),
    "incident.unrestrict": ("Restriction lifted: {reason}", "限定公開を解除: {reason}"),
    "key.register": ("Key {object} signs checkpoints from now on ({place})", "鍵 {object} が以後のチェックポイントに署名 ({place})"),
    "key.retire": ("{actor} withdrew the signing key {object}: {reason}", "{actor} が署名鍵 {object} を取り下げ: {reason}"),
    "key.rotate": ("{actor} changed the signing key to {object} ({place}): {reason}", "{actor} が署名鍵を {object} に交替 ({place}): {reason}"),
    "kit.print": ("{actor} took an offline kit ({format}, {contacts} contacts)", "{actor} がオフライン用キットを出力 ({format}、連絡先 {contacts} 件)"),
    "ledger.verify": ("The ledger was read again: {problems} places are damaged", "台帳を再検証: 損傷 {problems} か所"),
    "moment.record": ("Recorded: {object}, {when} {note}", "時点を記録: {object}、{when} {note}"),
    "moment.withdraw": ("Taken back: {object}. {reason}", "時点を取り消し: {object}。{reason}"),
    "notice.acknowledge": ("{actor} has it", "{actor} が通知を受領"),
    "notice.auto_reply": ("An automatic answer came from {recipient}: {said}", "{recipient} から自動応答: {said}"),
    "notice.decline": ("{recipient} cannot take it: {said}", "{recipient} は対応できないと返信: {said}"),
    "notice.deliver": ("The message to {recipient} has arrived", "{recipient} への通知の到着を確認"),
    "notice.fail": ("{object} was not reached: {problem}", "{object} に通知が届かず: {problem}"),
    "notice.page": ("Told at level {level}: {to}", "レベル {level} に通知: {to}"),
    "notice.rebase": ("The calls go on by the times of SEV-{severity} (before: SEV-{before})", "呼び出しを SEV-{severity} の時間表に切り替え(変更前: SEV-{before})"),
    "notice.reply": ("{recipient} answered by mail: {said}", "{recipient} がメールで返信: {said}"),
    "notice.reply_refused": ("A reply to the message to {recipient} did not count: it came from {sender}", "{recipient} への通知に対する返信を無効とした: 送信元 {sender}"),
    "notice.resend": ("{actor} had a message sent to {recipient} again", "{actor} が {recipient} への通知を再送"),
    "notice.return": ("The message to {recipient} came back: {problem}", "{recipient} への通知が返送された: {problem}"),
    "phase.enter": ("Phase begun: {object}", "フェーズ開始: {object}"),
    "phase.leave": ("Phase done for now: {object}", "フェーズ完了: {object}"),
    "playbook.ask": ("{actor} asks for a review of the playbook {object}, version {playbook_version}", "{actor} がプレイブック {object} 第 {playbook_version} 版のレビューを依頼"),
    "playbook.draft": ("{actor} began a draft of the playbook {object}", "{actor} がプレイブック {object} の下書きを開始"),
    "playbook.publish": ("{actor} published the playbook {object}, version {version}", "{actor} がプレイブック {object} 第 {version} 版を公開"),
    "playbook.retire": ("{actor} retired the playbook {object}, version {version}: {reason}", "{actor} がプレイブック {object} 第 {version} 版を廃止: {reason}"),
    "playbook.review": ("{actor} stands behind the draft of the playbook {object}. {reason}", "{actor} がプレイブック {object} の下書きを承認。{reason}"),
    "playbook.send_back": ("{actor} sent the draft of the playbook {object} back: {reason}", "{actor} がプレイブック {object} の下書きを差し戻し: {reason}"),
    "playbook.withdraw": ("{actor} gave the draft of the playbook {object} up: {reason}", "{actor} がプレイブック {object} の下書きを取り下げ: {reason}"),
    "readiness.ask": ("{object} was asked whether everything would work: {yes} yes, {no} no, {unknown} unknown. No longer: {turned}", "{object} の事前確認: 可 {yes}、不可 {no}、不明 {unknown}。新たに不可: {turned}"),
    "order.approve": ("{actor} stands behind the standing order {object}, version {version}", "{actor} が常時承認 {object} の第 {version} 版を承認"),
    "order.disable": ("{actor} put the standing order {object} out of force: {reason}", "{actor} が常時承認 {object} を無効化: {reason}"),
    "order.edit": ("{actor} changed the standing order {object}: version {version}", "{actor} が常時承認 {object} を変更: 第 {version} 版"),
    "order.enable": ("{actor} put the standing order {object} in force: {reason}", "{actor} が常時承認 {object} を有効化: {reason}"),
    "order.trip": ("The standing order {object} has stopped itself: {en}", "常時承認 {object} が自動停止: {ja}"),
    "report.freeze": ("Report frozen: {object}", "報告書を確定: {object}"),
    "review.start": ("Post-mortem draft started", "ふりかえり報告書の草案を作成"),
    "role.accept": ("{to} took over {object} from {from}: {say_back}", "{to} が {from} から {object} を引き継ぎ: {say_back}"),
    "role.assign": ("{to} is now {object} {en}", "{to} を {object} に任命 {ja}"),
    "role.call_in": ("{to} is called in as {object} {en}", "{to} を {object} として招集 {ja}"),
    "role.decline": ("{to} declined {object}: {reason}", "{to} が {object} の引き継ぎを辞退: {reason}"),
    "role.propose": ("{actor} proposes to hand {object} over from {from} to {to}: {words}", "{actor} が {object} を {from} から {to} へ引き継ぐことを提案: {words}"),
    "role.withdraw": ("{actor} withdrew the hand-over of {object} to {to}: {reason}", "{actor} が {to} への {object} の引き継ぎを取り下げ: {reason}"),
    "rotation.change": ("{actor} changed the rotation {object}", "{actor} が当番表 {object} を変更"),
    "rotation.cover": ("{to} is on call in {object} from {from} to {until}: {reason}", "{to} が当番表 {object} を {from} から {until} まで担当: {reason}"),
    "rotation.import": ("{actor} took {shifts} shifts of {object} in from {source}, in place of {replaced}", "{actor} が {source} から当番表 {object} のシフト {shifts} 件を取り込み({replaced} 件を置き換え)"),
    "rotation.make": ("{actor} made the rotation {object}", "{actor} が当番表 {object} を作成"),
    "rotation.retire": ("{actor} ended the rotation {object}: {reason}", "{actor} が当番表 {object} を終了: {reason}"),
    "rotation.uncover": ("{actor} took back that {to} is on call in {object} from {from} to {until}", "{actor} が当番表 {object} の {to} による交代({from} から {until})を取り消し"),
    "rule.sign_off": ("{counsel} stands by the rule {object}", "{counsel} が規則 {object} を確認"),
    "rule.unsign": ("The sign-off of {object} was taken back: {reason}", "規則 {object} の確認を取り消し: {reason}"),
    "run.end": ("Playbook finished: {object} v{version}", "プレイブック終了: {object} v{version}"),
    "rehearsal.ask": ("{actor} asked for a simulation of the playbook {object}, version {version}", "{actor} がプレイブック {object} 第 {version} 版のシミュレーションを依頼"),
    "rehearsal.end": ("The simulation of the playbook {object}, version {version}, ended: {state}", "プレイブック {object} 第 {version} 版のシミュレーションが終了: {state}"),
    "run.pause": ("{actor} paused the playbook {object}: {reason}", "{actor} がプレイブック {object} を一時停止: {reason}"),
    "run.resume": ("{actor} let the playbook {object} go on {reason}", "{actor} がプレイブック {object} を再開 {reason}"),
    "run.start": ("Playbook started: {object} v{version}", "プレイブック開始: {object} v{version}"),
    "section.write": ("{actor} rewrote {object}", "{actor} が{object}を更新"),
    "source.add": ("{actor} let {object} hand alerts in ({kind}, {proof})", "{actor} がアラートの送信元 {object} を追加({kind}、{proof})"),
    "source.disable": ("{actor} takes nothing more from {object}: {reason}", "{actor} が {object} からの受け取りを停止: {reason}"),
    "source.enable": ("{actor} takes alerts from {object} again", "{actor} が {object} からの受け取りを再開"),
    "source.rotate": ("{actor} gave {object} a new secret", "{actor} が {object} のシークレットを更新"),
    "stamp.again": ("{actor} has time stamps by {object} tried again", "{actor} が {object} のタイムスタンプを再試行"),
    "stamp.refused": ("A time stamp by {authority} was refused: {problem}", "{authority} のタイムスタンプを拒否: {problem}"),
    "statement.write": ("{actor} wrote item {object} of the reports", "{actor} が報告事項 {object} を記入"),
    "step.add": ("{actor} added {object}, {action}: {reason}", "{actor} が {object} を追加、{action}: {reason}"),
    "step.add_manual": ("{actor} added {object}: {title}", "{actor} が {object} を追加: {title}"),
    "step.again": ("{actor} runs {object} again: {reason}", "{actor} が {object} を再実行: {reason}"),
    "step.allow": ("{actor} says that all {targets} targets of {object} are meant: {reason}", "{actor} が {object} の対象 {targets} 件すべてを確認: {reason}"),
    "step.approve": ("{object} approved, plan {plan_digest}", "{object} を承認、計画 {plan_digest}"),
    "step.begin": ("{object} begun", "{object} を実行開始"),
    "step.break_glass": ("{actor} broke the glass for {object}, plan {plan_digest}: {reason}", "{actor} が {object} を承認なしで緊急実行、計画 {plan_digest}: {reason}"),
    "step.check": ("{object} checked again, {outcome}: {en}", "{object} を再確認、{outcome}: {ja}"),
    "step.decide": ("{actor} decided {object}: {en} {note}", "{actor} が {object} を決定: {ja} {note}"),
    "step.done": ("{object} done by {actor} {note}", "{object} を {actor} が完了 {note}"),
    "step.drift": ("{object} has been set back by somebody else: {en}", "{object} が第三者により元に戻された: {ja}"),
    "step.end": ("{object} {outcome}: {en}", "{object} {outcome}: {ja}"),
    "step.fail": ("{object} did not work: {reason}", "{object} は失敗: {reason}"),
    "step.glass_review": ("After-review of {object} by {actor}: {note}", "{object} の緊急実行を {actor} が事後審査: {note}"),
    "step.hand_over": ("{actor} gave {object} to {to} {reason}", "{actor} が {object} を {to} に割り当て {reason}"),
    "step.holds": ("{object} holds again: {en}", "{object} の封じ込めを再確認: {ja}"),
    "step.keep": ("{actor} keeps {object} contained until the next review, {deadline}: {reason}", "{actor} が {object} の封じ込め継続を確認、次回見直し {deadline}: {reason}"),
    "step.lacking": ("{object} lacks something: {en}", "{object} は入力待ち: {ja}"),
    "step.narrow": ("{actor} took parts out of the plan of {object}: {without}", "{actor} が {object} の計画から一部を除外: {without}"),
    "step.not_needed": ("{object} is not needed: {en}", "{object} は不要: {ja}"),
    "step.notify": ("{object} sends a message: {en}", "{object} がメッセージを送信: {ja}"),
    "step.override": ("{actor} overrode the evidence gate of {object}: {reason}", "{actor} が {object} の証拠確認を省いて続行: {reason}"),
    "step.plan": ("{object} planned: {action}", "{object} の計画を作成: {action}"),
    "step.reapply": ("{object} is set again under the same plan", "{object} を同じ計画で再適用"),
    "step.reject": ("{object} turned down, plan {plan_digest}: {reason}", "{object} を却下、計画 {plan_digest}: {reason}"),
    "step.revoke": ("{actor} took the yes to {object} back: {reason}", "{actor} が {object} の承認を撤回: {reason}"),
    "step.skip": ("{object} skipped: {reason}", "{object} を省略: {reason}"),
    "step.take": ("{actor} took {object} {reason}", "{actor} が {object} を担当 {reason}"),
    "step.take_over": ("{actor} took {object} from the workers: {reason}", "{actor} が {object} をワーカーから引き取り、手動に切り替え: {reason}"),
    "step.taken_back": ("{actor} says that {object} is taken back: {reason}", "{actor} が {object} の解除を記録: {reason}"),
    "step.undo": ("Undo of {object} asked: {reason}", "{object} の切り戻しを依頼: {reason}"),
    "step.undo_end": ("Undo of {object} {outcome}: {en}", "{object} の切り戻し {outcome}: {ja}"),
    "step.wait": ("{object} waits: {en}", "{object} は待機中: {ja}"),
    "suppression.end": ("{actor} ended {object}: {reason}", "{actor} が抑止 {object} を終了: {reason}"),
    "suppression.make": ("{actor} suppresses alerts ({object}) until {until}, for {owner}: {reason}", "{actor} が {until} までアラートを抑止 ({object}、責任者 {owner}): {reason}"),
    "task.done": ("Task done: {title} {outcome}", "タスク完了: {title} {outcome}"),
    "task.drop": ("Task dropped: {title} {outcome}", "タスク取り下げ: {title} {outcome}"),
    "task.give": ("Task for {owner}: {title}", "タスク({owner}): {title}"),
    "task.reassign": ("Task goes to {owner}: {title}", "タスクを {owner} に割り当て: {title}"),
    "task.take": ("{actor} took the task: {title}", "{actor} がタスクを引き受け: {title}"),
    "timeline.comment": ("{actor} on an event of {object}: {text} [{at} {event}]", "{actor} が時系列 {object} のイベントにコメント: {text} [{at} {event}]"),
    "timeline.delete": ("{actor} deleted timeline {object} ({events} events, {frees} bytes freed): {reason}", "{actor} が時系列 {object} を削除 (イベント {events} 件、{frees} バイトを解放): {reason}"),
    "timeline.detect": ("{rules_hit} of {rules} rules hit events of timeline {object}", "時系列 {object} に対し {rules} 件のルールのうち {rules_hit} 件が一致"),
    "timeline.export": ("{actor} exported {events} events of {object} ({form})", "{actor} が時系列 {object} のイベント {events} 件を書き出し ({form})"),
    "timeline.failed": ("Timeline {object} failed: {problem}", "時系列 {object} の作成に失敗: {problem}"),
    "timeline.mark": ("{events} events marked {kind}: {field} {value}", "{events} 件のイベントを {kind} として印付け: {field} {value}"),
    "timeline.ready": ("Timeline {object} ready: {events} events", "時系列 {object} 完成: イベント {events} 件"),
    "timeline.star": ("{actor} starred an event of {object}: {at} {event}", "{actor} が時系列 {object} のイベントに注目の印: {at} {event}"),
    "timeline.tag": ("{actor} tagged an event of {object} {text}: {at} {event}", "{actor} が時系列 {object} のイベントにタグ {text}: {at} {event}"),
    "update.rhythm": ("{actor} changed the rhythm of updates: {minutes} {reason}", "{actor} が状況報告の間隔を変更: {minutes} {reason}"),
    "update.send": ("{actor} sent update {number} to {audience}: {text}", "{actor} が {audience} に状況報告 {number} を送付: {text}"),
}  # fmt: skip

STEP_CLOCK: Final = "step.due."
OF_A_STEP: Final = re.compile(r"(?:step\.due|(glass\.review|hold\.sev\d))\.(\d+:.+)")
"""Clocks that are there once for each step: their rule, where its title is to be said, and which step."""
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
"""A moment as the ledger keeps it."""
UNTOLD_OF_STEPS: Final = ("clock.start", "clock.stop")
"""The clock of a step starts and stops with it, and the step itself is told: only that its time runs out is news."""

WORDS_JA: Final[dict[str, str]] = {
    "The hash is not the one that was sealed.": "封印時のハッシュ値と一致しない",
    "a worse alert joined": "より重大なアラートが加わった",
    "active": "対応中",
    "already-done": "実施済み",
    "applies": "該当",
    "as_a_zip_with_a_password": "(パスワード付き ZIP)",
    "attacker": "攻撃者",
    "benign": "無害",
    "caused_by": "原因",
    "cleaned": "清掃済み",
    "cleared": "使用再開可",
    "code_name": "コード名",
    "communications_lead": "広報・連絡責任者",
    "confirmed": "確認済み",
    "contained": "封じ込め済み",
    "containment": "封じ込め",
    "could-not-check": "確認できず",
    "declared": "宣言済み",
    "deputy_commander": "副コマンダー",
    "detected_at": "検知日時",
    "detection_analysis": "検知と分析",
    "does_not_apply": "非該当",
    "done": "完了",
    "duplicate": "重複",
    "eradication": "根絶",
    "exercise": "訓練",
    "expired": "期限切れ",
    "extended": "長期化",
    "failed": "失敗",
    "false": "誤検知",
    "held": "保全済み",
    "high": "高",
    "hr_support": "人事",
    "impact": "影響",
    "incident_commander": "インシデントコマンダー",
    "integrity": "完全性の喪失",
    "its time is over": "期限が来た",
    "legal_support": "法務",
    "lessons_learned": "教訓・改善",
    "low": "低",
    "match": "一致",
    "medium": "中",
    "met": "期限内",
    "met-late": "期限後に対応",
    "mismatch": "不一致",
    "monitoring": "監視中",
    "next": "次の対応",
    "no way to reach them is known": "連絡手段の登録なし",
    "none": "なし",
    "not_compromised": "侵害なし",
    "not_recoverable": "復旧不能",
    "objective": "現在の目標",
    "observer": "観察者",
    "occurred_at": "発生日時",
    "open": "未対応",
    "partial": "一部完了",
    "pr_support": "広報",
    "privacy": "個人データの侵害",
    "proprietary": "機密情報の侵害",
    "recovery": "復旧",
    "refused": "拒否",
    "regular": "通常",
    "related": "関連",
    "replaced": "別の期限に置換",
    "resolved": "解決済み",
    "responder": "対応担当者",
    "same_actor": "同一の攻撃者",
    "scribe": "記録係",
    "supplemented": "追加資源で可",
    "support": "支援",
    "suspected": "疑い",
    "technical_lead": "技術責任者",
    "test": "テスト",
    "true": "真の検知",
    "undecided": "未判断",
    "unknown": "不明",
    "waived_by_authority": "当局が免除",
}

FIELDS_JA: Final[dict[str, str]] = {
    "account": "アカウント",
    "authority": "権限・根拠",
    "began_at": "収集開始",
    "clock_offset_us": "時計のずれ (µs)",
    "clock_source": "基準の時計",
    "collector": "収集者",
    "command": "コマンド",
    "description": "説明",
    "ended_at": "収集終了",
    "kind": "種類",
    "location": "所在",
    "method": "方法",
    "owner": "所有者",
    "region": "リージョン",
    "sensitivity": "機微度",
    "source": "ソース",
    "system": "システム",
    "title": "件名",
    "tlp": "TLP",
    "tool": "ツール",
    "tool_version": "ツールの版",
    "witness": "立会人",
}
"""Fields of an item's record, where an entry names one."""


def sentence(entry: Entry, language: str) -> str:
    """The entry in `language`, or nothing for an entry that readers of the stream do not need."""
    phrase = PHRASES.get(entry.verb)
    if phrase is None or (entry.verb in UNTOLD_OF_STEPS and entry.object.startswith(STEP_CLOCK)):
        return ""
    words = {key: _words(key, value, language) for key, value in told(entry).items()}
    words |= {"actor": entry.actor, "object": _word("object", entry.object, language)}
    return phrase[language == "ja"].format_map(defaultdict(str, words)).strip()


def told(entry: Entry) -> dict[str, Any]:
    """The entry's data; nothing where it is damaged: the ledger's own check points at such a line, and the others must still be read."""
    try:
        data = json.loads(entry.data)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _words(key: str, value: Any, language: str) -> str:
    """A value, or each of several; what is neither is not for people."""
    if (key, value) == ("to", NOBODY):
        return "連絡できる相手なし" if language == "ja" else "nobody who can be reached"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(_word(key, one, language) for one in value)
    return _word(key, str(value), language) if isinstance(value, str | int) else ""


def _word(key: str, value: str, language: str) -> str:
    """A value as people say it: names of phases, roles, rules and outcomes in their language, moments in their zone."""
    if key == "plan_digest":
        return value[:12]
    if MOMENT.fullmatch(value):
        at = datetime.fromisoformat(value).astimezone(ZoneInfo(settings.TIME_ZONE))
        return f"{at:%Y-%m-%d %H:%M:%S %Z}" if at.second else f"{at:%Y-%m-%d %H:%M %Z}"
    if one := OF_A_STEP.fullmatch(value):
        step = f"{'ステップ' if language == 'ja' else 'step'} {one[2]}"
        return f"{_word(key, one[1], language)}, {step}" if one[1] else step
    if value in MOMENTS or value in rules():
        said = MOMENTS[value] if value in MOMENTS else rules()[value].title
        return said.ja if language == "ja" else said.en
    words = FIELDS_JA if key == "field" else WORDS_JA
    if value in words:
        return words[value] if language == "ja" else value.replace("_", " ")
    return value
