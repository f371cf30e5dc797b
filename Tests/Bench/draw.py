"""The row about draws: the operator's own command on a database of many members (issue 4)."""

import datetime
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time

# From announcing to closing, in seconds: an announcement needs a time to come.
LEAD_S = 2


def draw(bench):
    """From the command's start to its end: counted, drawn, recorded, and the files on the disk."""
    count = bench.size(1_000_000, 100_000)
    runs = [draw_once(bench, count, turn) for turn in range(bench.size(3, 1))]
    seconds, check, memory = sorted(runs)[len(runs) // 2]
    bench.row(
        f"20 winners drawn of {count:,} tickets of as many members, with list and proof on the disk",
        f"{seconds:.2f} s", "≤ 5 s", seconds <= 5,
    )
    bench.note(
        "stamphq draws run, with no HQ running, the process's start and end included; median of"
        f" {len(runs)}. At most {memory:.0f} MB of memory. docs/verify-draw.py, in Python, checked"
        f" each proof in {check:.1f} s"
    )


def draw_once(bench, count, turn):
    """Seconds to draw and to check, and the peak of memory."""
    directory = bench.path(f"draw-{turn}")
    data = os.path.join(directory, "hq")
    stamphq = os.path.join(bench.binaries, "stamphq")
    command = [stamphq, "draws", "run", "bench", "--data", data, "--out", directory]
    subprocess.run([stamphq, "init", "--data", data], check=True, stdout=subprocess.DEVNULL)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LEAD_S)
    subprocess.run(
        [stamphq, "draws", "announce", "bench", "--data", data, "--prize", "latte", "--winners",
         "20", "--closes", end.isoformat(timespec="seconds")],
        check=True, stdout=subprocess.DEVNULL,
    )
    give(os.path.join(data, "hq.sqlite"), count)
    time.sleep(max(0, end.timestamp() - time.time()))
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    # Of all children so far, of which this is the largest.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    proof = os.path.join(directory, "bench.proof.json")
    with open(proof) as file:
        told = json.load(file)
    if told["tickets"]["tickets"] != count or len(told["winners"]) != 20:
        raise RuntimeError(f"the proof tells of another draw: {told['tickets']}")
    started = time.monotonic()
    script = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "verify-draw.py")
    tickets = os.path.join(directory, "bench.tickets.txt")
    subprocess.run(
        [sys.executable, script, proof, tickets], check=True, stdout=subprocess.DEVNULL
    )
    return seconds, time.monotonic() - started, memory


def give(path, count):
    """A ticket for each of many members, and points beside it, as a chain's balances are."""
    with sqlite3.connect(path) as database:
        for asset in ("points", "ticket/bench"):
            database.executemany(
                "INSERT INTO free (member, asset, bucket, amount) VALUES (?, ?, 'never', 1)",
                ((number * 7_919, asset) for number in range(1, count + 1)),
            )
    database.close()
