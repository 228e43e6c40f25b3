"""`cloud add | change | list | protect | protected | retire | show | unprotect`: accounts that actions may enter, and what is never touched."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.clouds import verbs
from hikeshi.doors import clouds
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor

Number = Annotated[str, typer.Argument(help="The number of an AWS account: twelve digits.")]
Pattern = Annotated[str, typer.Argument(help="An id, a name or an ARN; * and ? stand for anything (quote them).")]
Name = Annotated[str | None, typer.Option(help="What people call it.")]
Environment = Annotated[
    str | None, typer.Option(help="production, staging, development or test; unknown counts as production.")
]
Mode = Annotated[
    str | None,
    typer.Option(help="ask: each containment is approved. confirmed, suspected: what standing orders may contain."),
]
Regions = Annotated[str | None, typer.Option(help="Comma separated, such as ap-northeast-1,us-east-1; empty: any.")]
ReadRole = Annotated[
    str | None, typer.Option(help="ARN of the role that reads; without roles, the worker's own credentials.")
]
AcquireRole = Annotated[str | None, typer.Option(help="ARN of the role that takes evidence.")]
ContainRole = Annotated[str | None, typer.Option(help="ARN of the role that contains.")]
EradicateRole = Annotated[
    str | None, typer.Option(help="ARN of the role that eradicates; empty: the role that contains.")
]
ExternalId = Annotated[str | None, typer.Option(help="The external id that the roles ask for; a name, no secret.")]
Bucket = Annotated[str | None, typer.Option(help="The bucket that evidence goes to.")]
Key = Annotated[str | None, typer.Option(help="ARN of the KMS key of evidence.")]
Forensic = Annotated[str | None, typer.Option(help="The account that evidence is shared with.")]
Management = Annotated[
    bool | None, typer.Option("--management/--no-management", help="It is the management account of its organisation.")
]


def add(
    number: Number, *, name: Name = None, environment: Environment = None, mode: Mode = None, regions: Regions = None,
    read_role: ReadRole = None, acquire_role: AcquireRole = None, contain_role: ContainRole = None,
    eradicate_role: EradicateRole = None, external_id: ExternalId = None,
    evidence_bucket: Bucket = None, evidence_key: Key = None, forensic_account: Forensic = None, management: Management = None,
) -> Any:  # fmt: skip
    """Register an account, or a retired one again. From the first one on, others are refused."""
    said = _said(
        name=name, environment=environment, mode=mode, regions=regions, read_role=read_role, acquire_role=acquire_role,
        contain_role=contain_role, eradicate_role=eradicate_role, external_id=external_id, evidence_bucket=evidence_bucket, evidence_key=evidence_key,
        forensic_account=forensic_account, management=management,
    )  # fmt: skip
    return clouds.shape(verbs.add(number, actor=actor(), **said))


def change(
    number: Number, *, name: Name = None, environment: Environment = None, mode: Mode = None, regions: Regions = None,
    read_role: ReadRole = None, acquire_role: AcquireRole = None, contain_role: ContainRole = None,
    eradicate_role: EradicateRole = None, external_id: ExternalId = None,
    evidence_bucket: Bucket = None, evidence_key: Key = None, forensic_account: Forensic = None, management: Management = None,
) -> Any:  # fmt: skip
    """Change what is given; an empty value takes it away, what is not given stays as it is."""
    who = actor()
    row = clouds.named(who, number)
    said = _said(
        name=name, environment=environment, mode=mode, regions=regions, read_role=read_role, acquire_role=acquire_role,
        contain_role=contain_role, eradicate_role=eradicate_role, external_id=external_id, evidence_bucket=evidence_bucket, evidence_key=evidence_key,
        forensic_account=forensic_account, management=management,
    )  # fmt: skip
    if not said:
        raise WrongUsage(
            "Nothing is said about the account.", hint="`hikeshi cloud change --help` names what there is."
        )
    return clouds.shape(verbs.change(row, actor=who, **said))


def _said(regions: str | None, **given: Any) -> dict[str, Any]:
    """What was given, by the names of the fields."""
    said = {name: value for name, value in given.items() if value is not None}
    return said if regions is None else {**said, "regions": regions.replace(",", " ").split()}


def list_clouds(retired: Annotated[bool, typer.Option(help="The registrations that have ended.")] = False) -> Answer:
    """The accounts that actions may enter, also those of HIKESHI_AWS_ACCOUNTS (source: environment)."""
    rows = clouds.clouds_for(actor(), retired=retired)
    return Answer(rows, columns=("account", "name", "environment", "mode", "regions", "contain_role", "source"))


def show(number: Number) -> Any:
    """One account: how it is entered, and how far Hikeshi may go there without a person."""
    return clouds.cloud(actor(), number)


def retire(number: Number, reason: Annotated[str, typer.Option(help="Why nothing is to be done there.")]) -> Any:
    """No action enters it any more; its record stays."""
    who = actor()
    verbs.retire(clouds.named(who, number), actor=who, reason=reason)
    return clouds.shape(clouds.named(who, number))


def protect(
    pattern: Pattern, reason: Annotated[str, typer.Option(help="Why; it is read by whoever is refused.")]
) -> Any:
    """No action changes what fits, from the next look on."""
    return clouds.protected(verbs.protect(pattern, actor=actor(), reason=reason))


def unprotect(pattern: Pattern, reason: Annotated[str, typer.Option(help="Why it may be touched.")]) -> Answer:
    """Let actions change it again. Shows what is still protected."""
    who = actor()
    verbs.unprotect(pattern, actor=who, reason=reason)
    return _protected()


def list_protected() -> Answer:
    """What no action changes: the register, HIKESHI_AWS_PROTECTED (environment), and our own infrastructure (own)."""
    return _protected()


def _protected() -> Answer:
    columns = ("pattern", "source", "reason", "added_by", "added_at")
    return Answer(clouds.protected_for(actor()), columns=columns)
