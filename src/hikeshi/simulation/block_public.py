"""VPC Block Public Access, which moto lacks: the mode of a region, and no exclusions.

EC2 API Reference, ModifyVpcBlockPublicAccessOptions, DescribeVpcBlockPublicAccessOptions, DescribeVpcBlockPublicAccessExclusions.
Simplified: an update is complete at once (minutes on AWS), and no packet flows. Kept on moto's own account, so forgotten with it.
"""

from __future__ import annotations

from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer

MODES: Final = ("block-bidirectional", "block-ingress", "off")
SPACE: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"


def modify(call: Call) -> Answer:
    mode = call.params.get("InternetGatewayBlockMode", "")
    if mode not in MODES:
        return error_answer(call, 400, "InvalidParameterValue", f"{mode} is not a mode (simulated).")
    _region(call.region).hikeshi_block_mode = mode
    return describe(call)


def describe(call: Call) -> Answer:
    mode = getattr(_region(call.region), "hikeshi_block_mode", "off")
    told = (
        f"<awsAccountId>{cast.ACCOUNT}</awsAccountId><awsRegion>{call.region}</awsRegion><state>update-complete</state>"
        f"<internetGatewayBlockMode>{mode}</internetGatewayBlockMode><managedBy>account</managedBy>"
    )
    return _answer(call, f"<vpcBlockPublicAccessOptions>{told}</vpcBlockPublicAccessOptions>")


def exclusions(call: Call) -> Answer:
    return _answer(call, "<vpcBlockPublicAccessExclusionSet/>")


def _region(region: str) -> Any:
    from moto.ec2.models import ec2_backends  # moto is there only for drills and tests, and slow to import

    return ec2_backends[cast.ACCOUNT][region]


def _answer(call: Call, told: str) -> Answer:
    body = (
        f'<{call.operation}Response xmlns="{SPACE}"><requestId>simulated</requestId>{told}</{call.operation}Response>'
    )
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
