"""CloudFormation stacks without moto's own, which needs packages that a drill does not have: a template is kept and told, nothing is made.

AWS CloudFormation API Reference: CreateStack, DescribeStacks, DescribeStackResources, GetTemplate. Where moto's CloudFormation is there
(its extra is installed), it answers instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final
from xml.sax.saxutils import escape

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer

PassOn = Callable[[], Answer]
SPACE: Final = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


class Stacks:
    """The templates by the name of their stack."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._templates: dict[str, str] = {}

    def answer(self, call: Call, pass_on: PassOn) -> Answer:
        if _moto_can():
            return pass_on()
        name = call.params.get("StackName", "")
        if call.operation == "CreateStack":
            self._templates[name] = call.params["TemplateBody"]
        if name not in self._templates:
            return error_answer(call, 400, "ValidationError", f"Stack with id {name} does not exist (simulated)")
        return _told(call, TOLD[call.operation](name, self._templates[name]))


def _moto_can() -> bool:
    needed = "openapi_spec_validator"
    return needed in sys.modules or find_spec(needed) is not None


def _id(name: str) -> str:
    return f"<StackId>arn:aws:cloudformation:us-east-1:{cast.ACCOUNT}:stack/{name}/simulated</StackId>"


def _stack(name: str, template: str) -> str:
    del template
    told = f"{_id(name)}<StackName>{name}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
    made = "<CreationTime>2026-01-01T00:00:00Z</CreationTime>"
    return f"<Stacks><member>{told}{made}</member></Stacks>"


TOLD: Final[dict[str, Callable[[str, str], str]]] = {
    "CreateStack": lambda name, _: _id(name),
    "DescribeStackResources": lambda _name, _template: "<StackResources></StackResources>",
    "DescribeStacks": _stack,
    "GetTemplate": lambda _, template: f"<TemplateBody>{escape(template)}</TemplateBody>",
}


def _told(call: Call, inner: str) -> Answer:
    result = f"<{call.operation}Result>{inner}</{call.operation}Result>"
    meta = "<ResponseMetadata><RequestId>simulated</RequestId></ResponseMetadata>"
    body = f'<{call.operation}Response xmlns="{SPACE}">{result}{meta}</{call.operation}Response>'
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
