"""The two versions of deploy/ read into one shape: values with ${names} in them, as CloudFormation writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import hcl2
import yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
RULES: Final = ["${GuardDuty.Arn}", "${SecurityHub.Arn}", "${Config.Arn}"]
MEANS: Final[dict[str, Any]] = {
    "[for rule in aws_cloudwatch_event_rule.findings : rule.arn]": RULES,
    'aws_iam_role.role["acquire"].arn': "AcquireRoles",
    'aws_iam_role.role["read"].arn': "ReadRoles",
    "data.aws_region.here.name": "AWS::Region",
    "each.value": ["${Queue.Arn}", "${DeadLetters.Arn}"],
    "local.account": "AWS::AccountId",
    "local.bucket_arn": "Bucket.Arn",
    "local.partition": "AWS::Partition",
    "statement.value": "Queue.Arn",
    "var.evidence_prefix": "EvidencePrefix",
    "var.external_id": "ExternalId",
    "var.hikeshi_principal": "HikeshiPrincipal",
}
"""What Terraform calls something, to what CloudFormation calls it."""


def template(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load((DEPLOY / "cloudformation" / f"{name}.yaml").read_text(), Loader=_Template)
    return read


class _Template(yaml.SafeLoader):
    """With CloudFormation's short forms: !Ref and !GetAtt as ${name}."""


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _name(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return f"${{{_text(loader, node)}}}"


_Template.add_constructor("!Ref", _name)
_Template.add_constructor("!GetAtt", _name)
_Template.add_constructor("!Sub", _text)


def long_forms(value: Any) -> Any:
    """The same of the long forms, which generated templates have."""
    if isinstance(value, list):
        return [long_forms(one) for one in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Fn::Sub", str(text))]:
            return text.replace("${!", "${")
        case [("Ref", str(name))]:
            return f"${{{name}}}"
        case _:
            return {key: long_forms(one) for key, one in value.items()}


def terraform() -> dict[str, list[tuple[str, str, Any]]]:
    """Of all files: "resource", "data", "variable" and "locals", each as (kind, name, body)."""
    options = hcl2.SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)
    read: dict[str, list[tuple[str, str, Any]]] = {}
    for path in sorted((DEPLOY / "terraform").glob("*.tf")):
        for what, blocks in hcl2.loads(path.read_text(), serialization_options=options).items():
            read.setdefault(what, []).extend(found for block in blocks for found in _named(what, block))
    return read


def _named(what: str, block: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for key, body in block.items():
        if what in ("data", "resource"):
            yield from ((key, name, inner) for name, inner in body.items())
        else:
            yield what, key, body


def statements(body: dict[str, Any]) -> list[dict[str, Any]]:
    """An aws_iam_policy_document as IAM has it, by the names of the template."""
    dynamic = [one["statement"]["content"] for one in body.get("dynamic", ())]
    flat = [inner for one in dynamic for inner in (one if isinstance(one, list) else [one])]
    return [_statement(one) for one in [*body["statement"], *flat]]


def _statement(read: dict[str, Any]) -> dict[str, Any]:
    [who] = read["principals"]
    made = {
        "Sid": read.get("sid"),
        "Effect": read.get("effect", "Allow"),
        "Principal": ["*"] if who["type"] == "*" else {who["type"]: translated(who["identifiers"])},
        "Action": read["actions"],
        "Resource": translated(read.get("resources", [])),
        "Condition": {one["test"]: {one["variable"]: translated(one["values"])} for one in read.get("condition", ())},
    }
    return plain(made)


def translated(value: Any) -> list[Any]:
    """As a list, since one name of Terraform's can stand for several things."""
    listed = value if isinstance(value, list) else [value]
    return [one for text in listed for one in _translated(text)]


def _translated(text: str) -> list[str]:
    whole = re.fullmatch(r"\$\{(.*)\}", text, re.DOTALL)
    known = MEANS.get(whole[1]) if whole else None
    if isinstance(known, list):
        return known
    return [re.sub(r"\$\{([^}]*)\}", lambda found: f"${{{MEANS.get(found[1], found[1])}}}", text)]


def plain(statement: dict[str, Any]) -> dict[str, Any]:
    """One value or a list of one mean the same to IAM, and so do an empty condition and none."""
    kept = {key: _sorted(one) for key, one in statement.items() if one not in (None, [], {})}
    kept.pop("Version", None)
    return kept


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    return sorted(value) if isinstance(value, list) else [value]


def filled(text: str) -> Any:
    """A policy template of Terraform's, with CloudFormation's names put in."""
    names = {"account": "AWS::AccountId", "bucket": "EvidenceBucket", "partition": "AWS::Partition"}
    names["prefix"] = "EvidencePrefix"
    put = re.sub(r"(?<!\$)\$\{([a-z]+)\}", lambda found: f"${{{names[found[1]]}}}", text)
    return json.loads(put.replace("$${", "${"))
