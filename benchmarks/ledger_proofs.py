"""How long the proof of one entry takes in a large chain: `python benchmarks/ledger_proofs.py --entries 10000000`.

The chain's tree is real, in tiles in SQLite; of its entries only those are written that are asked for, as a proof reads one entry and some
tiles whatever the chain's length. Each proof is made by the verb that the doors call (`checkpoints.prove`), which checks it before it gives it
out. Beside it: making the tree, and one more entry with the checkpoint over it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

BAR_MS = 50
SAMPLES = 200


def proofs(entries: int, samples: int = SAMPLES) -> dict[str, Any]:
    """Milliseconds per proof, in the home that the environment names."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "hikeshi.settings"
    import django  # after the environment

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    from hikeshi.desk.actor import system
    from hikeshi.desk.ledger import checkpoints, verbs
    from hikeshi.desk.ledger.models import Chain

    call_command("migrate", verbosity=0)
    actor = system("Hikeshi", "cli")
    asked = sorted({*random.Random(5).sample(range(1, entries), samples), entries})
    began = time.perf_counter()
    chain = _make(entries, asked)
    made = time.perf_counter() - began
    times, processor = [], time.process_time()
    for seq in random.Random(6).sample(asked, len(asked)):
        began = time.perf_counter()
        checkpoints.prove(chain, seq)
        times.append((time.perf_counter() - began) * 1000)
    processor = (time.process_time() - processor) * 1000 / len(times)
    with transaction.atomic():
        verbs.append(chain.name, actor=actor, verb="test.write", obj="one more")
    began = time.perf_counter()
    checkpoints.checkpoint(Chain.objects.get(pk=chain.pk), actor=actor)
    one_more = (time.perf_counter() - began) * 1000
    return {
        "entries": entries, "tree_s": made, "median_ms": statistics.median(times), "most_ms": max(times), "processor_ms": processor, "one_more_ms": one_more,
    }  # fmt: skip


def _make(entries: int, asked: list[int]) -> Any:
    """A chain whose tree is whole and signed, with the entries `asked` for."""
    from datetime import UTC, datetime

    from django.utils import timezone

    from hikeshi.custody import checkpoint as notes
    from hikeshi.custody.chain import seal_entry
    from hikeshi.custody.merkle import extend, leaf_hash, root
    from hikeshi.desk.ledger import checkpoints, keys, trees, verbs
    from hikeshi.desk.ledger.models import Chain, Checkpoint, Entry, Tile

    chain = Chain.objects.create(name="large")
    at, sealed = datetime.now(UTC), {}
    for seq in asked:
        sealed[seq] = seal_entry(
            (seq - 1, hashlib.sha256(str(seq - 1).encode()).hexdigest()), chain=chain.name, time=at, actor="aoki", door="cli",
            verb="test.write", object="thing", data={"n": seq},
        )  # fmt: skip
    rows = [
        Entry(chain=chain, **dict(zip(verbs.COLUMNS, verbs._values(one), strict=True)))  # noqa: SLF001 - as append does
        for one in sealed.values()
    ]
    Entry.objects.bulk_create(rows)

    def leaves() -> Iterator[bytes]:
        for seq in range(1, entries + 1):
            found = sealed.get(seq)
            yield leaf_hash(bytes.fromhex(found.hash) if found else hashlib.sha256(seq.to_bytes(8)).digest())

    tiles = extend(0, leaves(), lambda _level, _index: b"")
    while some := list(islice(tiles, 500)):
        Tile.objects.bulk_create(
            [Tile(chain=chain, level=one.level, index=one.index, hashes=one.hashes) for one in some]
        )
    chain.head_seq, chain.head_hash = entries, sealed[entries].hash
    chain.save()
    found = root(entries, trees.reader(chain))
    note = notes.sign(notes.Checkpoint(checkpoints.origin(chain.name), entries, found), keys.signers())
    Checkpoint.objects.create(chain=chain, size=entries, root=found.hex(), note=note, made_at=timezone.now())
    return chain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hikeshi-proofs-") as home:
        os.environ["HIKESHI_HOME"] = home
        os.environ.pop("HIKESHI_DATABASE_URL", None)
        told = proofs(options.entries, options.samples)
    print(
        "| entries | tree made, s | proof, median ms | proof, slowest ms | of it processor, mean ms | one more entry signed, ms |"
    )
    print("|---|---|---|---|---|---|")
    print(
        f"| {told['entries']:,} | {told['tree_s']:.1f} | {told['median_ms']:.1f} | {told['most_ms']:.1f} (bar {BAR_MS}) | {told['processor_ms']:.1f} "
        f"| {told['one_more_ms']:.1f} |"
    )


if __name__ == "__main__":
    main()
