"""The made-up memory image."""

from __future__ import annotations

from hikeshi.simulation import cast
from hikeshi.simulation.memory import MARK, TRACES, image_of


def test_an_image_says_what_it_is_and_is_small() -> None:
    image = image_of("i-00000000000000001")
    assert image.startswith(MARK)
    assert 2**20 <= len(image) <= 2 * 2**20


def test_the_same_instance_has_the_same_memory_and_another_has_not() -> None:
    assert image_of("i-00000000000000001") == image_of("i-00000000000000001")
    assert image_of("i-00000000000000001") != image_of("i-00000000000000002")


def test_the_traces_of_the_attack_can_be_found() -> None:
    image = image_of("i-00000000000000001")
    assert all(trace.encode() in image for trace in TRACES)
    assert f"{cast.POOL}:{cast.POOL_PORT}".encode() in image
