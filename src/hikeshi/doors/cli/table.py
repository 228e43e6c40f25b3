"""The commands there are: one line each, alphabetical. What each needs decides what is loaded for it, see `dispatch.py`."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Needs = Literal["engine", "desk", "person"]
"""engine: nothing but files, no Django; desk: the database; person: the database and somebody's token."""


class Command(NamedTuple):
    """Where the command is, what it needs, and what it does in a few words."""

    module: str
    function: str
    needs: Needs
    en: str
    ja: str


COMMANDS: Final[dict[str, Command]] = {
    "action list": Command("action", "list_actions", "engine", "What Hikeshi can do to the world", "実行できるアクションの一覧"),
    "action policy": Command("action", "show_policy", "engine", "The least-privilege IAM policy for actions", "アクションに必要な最小権限の IAM ポリシー"),
    "action show": Command("action", "show_action", "engine", "One action: inputs, permissions, undo by hand", "アクションの入力・権限・手動での切り戻し"),
    "alert ingest": Command("alert", "ingest", "person", "Hand in a payload", "アラートを取り込む"),
    "alert list": Command("alert", "list_alerts", "person", "The queue of alerts", "アラートの一覧"),
    "alert show": Command("alert", "show", "person", "One alert", "アラートの詳細"),
    "alert triage": Command("alert", "triage", "person", "Record a verdict with its reason", "判定と理由を記録"),
    "audit log": Command("audit", "log", "person", "The ledger's chains, or the entries of one", "台帳のチェーンまたはエントリーの一覧"),
    "audit verify": Command("audit", "verify", "person", "Recompute every hash of a chain", "チェーンの全ハッシュ値を再計算して検証"),
    "board": Command("board", "board", "person", "Open incidents, next deadlines, waiting approvals", "対応中のインシデント・期限・承認待ち"),
    "clocks compute": Command("clocks", "compute_due", "engine", "When a rule's deadline falls", "規則の期限を計算"),
    "clocks list": Command("deadlines", "list_clocks", "person", "The clocks of an incident", "インシデントの期限一覧"),
    "clocks rules": Command("clocks", "list_rules", "engine", "The deadlines Hikeshi knows", "期限の規則一覧"),
    "config": Command("config", "config", "engine", "Every environment variable and its meaning", "環境変数とその意味"),
    "contact add": Command("contact", "add", "person", "Put a line on the contact list", "連絡網に追加"),
    "contact list": Command("contact", "list_contacts", "person", "The contact list", "連絡網の一覧"),
    "contain approve": Command("contain", "approve", "person", "Say yes to exactly one plan", "計画を承認"),
    "contain plan": Command("contain", "plan", "person", "Show the plan of a step, or make it", "ステップの計画を表示または作成"),
    "contain run": Command("contain", "run", "person", "Do the incident's due steps now, here", "実行待ちのステップを今ここで実行"),
    "contain undo": Command("contain", "undo", "person", "Ask for the exact way back", "切り戻しを依頼"),
    "contain verify": Command("contain", "verify", "person", "Ask the cloud whether it is still as planned", "計画どおりかをクラウドに確認"),
    "demo": Command("demo", "demo", "engine", "The whole story against a simulated AWS account", "模擬 AWS アカウントで全体の流れを実演"),
    "doctor": Command("doctor", "doctor", "engine", "What would fail in an incident, before it burns", "有事に動かないものを平時に確認"),
    "events activity": Command("lookups", "activity_in", "engine", "All from one address, principal or key", "アドレス・主体・キーごとの全操作"),
    "events detect": Command("detect_files", "detect_events", "engine", "Which Sigma rules hit these logs", "ログに一致する Sigma ルール"),
    "events digests": Command("digests", "check_digests", "engine", "Whether CloudTrail logs are as delivered, offline", "CloudTrail ログの完全性をオフラインで検証"),
    "events escalation": Command("lookups", "escalation_in", "engine", "Who tried to gain rights, in logs or live", "権限昇格を試みた主体(ログまたは API)"),
    "events parse": Command("events", "parse_events", "engine", "Logs as events: JSON lines, CSV or Parquet", "ログをイベントに変換"),
    "events parsers": Command("events", "list_parsers", "engine", "What can be read", "読み取れるログの種類"),
    "evidence add": Command("evidence", "add", "person", "Seal files and folders", "ファイルやフォルダーを封印"),
    "evidence hash": Command("hashing", "hash_paths", "engine", "SHA-256 of files, as sha256sum prints it", "ファイルの SHA-256"),
    "evidence list": Command("evidence", "list_evidence", "person", "What is held for an incident", "証拠の一覧"),
    "evidence make-key": Command("locker_key", "make", "engine", "A key that evidence is encrypted with", "証拠を暗号化する鍵を作成"),
    "evidence show": Command("evidence", "show", "person", "One item with its custody record", "証拠と保管記録"),
    "evidence verify": Command("evidence", "verify", "person", "Read the bytes again and compare", "証拠を再検証"),
    "incident acknowledge": Command("incident", "acknowledge", "person", "Take it: the response clock stops", "対応を開始"),
    "incident close": Command("incident", "close", "person", "End it, with a reason", "インシデントを終結"),
    "incident declare": Command("incident", "declare", "person", "Declare an incident", "インシデントを宣言"),
    "incident list": Command("incident", "list_incidents", "person", "The incidents you may read", "インシデントの一覧"),
    "incident note": Command("incident", "note", "person", "Write into its stream", "記録に書き込む"),
    "incident phase": Command("incident", "phase", "person", "Enter or leave a phase", "フェーズの開始・終了"),
    "incident reopen": Command("incident", "reopen", "person", "It was not over after all", "インシデントを再開"),
    "incident severity": Command("incident", "severity", "person", "Raise or lower the severity", "重大度を変更"),
    "incident show": Command("incident", "show", "person", "One incident", "インシデントの詳細"),
    "incident summary": Command("incident", "summary", "person", "Replace the summary", "概要を更新"),
    "init": Command("serve", "init", "desk", "Set up a new home", "新しいホームを用意"),
    "intake": Command("serve", "intake", "desk", "Read the SQS queue", "SQS キューを読み取る"),
    "order add": Command("order", "add", "person", "Approve a response in advance", "常時承認を追加"),
    "order list": Command("order", "list_orders", "person", "The standing orders", "常時承認の一覧"),
    "playbook done": Command("steps", "done", "person", "A manual step is done", "手動ステップの完了を記録"),
    "playbook lint": Command("playbook", "lint_playbooks", "engine", "What is wrong with a playbook", "プレイブックを検査"),
    "playbook list": Command("playbook", "list_playbooks", "engine", "The playbooks there are", "プレイブックの一覧"),
    "playbook run": Command("steps", "run", "person", "Start a playbook for an incident", "プレイブックを開始"),
    "playbook show": Command("playbook", "show", "engine", "One playbook with its steps", "プレイブックとステップ"),
    "playbook skip": Command("steps", "skip", "person", "Leave a step out, with a reason", "ステップを省略"),
    "playbook steps": Command("steps", "list_steps", "person", "The steps of an incident", "インシデントのステップ一覧"),
    "postmortem show": Command("postmortem", "show", "person", "The post-mortem begun for an incident", "ふりかえり報告書を表示"),
    "postmortem start": Command("postmortem", "start", "person", "Begin it from the record and freeze a draft", "ふりかえり報告書の草案を作成"),
    "report build": Command("report", "build", "person", "Freeze a report from the record (--lang en|ja)", "報告書を作成して確定 (--lang en|ja)"),
    "report list": Command("report", "list_reports", "person", "The frozen reports", "報告書の一覧"),
    "role assign": Command("role", "assign", "person", "Give a role", "役割を任命"),
    "role who": Command("role", "who", "person", "Who answers for what", "役割の担当者"),
    "serve": Command("serve", "serve", "desk", "Console, API, worker and intake in one process", "コンソール・API・ワーカーを 1 プロセスで起動"),
    "timeline about": Command("timeline", "about", "person", "Everything about one name", "1 つの名前に関するすべて"),
    "timeline accuse": Command("timeline", "accuse", "person", "Mark what the likeliest attacker did", "最も疑わしい主体のイベントに印付け"),
    "timeline activity": Command("lookups_desk", "activity_of", "person", "All from one address, principal or key", "アドレス・主体・キーごとの全操作"),
    "timeline build": Command("timeline", "build", "person", "Sealed logs into one ordered timeline", "ログから時系列を作成"),
    "timeline comment": Command("event_notes", "comment", "person", "Write a comment on one event", "1 件のイベントにコメント"),
    "timeline detect": Command("detect", "detect", "person", "Ask Sigma rules of a timeline", "時系列に Sigma ルールを適用"),
    "timeline diff": Command("timeline", "diff", "person", "What differs between two windows", "2 つの期間の違い"),
    "timeline escalation": Command("lookups_desk", "escalation_of", "person", "Who tried to gain rights", "権限昇格を試みた主体"),
    "timeline export": Command("timeline", "export", "person", "Events for Timesketch: CSV or JSON lines", "Timesketch 形式で書き出す"),
    "timeline facet": Command("timeline", "facet", "person", "The most frequent values of a field", "項目の値を件数順に表示"),
    "timeline forget": Command("searches", "forget", "person", "Delete a saved search", "保存した検索を削除"),
    "timeline gaps": Command("completeness", "list_gaps", "person", "Where something is missing", "記録が欠けている時間帯"),
    "timeline histogram": Command("timeline", "histogram", "person", "How events spread over time", "イベントの時間分布"),
    "timeline integrity": Command("completeness", "show_integrity", "person", "What digests prove of the logs", "ダイジェストによるログの完全性"),
    "timeline list": Command("timeline", "list_timelines", "person", "The timelines of an incident", "時系列の一覧"),
    "timeline mark": Command("timeline", "mark", "person", "Say whose events are whose", "イベントに印付け"),
    "timeline marks": Command("timeline", "list_marks", "person", "The marks on a timeline", "印の一覧"),
    "timeline notes": Command("event_notes", "list_notes", "person", "Stars, tags and comments on events", "イベントへの注目・タグ・コメントの一覧"),
    "timeline save": Command("searches", "save", "person", "Keep a search under a name", "検索に名前を付けて保存"),
    "timeline searches": Command("searches", "list_searches", "person", "The saved searches", "保存した検索の一覧"),
    "timeline show": Command("timeline", "show", "person", "Events in time order", "イベントを時刻順に表示"),
    "timeline sources": Command("timeline", "list_sources", "person", "Every source and how its count adds up", "取込元と件数の内訳"),
    "timeline star": Command("event_notes", "star", "person", "Star one event", "1 件のイベントに注目の印"),
    "timeline suspects": Command("timeline", "suspects", "person", "Who did what attackers do", "攻撃者らしい主体の順位"),
    "timeline tag": Command("event_notes", "tag", "person", "Put a short word on one event", "1 件のイベントにタグ付け"),
    "timeline uncomment": Command("event_notes", "uncomment", "person", "Remove a comment", "コメントを削除"),
    "timeline unmark": Command("timeline", "unmark", "person", "Take a mark back", "印を取り消す"),
    "timeline unstar": Command("event_notes", "unstar", "person", "Take the star off one event", "1 件のイベントの注目の印を外す"),
    "timeline untag": Command("event_notes", "untag", "person", "Take a tag off one event", "1 件のイベントのタグを外す"),
    "timeline witnesses": Command("completeness", "list_witnesses", "person", "Who delivered an event, and how copies differ", "イベントを記録した全ファイルと差異"),
    "token issue": Command("token", "issue", "person", "Make an API token, shown once", "API トークンを発行(一度だけ表示)"),
    "token list": Command("token", "list_tokens", "person", "Your API tokens", "API トークンの一覧"),
    "token revoke": Command("token", "revoke", "person", "Make a token useless", "API トークンを失効"),
    "user invite": Command("user", "invite", "person", "A sign-in link that works once", "一度だけ使える招待リンクを作成"),
    "user list": Command("user", "list_users", "person", "Who can sign in", "ユーザーの一覧"),
    "user role": Command("user", "role", "person", "Change what somebody may do", "ユーザーの権限を変更"),
    "worker": Command("serve", "worker", "desk", "One more worker", "ワーカーを追加"),
}  # fmt: skip

GROUPS: Final = tuple(dict.fromkeys(name.split()[0] for name in COMMANDS))
