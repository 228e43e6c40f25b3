"""The register from AWS tags, read from a simulated account over real HTTP."""

from __future__ import annotations

import pytest

from hikeshi.aws.inventory import PERMISSIONS, inventory, policy
from hikeshi.aws.reach import Reach
from hikeshi.desk.assets import aws_rows
from hikeshi.desk.assets.aws_rows import TagKeys
from hikeshi.desk.assets.csv_rows import Bad, Row
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.scene import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def reach(cloud: SimulatedCloud, scene: Scene) -> Reach:
    return Reach(region=scene.region, endpoint_url=cloud.endpoint_url)


def test_instances_and_other_tagged_resources_are_found_once(cloud: SimulatedCloud, scene: Scene, reach: Reach) -> None:
    s3 = cloud.client("s3")
    s3.put_bucket_tagging(Bucket=scene.evidence_bucket, Tagging={"TagSet": [{"Key": "Owner", "Value": "CSIRT"}]})
    found = list(inventory(reach))
    names = [one.identifier for one in found]
    assert scene.instance_id in names
    assert f"arn:aws:s3:::{scene.evidence_bucket}" in names
    assert len(names) == len(set(names))
    assert not [name for name in names if ":instance/" in name]


def test_tags_say_whose_and_how_critical_in_any_case(cloud: SimulatedCloud, scene: Scene, reach: Reach) -> None:
    tags = {"OWNER": "Sales", "kritisch": "High", "env": "prod", "Data": "PII"}
    cloud.client("ec2").create_tags(
        Resources=[scene.instance_id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    read = aws_rows.read(reach, TagKeys(criticality=("Kritisch",)))
    [row] = [one for one in read if isinstance(one, Row) and one.identifier == scene.instance_id]
    assert row.values["owner_name"] == "Sales"
    assert (row.values["criticality"], row.values["environment"], row.values["data"]) == (2, "production", ["personal"])
    assert row.values["kind"] == "instance"


def test_a_tag_that_says_nothing_we_know_is_named_with_its_resource(
    cloud: SimulatedCloud, scene: Scene, reach: Reach
) -> None:
    cloud.client("ec2").create_tags(Resources=[scene.instance_id], Tags=[{"Key": "Criticality", "Value": "purple"}])
    [bad] = [one for one in aws_rows.read(reach, TagKeys()) if isinstance(one, Bad)]
    assert scene.instance_id in bad.reason.en
    assert "purple" in bad.reason.ja


def test_all_pages_are_read(cloud: SimulatedCloud, scene: Scene, reach: Reach) -> None:
    sqs = cloud.client("sqs")
    for number in range(120):  # more than the 50 resources of one page
        sqs.create_queue(QueueName=f"queue-{number}", tags={"Owner": "Sales"})
    assert sum(":queue-" in one.identifier for one in inventory(reach)) == 120


def test_the_policy_is_exactly_what_is_called() -> None:
    assert policy()["Statement"][0]["Action"] == list(PERMISSIONS)
