"""Many signed URLs at once are those that the SDK would have made one by one."""

from __future__ import annotations

import pytest

from hikeshi.aws.clients import Keys, client
from hikeshi.aws.presigning import like

PARTS = {"Bucket": "evidence-111122223333", "Key": "hikeshi/INC-2026-001/a b/メモリ.lime", "UploadId": "u+/=1"}
KEYS = Keys("AKIA", "se/cr+et", "tok+en/==")


@pytest.mark.parametrize(
    ("endpoint", "keys"), [(None, KEYS), (None, Keys("AKIA", "secret", "")), ("http://127.0.0.1:5", None)]
)
def test_each_is_signed_as_the_sdk_signs_it(endpoint: str | None, keys: Keys | None) -> None:
    s3 = client("s3", "ap-northeast-1", endpoint, 18.0, keys=keys)
    for _ in range(3):  # a second may pass between two of the SDK's
        made = [
            s3.generate_presigned_url("upload_part", Params={**PARTS, "PartNumber": number}, ExpiresIn=900)
            for number in (1, 2, 30)
        ]
        ours = like(made[0], "PUT", keys.secret if keys else "simulated", "partNumber", ["1", "2", "30"])
        if ours == made:
            return
    assert ours == made


def test_where_it_was_signed_otherwise_nothing_is_given() -> None:
    url = client("s3", "ap-northeast-1", None, 18.0, keys=KEYS).generate_presigned_url(
        "upload_part", Params={**PARTS, "PartNumber": 1}
    )
    assert like(url, "PUT", "another", "partNumber", ["2"]) is None
    assert like(url, "GET", KEYS.secret, "partNumber", ["2"]) is None
    assert like("https://example.com/x?a=b", "PUT", KEYS.secret, "partNumber", ["2"]) is None
