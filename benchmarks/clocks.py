"""How many deadlines are computed in a second: `python benchmarks/clocks.py`. Bar: 10,000 evaluations a second on one core.

Every rule that counts, over a hundred anchors spread over a year, explanation in both languages included.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from hikeshi.clocks.counting import compute
from hikeshi.clocks.rule import NoNumber, rules

START = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


def main() -> None:
    counted = [rule for rule in rules().values() if not isinstance(rule.counting, NoNumber)]
    anchors = [START + number * timedelta(days=3, hours=7) for number in range(100)]
    began, used = time.perf_counter(), time.process_time()
    for rule in counted:
        for anchor in anchors:
            compute(rule, dict.fromkeys(rule.anchors, anchor), anchor)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    total = len(counted) * len(anchors)
    print(f"{total:,} evaluations of {len(counted)} rules in {seconds:.2f} s: {total / seconds:,.0f} a second")
    print(f"of processor time {total / processor:,.0f} a second")


if __name__ == "__main__":
    main()
