"""`incident restrict | unrestrict | access | quiet`: who may know of an incident."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import secrecy as verbs
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import find, secrecy
from hikeshi.doors.cli.incident import Name, Reason, Version
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor


def restrict(
    name: Name,
    reason: Reason,
    code_name: Annotated[str, typer.Option(help="Without it one is proposed.")] = "",
    version: Version = None,
) -> Any:
    """Hide it from everybody without a role on it or access, commanders and administrators too."""
    who = actor()
    row = find.incident(who, name)
    verbs.restrict(row, actor=who, reason=reason, code_name=code_name, version=version)
    return secrecy.secrecy(row)


def unrestrict(name: Name, reason: Reason, version: Version = None) -> Any:
    """Show it to those who may read every incident again."""
    who = actor()
    row = find.incident(who, name)
    verbs.unrestrict(row, actor=who, reason=reason, version=version)
    return secrecy.secrecy(row)


def access(
    name: Name,
    give: Annotated[str, typer.Option(help="Let this user read it without a role.")] = "",
    end: Annotated[str, typer.Option(help="Shut this user out again.")] = "",
    force: Annotated[bool, typer.Option(help="Break the glass (administrators): recorded loudly.")] = False,
    reason: Annotated[str, typer.Option(help="One sentence, kept in the record.")] = "",
) -> Any:
    """Who was let in without a role; let somebody in, shut them out again, or break the glass."""
    who = actor()
    if sum(map(bool, (give, end, force))) > 1:
        raise WrongUsage("Use one of --give, --end and --force.")
    if force:
        return secrecy.access(verbs.force_access(secrecy.behind_glass(who, name), actor=who, reason=reason))
    row = find.incident(who, name)
    if give or end:
        require_on(who, "command", row)  # before names are looked up: they are not everybody's to try
        (verbs.give_access if give else verbs.end_access)(row, find.person(give or end), actor=who, reason=reason)
    return secrecy.secrecy(row)


def quiet(
    name: Name,
    domain: Annotated[
        list[str] | None, typer.Option(help="A mail or chat domain the attacker may read; several times for several.")
    ] = None,
    unaware: Annotated[
        list[str] | None, typer.Option(help="Who must not know: a user, a name or an address; several times.")
    ] = None,
    off: Annotated[bool, typer.Option(help="Speak openly again; needs a reason.")] = False,
    reason: Annotated[str, typer.Option(help="One sentence, kept in the record.")] = "",
    version: Version = None,
) -> Any:
    """Quiet mode: nothing is sent to exposed domains, nor to those who must not know."""
    who = actor()
    row = find.incident(who, name)
    if off:
        verbs.end_quiet(row, actor=who, reason=reason, version=version)
    else:
        verbs.keep_quiet(row, actor=who, unaware="\n".join(unaware or ()), domains=domain or (), version=version)
    return secrecy.secrecy(row)
