"""The kind of action most are: set something, remember what was there, set it back.

A subclass reads the parts it is about, says what each should be, and which calls take one part from one value to another. The rest is
here, once, for all of them: the plan, the compare-and-swap, the proof, the way back.

    parts       {name: value}, plain JSON; None where there is nothing. A name is what people call the part ("eni-0a1", "TerminationProtection").
    plan.before {"parts": every part as read, "saved": what else is worth keeping}       plan.after {"parts": the parts that are to change, as wanted}
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Call, Grade, Outcome, Plan, Receipt, W
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

Parts = Mapping[str, Any]

PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each further look at a change that was accepted and does not show yet."""


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What people should know before they say yes (see `Plan`)."""

    dependants: tuple[Text, ...] = ()
    will_not_stop: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()


class Standing(Enum):
    """How a part stands towards what it was and what it should be."""

    THERE = "there"
    NEEDED = "needed"
    CHANGED = "changed by somebody else"


class Setting(Action[W], frozen=True, kw_only=True):
    """An action that sets parts of something that exists. Implement `read`, `wanted` and `calls`; the others have answers."""

    eventually: ClassVar[tuple[str, ...]] = ()
    """Error codes that mean "not seen yet" right after a creation, and are waited out."""

    stale: ClassVar[tuple[str, ...]] = ()
    """Error codes that mean somebody else was quicker: the calls are made anew, from what is read then."""

    def read(self, world: W) -> dict[str, Any]:
        """The parts as they are now, without changing anything. Raises `Refused` where the thing does not exist or is not ours to touch."""
        raise NotImplementedError

    def saved(self, world: W) -> dict[str, Any]:  # noqa: ARG002  the names are the interface
        """What else of the state before belongs into the plan: read for it alone, given to `around` beside the parts, never restored."""
        return {}

    def wanted(self, world: W, before: Parts) -> dict[str, Any]:
        """What the parts that are to change should be; the others are left out. Reads at most. Raises `Refused` where it must not be."""
        raise NotImplementedError

    def calls(self, world: W, part: str, now: Any, new: Any) -> Iterable[Call]:
        """The calls that take this part from `now` to `new`, in order: for the way there and for the way back. Reads at most.

        A generator gets the answer of each call back from its `yield`, to use what was made in the next one; None while planning.
        """
        raise NotImplementedError

    def filled(self, world: W, call: Call) -> Call:  # noqa: ARG002  the names are the interface
        """A call as it is sent: override where something is too long for a plan. Reads at most."""
        return call

    def resources(self, before: Parts) -> tuple[str, ...]:  # noqa: ARG002  subclasses may look at the parts
        """What is touched, as the provider names it: by default every input that is a name."""
        return tuple(value for value in msgspec.to_builtins(self).values() if isinstance(value, str))

    def around(self, world: W, before: Parts) -> Around:  # noqa: ARG002  the names are the interface
        """Who depends on it, what it will not stop, what is odd."""
        return Around()

    def same(self, now: Any, planned: Any) -> bool:
        """Whether a part is as planned: override where a part of it is only known when it is sent, such as a moment."""
        return bool(now == planned)

    def effect_seen(self, world: W, plan: Plan) -> Grade:  # noqa: ARG002  the names are the interface
        """How far it is proven once every part is as wanted: override where the effect can be seen from outside."""
        return "configured"

    def plan(self, world: W) -> Plan:
        before = self.read(world)
        resources = self.resources(before)
        world.guard(resources)
        after = self.wanted(world, before)
        changing = {part: new for part, new in after.items() if not self.same(before.get(part), new)}
        calls = [call for part, new in changing.items() for call in self.calls(world, part, before.get(part), new)]
        saved = self.saved(world)
        around = self.around(world, {**saved, **before})
        state = {"parts": before, **({"saved": saved} if saved else {})}
        return make_plan(
            world, self, resources=resources, calls=calls, before=state, after={"parts": after},
            dependants=around.dependants, will_not_stop=around.will_not_stop, warnings=around.warnings,
        )  # fmt: skip

    def parts(self, plan: Plan) -> tuple[str, ...]:
        return tuple(plan.after.get("parts", ()))

    def narrowed(self, world: W, plan: Plan, only: Iterable[str]) -> Plan:
        """The same plan with no other parts than these. Raises `Refused` where none of them is to be changed any more."""
        before, kept = plan.before["parts"], set(only)
        after = {part: new for part, new in plan.after["parts"].items() if part in kept}
        if not after:
            raise Refused(
                "None of the parts that were left in the plan is to be changed any more.", hint="Plan it again."
            )
        out = set(plan.after["parts"]) - kept
        calls = tuple(
            call
            for part, new in after.items()
            if before.get(part) != new
            for call in self.calls(world, part, before.get(part), new)
        )
        return msgspec.structs.replace(
            plan, after={**plan.after, "parts": after}, calls=calls,
            resources=tuple(name for name in plan.resources if name not in out), estimate_seconds=world.estimate(calls),
        )  # fmt: skip

    def do(self, world: W, plan: Plan) -> Receipt:
        """Outcome `refused` or `partial` where parts were changed by somebody else since the plan."""
        world.guard(plan.resources)
        return self._swap(world, plan, was=plan.before["parts"], wanted=plan.after["parts"], back=False)

    def check(self, world: W, plan: Plan) -> Receipt:
        now, wanted = self.read(world), plan.after["parts"]
        off = {part: Standing.CHANGED for part, new in wanted.items() if not self.same(now.get(part), new)}
        told = receipt(self, "failed" if off else "done", _summary(wanted, off, {}, back=False), {"parts": now})
        grade = "none" if off else self.effect_seen(world, plan)
        return msgspec.structs.replace(told, grade=grade, still_open=(*_open(off, {}), *plan.will_not_stop))

    def undo(self, world: W, plan: Plan) -> Receipt:
        was, after = plan.before["parts"], plan.after["parts"]
        back = {part: was.get(part) for part in reversed(after) if not self.same(was.get(part), after[part])}
        return self._swap(world, plan, was=after, wanted=back, back=True)

    def _swap(self, world: W, plan: Plan, *, was: Parts, wanted: Parts, back: bool) -> Receipt:
        now = self.read(world)
        stands = {part: self.standing(now.get(part), was.get(part), new, back=back) for part, new in wanted.items()}
        missing = {part: wanted[part] for part, stand in stands.items() if stand is Standing.NEEDED}
        failures: dict[str, Failed] = {}
        for part, new in missing.items():
            try:
                self._carry(world, part, now.get(part), new)
            except Failed as failure:
                failures[part] = failure
        now = (
            self._seen(world, {part: new for part, new in missing.items() if part not in failures}, back=back)
            if missing
            else now
        )
        off = {part: stands[part] for part, new in wanted.items() if not self._there(now.get(part), new, back=back)}
        for part in off:
            if part in failures and not failures[part].permanent:
                raise failures[part]
        outcome = _outcome(len(wanted), off, failures, sent=bool(missing))
        told = receipt(self, outcome, _summary(wanted, off, failures, back=back), {"parts": now})
        grade: Grade = "none" if back or off else self.effect_seen(world, plan)
        left = () if back else plan.will_not_stop
        return msgspec.structs.replace(told, grade=grade, still_open=(*_open(off, failures), *left))

    def _there(self, now: Any, new: Any, *, back: bool) -> bool:
        # What was planned may be `same`; what was there before has to be there again exactly.
        return bool(now == new) if back else self.same(now, new)

    def standing(self, now: Any, was: Any, new: Any, *, back: bool) -> Standing:
        """Compare for the swap: only a part that is still as it was may be changed. Override where a part takes several calls."""
        if self._there(now, new, back=back):
            return Standing.THERE
        return Standing.NEEDED if self._there(now, was, back=not back) else Standing.CHANGED

    def _carry(self, world: W, part: str, now: Any, new: Any) -> None:
        for pause in PAUSES:
            try:
                return self._send(world, part, now, new)
            except Failed as failure:
                if getattr(failure, "code", "") not in self.stale:
                    raise
            world.pause(pause)
        return self._send(world, part, now, new)

    def _send(self, world: W, part: str, now: Any, new: Any) -> None:
        answer: Mapping[str, Any] | None = None
        calls = self.calls(world, part, now, new)
        told: Generator[Call, Mapping[str, Any] | None, None]
        told = calls if isinstance(calls, Generator) else (call for call in calls)  # type: ignore[assignment]
        with suppress(StopIteration):
            while True:
                answer = world.send(self.filled(world, told.send(answer)), eventually=self.eventually)

    def _seen(self, world: W, made: Parts, *, back: bool) -> dict[str, Any]:
        """The parts, read again until what was accepted shows, within bounds."""
        for pause in PAUSES:
            now = self.read(world)
            if all(self._there(now.get(part), new, back=back) for part, new in made.items()):
                return now
            world.pause(pause)
        return self.read(world)


def _outcome(count: int, off: Mapping[str, Standing], failures: Mapping[str, Failed], *, sent: bool) -> Outcome:
    if not off:
        return "done" if sent else "already-done"
    if len(off) < count:
        return "partial"
    return "failed" if failures else "refused"


def _summary(wanted: Parts, off: Mapping[str, Standing], failures: Mapping[str, Failed], *, back: bool) -> Text:
    right = len(wanted) - len(off)
    en, ja = ("as before", "元の状態") if back else ("as planned", "計画どおり")
    if not wanted:
        return Text(en="There is nothing to change.", ja="変更するものはありません。")
    if not off:
        return Text(en=f"{_listed(wanted)}: {en}.", ja=f"{_listed(wanted)}: {ja}です。")
    why = " ".join(dict.fromkeys(str(failures[part]) for part in off if part in failures))
    return Text(
        en=f"{right} of {len(wanted)} {en}; not so: {_listed(off)}. {why}".strip(),
        ja=f"{len(wanted)} 件中 {right} 件が{ja}です。そうでないもの: {_listed(off)}。{why}".strip(),
    )


def _listed(parts: Iterable[str], most: int = 8) -> str:
    names = list(parts)
    return ", ".join(names[:most]) + (f" (+{len(names) - most})" if len(names) > most else "")


def _open(off: Mapping[str, Standing], failures: Mapping[str, Failed]) -> Iterable[Text]:
    for part, stand in off.items():
        if part in failures:
            yield Text(en=f"{part}: {failures[part]}", ja=f"{part}: 失敗しました（{failures[part]}）。")
        elif stand is Standing.CHANGED:
            yield Text(
                en=f"{part} is not as expected: somebody else has changed it; it is left as it is.",
                ja=f"{part} は想定と異なります。ほかの誰かが変更したため、そのままにしました。",
            )
        else:
            yield Text(
                en=f"{part}: accepted, but it does not show yet.",
                ja=f"{part}: 受け付けられましたが、まだ反映が確認できません。",
            )
