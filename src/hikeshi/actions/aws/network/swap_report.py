"""Say what became of an isolation or of its undo, from the state read afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hikeshi.actions.action import Action, Grade, Outcome, Receipt
from hikeshi.actions.aws.machines import Interface
from hikeshi.actions.aws.network.interface_groups import Ours
from hikeshi.actions.aws.network.isolation_group import Rule, Rules
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import receipt
from hikeshi.aws.failures import CallFailed, NoAnswer
from hikeshi.text import Text

Groups = Mapping[str, tuple[str, ...]]


class Report:
    """`interfaces` is the state read after the calls, `failures` what went wrong by interface, `changed` whether calls were sent."""

    def __init__(
        self,
        action: Action[AwsWorld],
        interfaces: Mapping[str, Interface],
        failures: Mapping[str, CallFailed],
        *,
        changed: bool,
        checking: bool = False,
    ) -> None:
        self.action = action
        self.interfaces = interfaces
        self.failures = failures
        self.changed = changed
        self.checking = checking

    def isolated(self, saved: Groups, ours: Ours, rules: Mapping[str, int], odd: Sequence[Text]) -> Receipt:
        """After `do` and for `check`: which interfaces have an isolation group and nothing else. `odd` is wrong with the groups."""
        free = [eni for eni, interface in self.interfaces.items() if not interface.managed]
        closed = [eni for eni in free if self._groups(eni) and self._groups(eni) <= ours.closed]
        problems = [self._not_closed(eni, saved, ours) for eni in free if eni not in closed]
        problems += odd
        summary = Text(
            en=f"{len(closed)} of {len(free)} interfaces are isolated.",
            ja=f"{len(free)} 個のインターフェースのうち {len(closed)} 個を隔離しました。",
        )
        gone = [_gone(eni) for eni in saved if eni not in self.interfaces]
        observed = {**self._observed(), "rules": dict(rules)}
        grade: Grade = "none" if problems else "configured"
        outcome = self._outcome(bool(closed), problems)
        return receipt(self.action, outcome, summary, observed, grade=grade, still_open=[*problems, *gone])

    def restored(self, saved: Groups, kept: Groups) -> Receipt:
        """After `undo`: which interfaces have exactly the groups that were saved and still exist."""
        back = [eni for eni, groups in kept.items() if groups and self._groups(eni) == set(groups)]
        exact = [eni for eni in back if kept[eni] == saved[eni]]
        problems = [self._not_restored(eni, saved, kept) for eni in saved if eni not in exact]
        summary = Text(
            en=f"{len(back)} of {len(saved)} interfaces have their saved groups again.",
            ja=f"{len(saved)} 個のインターフェースのうち {len(back)} 個を保存済みのグループに戻しました。",
        )
        grade: Grade = "none" if problems else "configured"
        outcome = self._outcome(bool(back), problems)
        return receipt(self.action, outcome, summary, self._observed(), grade=grade, still_open=problems)

    def _outcome(self, some: bool, problems: Sequence[Text]) -> Outcome:
        if not problems:
            return "done" if self.changed else "already-done"
        if any(isinstance(failure, NoAnswer) for failure in self.failures.values()):
            return "unknown"
        if some:
            return "partial"
        return "failed" if self.failures or self.checking else "refused"

    def _groups(self, eni: str) -> set[str]:
        return set(self.interfaces[eni].groups) if eni in self.interfaces else set()

    def _observed(self) -> dict[str, Any]:
        return {
            "interfaces": {eni: list(interface.groups) for eni, interface in self.interfaces.items()},
            "failures": {eni: failure.message for eni, failure in self.failures.items()},
        }

    def _not_closed(self, eni: str, saved: Groups, ours: Ours) -> Text:
        if self._groups(eni) & ours.open:
            return _wide_open(eni)
        if eni in self.failures:
            return _failed(eni, self.failures[eni])
        now = ", ".join(self.interfaces[eni].groups)
        if eni not in saved:
            return Text(
                en=f"{eni} was attached after the plan was made ({now}): make a new plan for it.",
                ja=f"{eni} は計画の作成後に接続されました（{now}）。新しい計画を作成してください。",
            )
        if self._groups(eni) == set(saved[eni]):
            return Text(en=f"{eni} still has its groups {now}.", ja=f"{eni} は元のグループ {now} のままです。")
        return _changed_by_another(eni, now)

    def _not_restored(self, eni: str, saved: Groups, kept: Groups) -> Text:
        if eni in self.failures:
            return _failed(eni, self.failures[eni])
        if eni not in self.interfaces:
            return _gone(eni)
        lost = ", ".join(group for group in saved[eni] if group not in kept[eni])
        if not kept[eni]:
            return Text(
                en=f"{eni} stays isolated: none of its saved groups exists any more ({lost}).",
                ja=f"{eni} は隔離したままです。保存済みのグループがもう 1 つも存在しません（{lost}）。",
            )
        if self._groups(eni) == set(kept[eni]):
            return Text(
                en=f"{eni} is restored without {lost}, which no longer exists.",
                ja=f"{eni} を戻しましたが、{lost} はもう存在しないため含まれていません。",
            )
        return _changed_by_another(eni, ", ".join(self.interfaces[eni].groups))


def _failed(eni: str, failure: CallFailed) -> Text:
    return Text(en=f"{eni}: {failure}", ja=f"{eni}: 呼び出しに失敗しました（{failure.permission}, {failure.code}）。")


def _gone(eni: str) -> Text:
    return Text(
        en=f"{eni} is no longer attached to the instance.", ja=f"{eni} はもうインスタンスに接続されていません。"
    )


def _wide_open(eni: str) -> Text:
    return Text(
        en=f"{eni} is WIDE OPEN: its pass through the open group did not end. Repeat this step, or isolate it, at once.",
        ja=f"{eni} は全開放の状態です。開放用グループからの切り替えが完了していません。直ちにこのステップを再実行するか、隔離してください。",
    )


def odd_rules(group: str, rules: Mapping[str, Rule], wanted: Rules) -> Iterable[Text]:
    """What is wrong with the rules of one of our groups."""
    if added := sum(rule not in wanted for rule in rules.values()):
        yield Text(
            en=f"The isolation group {group} has {added} rules that somebody has added.",
            ja=f"隔離用グループ {group} に、誰かが追加したルールが {added} 個あります。",
        )
    if missing := len(set(wanted) - set(rules.values())):
        yield Text(
            en=f"The isolation group {group} lacks {missing} of its rules: Systems Manager may not reach the instance.",
            ja=f"隔離用グループ {group} に必要なルールが {missing} 個ありません。Systems Manager がインスタンスに接続できない可能性があります。",
        )


def _changed_by_another(eni: str, now: str) -> Text:
    return Text(
        en=f"{eni} was changed by somebody else since the plan and is left as it is ({now}): make a new plan.",
        ja=f"{eni} は計画の後でほかの誰かが変更したため、そのままにしました（{now}）。新しい計画を作成してください。",
    )
