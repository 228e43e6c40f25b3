"""What `doctor` checks of the ways people are told by. Called after Django is ready, as `health_desk`."""

from __future__ import annotations

from hikeshi.doors.cli.health import Health, bad, ok, part
from hikeshi.errors import Unreadable


def notices() -> Health:
    """Channels that fail or were never tried, contacts without a way that a machine can take, and files with errors in them."""
    from django.conf import settings

    from hikeshi.desk.accounts.contacts import listed
    from hikeshi.desk.notices import policy, words
    from hikeshi.desk.notices.audience import Recipient
    from hikeshi.desk.notices.models import Channel
    from hikeshi.desk.notices.ways import reachable

    home = settings.ENVIRONMENT.home
    wrong = [str(one) for one in words.problems(home / "templates" / "notices")]
    own = home / policy.NAME
    try:
        if own.exists():
            policy.read(own, own.stat().st_mtime_ns)
    except Unreadable as problem:
        wrong.append(str(problem))
    failing = [
        f"{one.name}: {one.last_problem}" for one in Channel.objects.filter(enabled=True).exclude(last_problem="")
    ]
    if wrong or failing:
        said = "; ".join((wrong + failing)[:5])
        return bad(said, said)
    mute = [str(one) for one in listed() if not reachable(Recipient(contact=one), None)]
    untried = [one.name for one in Channel.objects.filter(enabled=True, tested_at=None)]
    if mute:
        names = ", ".join(mute[:10])
        return part(
            f"No machine can reach {names}: pages pass them over. `hikeshi contact ways` adds one.",
            f"自動では連絡できない担当者: {names} (呼び出しの対象外になります。`hikeshi contact ways` で連絡手段を追加)",
        )
    if untried:
        names = ", ".join(untried[:10])
        return part(f"Never tried: {names}: `hikeshi channel test`.", f"未試験のチャンネル: {names}")
    return ok("Everybody on the contact list can be reached.", "連絡網の全員に連絡できます。")
