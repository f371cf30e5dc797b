#!/usr/bin/python3
"""Measures stampd and prints docs/performance.md's table; figures are told, never judged.

Usage: bench.py BIN_DIR [--short] [--only ROW]...
BIN_DIR holds stampd, stamphq, stampctl and stampbench, built for release. Exits with 0 whatever the figures are, and
with 1 if something could not be measured.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import agent
import beside
import devices
import draw
import engine
import sync

WORK = ".build/bench"
# Part of the cached ledger's name: raise it with LedgerDB's schema or what stampbench fills in.
LEDGER_VERSION = 4
VERDICTS = {True: "yes", False: "**no**", None: ""}
# A little more than StampAgent's TillSession.silenceMax.
TILL_SILENCE_S = 95


class Bench:
    """One run: where the programs are, where files go, and how much of everything is measured."""

    def __init__(self, binaries, short):
        self.binaries = binaries
        self.work = WORK
        self.stampd = os.path.join(binaries, "stampd")
        self.stampbench = os.path.join(binaries, "stampbench")
        self.short = short
        os.makedirs(WORK, exist_ok=True)
        self.directory = os.path.abspath(tempfile.mkdtemp(prefix="run-", dir=WORK))
        self.rows = []
        self.tables = []
        self.notes = []

    def size(self, whole, short):
        return short if self.short else whole

    def path(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path, exist_ok=True)
        return path

    def ask(self, *arguments):
        """Runs one command of stampbench and returns its figures."""
        output = subprocess.run(
            [self.stampbench, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True
        )
        return json.loads(output.stdout)

    def ask_often(self, count, *arguments):
        """Runs one command some times and returns each figure's median: the machine is shared."""
        runs = [self.ask(*arguments) for _ in range(count)]
        return {name: median([run[name] for run in runs]) for name in runs[0]}

    def row(self, what, measured, target, is_met):
        self.rows.append((what, measured, target, is_met))
        verdict = "" if is_met is None else "met" if is_met else "NOT MET"
        print(f"  {what}: {measured} {verdict}", flush=True)

    def table(self, names, rows):
        """A table of its own, for what has no bound."""
        lines = [names, ["---"] * len(names), *rows]
        self.tables.append("\n".join("| " + " | ".join(line) + " |" for line in lines))

    def note(self, text):
        self.notes.append(text)
        print(f"  {text}", flush=True)


def latency(bench):
    """Row 1. The time before the last byte is written counts, which is before the kernel has it."""
    rounds = bench.size(3, 1)
    runs = [
        bench.ask("latency", bench.path(f"latency-{turn}"), bench.size(2_000, 300))
        for turn in range(rounds)
    ]
    f = {name: median([run[name] for run in runs]) for name in runs[0]}
    sync = f["overwrite_sync_p50_ms"]
    over = median([run["p50_ms"] - run["overwrite_sync_p50_ms"] for run in runs])
    bench.row(
        "last key's kernel time → award committed and on the event stream",
        f"p50 {f['p50_ms']:.2f} ms, one fdatasync ({sync:.2f} ms) and {over:.2f} ms;"
        f" p99 {f['p99_ms']:.1f} ms",
        "p50 ≤ one fdatasync + 1 ms, p99 ≤ 25 ms",
        over <= 1 and f["p99_ms"] <= 25,
    )
    bench.note(
        f"{rounds} × {f['scans']:.0f} scans over a pty, medians of the rounds, from before the write"
        " of the last byte;"
        f" from the reader's completedAt p50 {f['completed_p50_ms']:.2f} ms,"
        f" p99 {f['completed_p99_ms']:.1f} ms; longest {f['max_ms']:.1f} ms"
    )
    bench.note(
        "fdatasync of an award's 5 KiB in the same directory, between the scans:"
        f" over what is there p50 {sync:.2f} ms, p99 {f['overwrite_sync_p99_ms']:.1f} ms;"
        f" appended p50 {f['append_sync_p50_ms']:.2f} ms, p99 {f['append_sync_p99_ms']:.1f} ms"
    )


def awards(bench):
    """Row 2."""
    f = bench.ask("awards", bench.path("awards"), bench.size(40, 8))
    bench.row(
        "awards per second, one commit each, against the same rows by plain sqlite3 C calls",
        f"{f['ratio']:.2f} of it ({f['per_s']:.0f} against {f['plain_per_s']:.0f} per second)",
        "≥ 0.7 of it",
        f["ratio"] >= 0.7,
    )
    bench.note(
        f"{f['awards']:.0f} awards each in turns of 100, median of the turns; one award p50"
        f" {f['p50_ms']:.2f} ms, plain p50 {f['plain_p50_ms']:.2f} ms, fdatasync p50"
        f" {f['overwrite_sync_p50_ms']:.2f} ms"
    )


def keys(bench):
    """Row 3. Both read the same bytes in turns."""
    recording = os.path.join(bench.path("keys"), "events")
    subprocess.run(
        [bench.stampbench, "record", recording, str(bench.size(10_000, 1_000))], check=True
    )
    ratios, ours, theirs = [], [], []
    for _ in range(bench.size(5, 3)):
        f = bench.ask("keys", recording, 5)
        reader = subprocess.run(
            [sys.executable, os.path.join(os.path.dirname(__file__), "evdev_reader.py"), recording],
            check=True, stdout=subprocess.PIPE, text=True,
        )
        python = json.loads(reader.stdout)
        if python["codes"] != f["codes"]:
            raise RuntimeError(f"{f['codes']:.0f} codes here, {python['codes']} there")
        ours.append(f["events_per_s"])
        theirs.append(python["events_per_s"])
        ratios.append(ours[-1] / theirs[-1])
    bench.row(
        "key events → codes, against python-evdev and a table on the same recording",
        f"{median(ratios):.0f} × ({median(ours) / 1e6:.1f} against {median(theirs) / 1e6:.2f}"
        " million events per second)",
        "≥ 20 ×",
        median(ratios) >= 20,
    )


def memory(bench):
    """Row 4."""
    # As after a boot: of a file that was just written the kernel maps more than is asked for.
    devices.forget(bench.stampd)
    with (
        agent.Headquarters(bench, agent.make_state(bench, "idle")) as hq,
        agent.Agent(bench, "idle", hq=hq) as stampd,
    ):
        stampd.rest()
        idle = stampd.memory()
    bench.row(
        "resident memory, idle", f"{idle['VmRSS']:.1f} MB", "≤ 40 MB", idle["VmRSS"] <= 40
    )
    with agent.Agent(bench, "large", state=large_state(bench)) as stampd:
        stampd.rest()
        queued = stampd.memory()
        pending = stampd.pending_count
    more = queued["VmRSS"] - idle["VmRSS"]
    bench.row(
        f"resident memory with {pending:,} entries queued, HQ away",
        f"{queued['VmRSS']:.1f} MB, {more:+.1f} MB",
        "+ ≤ 5 MB",
        more <= 5,
    )
    bench.note(
        f"of it anonymous {idle['RssAnon']:.1f} and {queued['RssAnon']:.1f} MB, the rest is the"
        f" program's own file; most at any time {idle['VmHWM']:.1f} and {queued['VmHWM']:.1f} MB;"
        " the ledger's chain was verified in between"
    )


def start(bench):
    """Row 5."""
    state = large_state(bench)
    runs = []
    for is_cold in [False, True] * bench.size(3, 1):
        if is_cold:
            devices.forget(os.path.join(state, "ledger.sqlite"))
        with agent.Agent(bench, "large", state=state) as stampd:
            runs.append((is_cold, *stampd.first_scan()))
    for is_cold in [False, True]:
        ready, attached, answered = (
            median([run[i] for run in runs if run[0] == is_cold]) for i in (1, 2, 3)
        )
        figures = (
            f"READY=1 after {ready:.2f} s, scanner read after {attached:.2f} s,"
            f" first scan answered after {answered:.2f} s"
        )
        if is_cold:
            bench.note(f"with the ledger's file out of the kernel's cache: {figures}")
        else:
            bench.row(
                "start with 1 million members and 1 million queued entries → ready to scan",
                figures, "≤ 1 s", max(ready, attached) <= 1,
            )


def look_ups(bench):
    """Row 6."""
    f = bench.ask_often(
        bench.size(5, 3), "look-ups", large_state(bench), bench.size(50_000, 10_000)
    )
    bench.row(
        f"member look-up among {f['members']:,.0f}",
        f"p50 {f['p50_ms'] * 1000:.0f} µs, p99 {f['p99_ms'] * 1000:.0f} µs",
        "p99 ≤ 1 ms",
        f["p99_ms"] <= 1,
    )
    bench.note(
        "medians of the runs; the first look-ups with the file out of the kernel's cache:"
        f" p50 {f['cold_p50_ms']:.2f} ms, p99 {f['cold_p99_ms']:.2f} ms"
    )


def wear(bench):
    """Row 7."""
    count = bench.size(5_000, 1_000)
    with devices.LoopDisk(bench.directory) as disk:
        command = [bench.stampbench, "wear", disk.path, str(count)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            members = json.loads(process.stdout.readline())["members"]
            before = disk.written_bytes()
            process.stdin.write("go\n")
            process.stdin.flush()
            done = process.stdout.readline()
            process.wait()
            after = disk.written_bytes()
        if process.returncode != 0 or not done:
            raise RuntimeError("stampbench wear failed")
    each = (after - before) / count / 1024
    bench.row(
        "bytes written to disk for one award (block layer)",
        f"{each:.1f} KB", "≤ 24 KB", each <= 24,
    )
    bench.note(
        f"ext4 on a loop device, its journal included, {count:,} awards of random ones of"
        f" {members:,.0f} members, checkpoints and the last sync included"
    )


def wake_ups(bench):
    """Row 8."""
    seconds = bench.size(60, 20)
    with (
        agent.Headquarters(bench, agent.make_state(bench, "quiet")) as hq,
        agent.Agent(bench, "quiet", hq=hq) as stampd,
    ):
        # A scan first, and the till's time-outs over: nothing must be left running after them.
        stampd.first_scan()
        time.sleep(TILL_SILENCE_S)
        stampd.rest()
        switches = stampd.voluntary_switches(seconds)
        returns = stampd.blocking_returns(seconds)
    bench.row(
        "wake-ups while nothing happens, all threads",
        f"{returns / seconds:.2f} per second by strace,"
        f" {switches / seconds:.2f} by the kernel's count of context switches",
        "≤ 1 per second",
        max(returns, switches) / seconds <= 1,
    )
    bench.note(
        f"over {seconds} s each, with HQ reachable, one scanner and one display connected"
    )


ROWS = {
    "latency": latency, "awards": awards, "keys": keys, "memory": memory, "start": start,
    "look-ups": look_ups, "wear": wear, "wake-ups": wake_ups,
    "drain": sync.drain, "ingest": sync.ingest, "beside": beside.beside, "wire": sync.wire,
    "posted": sync.posted, "snapshot": sync.snapshot, "fleet": sync.fleet,
    "draw": draw.draw, "decisions": engine.decisions, "try": engine.replayed_year,
}


def large_state(bench):
    """A state directory with many members and queued entries; made once and kept."""
    count = bench.size(1_000_000, 100_000)
    path = os.path.abspath(f"{WORK}/ledger-{LEDGER_VERSION}-{count}")
    if not os.path.exists(os.path.join(path, "complete")):
        shutil.rmtree(path, ignore_errors=True)
        print(f"  making a ledger of {count:,} members and entries, once; some minutes", flush=True)
        agent.make_state(bench, "large", path)
        bench.ask("fill", path, count, count)
        open(os.path.join(path, "complete"), "w").close()
    return path


def median(values):
    return sorted(values)[len(values) // 2]


def machine(directory):
    """One line: what was measured on."""
    kind = subprocess.run(
        ["findmnt", "--noheadings", "--output", "FSTYPE", "--target", directory],
        check=False, stdout=subprocess.PIPE, text=True,
    ).stdout.strip()
    with open("/proc/cpuinfo") as info:
        model = next((l.split(":")[1].strip() for l in info if l.startswith("model name")), "?")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, {kind},"
        f" load {load} (1, 5 and 15 minutes)"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--short", action="store_true", help="fewer samples, smaller ledgers")
    parser.add_argument("--only", action="append", choices=ROWS, help="measure only this row")
    arguments = parser.parse_args()
    bench = Bench(arguments.binaries, arguments.short)
    print(f"before: {machine(bench.directory)}")
    # SIGTERM ends it as Ctrl-C does: what was started is stopped, what was measured is printed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failures = []
    try:
        for name in arguments.only or ROWS:
            print(name, flush=True)
            try:
                ROWS[name](bench)
            except Exception:  # noqa: BLE001 (whatever went wrong, the other rows are measured)
                traceback.print_exc()
                failures.append(name)
            except KeyboardInterrupt:
                failures.append(f"{name} and what follows it: interrupted")
                break
        if bench.rows:
            print("\n| what | measured | must reach | met |\n|---|---|---|---|")
        for what, measured, target, is_met in bench.rows:
            print(f"| {what} | {measured} | {target} | {VERDICTS[is_met]} |")
        for table in bench.tables:
            print(f"\n{table}")
        print()
        for note in bench.notes:
            print(f"- {note}")
        print(f"- machine: {machine(bench.directory)}")
    finally:
        shutil.rmtree(bench.directory, ignore_errors=True)
    for name in failures:
        print(f"NOT MEASURED: {name}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
