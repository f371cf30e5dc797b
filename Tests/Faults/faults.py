#!/usr/bin/python3
"""Does to the ledger and its agent what stores do to them, and prints the table of the outcome.

Usage: faults.py BIN_DIR [--short] [--seed N] [--only ROW]...
BIN_DIR holds stampd and ledgerprobe. Needs root, cc, strace, e2fsprogs and libfaketime. Exits with
1 if a row fails, or if a control that must fail does not.
"""

import argparse
import os
import signal
import sys
import time
import traceback

import bits
import calls
import clocks
import disks
import kills
import power
from harness import Work

ROWS = {
    "power": power.row,
    "os-crash": disks.os_crash_row,
    "kill-at": calls.kill_row,
    "fail-at": calls.fail_row,
    "kill": kills.row,
    "disk-full": disks.full_row,
    "read-only": disks.read_only_row,
    "bits": bits.row,
    "clock": clocks.row,
}
HEAD = (
    "| fault | tried | acknowledged | lost | doubled | corrupt | control that must fail | held |\n"
    "|---|---|---|---|---|---|---|---|"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--short", action="store_true", help="fewer tries, for every commit")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with")
    parser.add_argument("--only", action="append", choices=ROWS, help="only this row")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("mounting small file systems needs root: run it as root, or in a container")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))

    rows, failures = [], []
    with Work(os.path.abspath(options.binaries), options.short, options.seed) as work:
        print(f"seed {options.seed}, in {work.directory}", flush=True)
        for name in options.only or ROWS:
            started = time.monotonic()
            print(name, flush=True)
            try:
                for row in ROWS[name](work):
                    rows.append(row)
                    work.say(row.text())
                    tell(work, row)
            except Exception:
                traceback.print_exc()
                failures.append(name)
            work.say(f"{name} took {time.monotonic() - started:.0f} s")
    print("\n" + HEAD)
    for row in rows:
        print(row.text())
    for row in rows:
        if row.note:
            print(f"\n- {row.note}")
    for name in failures:
        print(f"NOT TRIED: {name}", file=sys.stderr)
    return 0 if not failures and rows and all(row.has_passed for row in rows) else 1


def tell(work, row):
    """Says what went wrong."""
    tally = row.tally
    if tally.first_fault:
        work.say(f"first: {tally.first_fault}")
    for fault in tally.faults[:5]:
        work.say(f"fault: {fault}")
    if not row.is_control_red:
        work.say("the control did not fail: this row proves nothing")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("ended")
