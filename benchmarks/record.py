"""What recording costs: a call of `put`, a second thread that loops, the processor, the disk.

    python benchmarks/record.py [--place URL] [--rate 2000] [--rounds 9] [--json]

Rows have 25 columns and are distinct. The thread that loops stands for the event loop of a service: it wakes at a fixed
rate, works for about 60 microseconds, and records or not, round after round in turns; its delay is that from when it
should have woken to when it is done. Of the rounds the best is told, because a busy machine only ever adds.

Bars: 3 microseconds for `put`, and at most a tenth of the median delay.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from mlwright.serve.record import Answered, Private, Recorder, new_ids
from mlwright.serve.record.answered import line

COLUMNS, DISTINCT, BURST = 25, 2_000, 500


def answers(count: int) -> list[Answered]:
    """Return answers to rows of 25 columns, half of them numbers."""
    draw = random.Random(0)
    words = ["red", "green", "blue", "some longer text"]
    rows = [
        {
            f"column_{place}": round(draw.gauss(0, 100), 3) if place % 2 else draw.choice(words)
            for place in range(COLUMNS)
        }
        for _ in range(min(count, DISTINCT))
    ]
    told = {"prediction": "yes", "action": "answer", "probabilities": {"yes": 0.7123, "no": 0.2877}}
    return [
        Answered(
            name, time.time_ns() // 1000, "churn", 1, rows[place % DISTINCT], told, latency_us=900,
            request="0af7651916cd43dd8448eb211c80319c", subject=f"customer {place}",
        )
        for place, name in enumerate(new_ids(count))
    ]  # fmt: skip


def put_ns(recorder: Recorder, rounds: int) -> float:
    """Return the nanoseconds of one `put`: the median of rounds."""
    found = []
    for _ in range(rounds):
        made = answers(BURST)
        begun = time.perf_counter_ns()
        for each in made:
            recorder.put(each)
        found.append((time.perf_counter_ns() - begun) / BURST)
        recorder.flush(30)
    return statistics.median(found)


def line_us() -> float:
    """Return the microseconds in which one answer is made into what the database takes."""
    made, nothing = answers(DISTINCT), Private()
    begun = time.thread_time()
    for each in made:
        line(each, nothing)
    return (time.thread_time() - begun) / DISTINCT * 1e6


def written(recorder: Recorder, count: int) -> tuple[float, float]:
    """Return rows per second, and microseconds of processor time per answer."""
    made = answers(count)
    begun, worked = time.perf_counter(), time.process_time()
    for place, each in enumerate(made):
        recorder.put(each)
        while place % BURST == 0 and recorder.pending > 2 * BURST:
            time.sleep(0.0005)
    if not recorder.flush(120):
        raise SystemExit(f"Not all was written: {recorder.problem}")
    return count / (time.perf_counter() - begun), (time.process_time() - worked) / count * 1e6


def delays(recorder: Recorder | None, rate: int) -> tuple[float, float, float]:
    """Return median, 99 % and greatest delay of a thread that loops for two seconds, in microseconds."""
    made, gap, found = answers(2 * rate), 1 / rate, []
    due = time.perf_counter()
    for each in made:
        due += gap
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        for _ in range(100):
            sum(range(20))
        if recorder is not None:
            recorder.put(each)
        now = time.perf_counter()
        found.append(now - due)
        due = max(due, now - gap)  # one pause is counted once, not again for all that follows
    found.sort()
    return found[len(found) // 2] * 1e6, found[len(found) * 99 // 100] * 1e6, found[-1] * 1e6


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--place", help="a PostgreSQL URL; by default an SQLite file")
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(asked.place or Path(folder) / "record.db")
        recorder.put(answers(1)[0])
        recorder.flush(30)
        gc.disable()
        found: dict[str, Any] = {"put_ns": put_ns(recorder, asked.rounds), "line_us": line_us()}
        found["rows_per_second"], found["processor_us"] = written(recorder, 20_000)
        with_it, without = [], []
        for _ in range(asked.rounds):
            without.append(delays(None, asked.rate))
            with_it.append(delays(recorder, asked.rate))
        for name, rounds in (("without", without), ("recording", with_it)):
            found[f"{name}_p50_p99_max_us"] = [min(column) for column in zip(*rounds, strict=True)]
        found["bytes_per_answer"] = recorder.record.status("churn")["bytes"] / recorder.written
        recorder.close(30)
        found["drops"] = recorder.drops
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        numbers = value if isinstance(value, list) else [value]
        print(f"{name:26} {'  '.join(f'{each:,.2f}' for each in numbers)}")


if __name__ == "__main__":
    main()
