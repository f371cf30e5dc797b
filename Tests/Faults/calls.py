"""Kills the ledger's process at its n-th system call, or has that call fail; n = 1, 2, 3, ….

strace counts a call for each thread. A new ledger is made on the caller's thread and works on one
of its own; so both a new ledger and one that is there already are tried, each until a run in which
nothing was hit.
"""

import concurrent.futures
import os
import re
import shutil
import signal

import ledger
from harness import Row, Tally

# n = 1, 2, 3, … must end somewhere; a hundred times what 20 awards take.
CALL_COUNT_MAX = 50_000


class Series:
    """One fault at one call, at each place where it can happen."""

    def __init__(self, work, tally, call, fault, sale_count, is_new):
        self.work, self.tally = work, tally
        self.call, self.fault, self.sale_count, self.is_new = call, fault, sale_count, is_new
        self.name = f"{call} {fault}, {'a new' if is_new else 'an old'} ledger"
        self.hit_count = 0
        self.first = 0
        if not is_new:
            self.template = work.place("template")
            said = self.record(os.path.join(self.template, "ledger.db"), 0, 3)
            self.first = len(said.acknowledged)

    def run(self, judge):
        """Tries n = 1, 2, 3, … two at a time, until nothing is hit any more."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            step = os.cpu_count() or 1
            for start in range(1, CALL_COUNT_MAX, step):
                runs = list(pool.map(self.attempt, range(start, start + step)))
                for attempt in runs:
                    if attempt.is_hit:
                        self.hit_count += 1
                        judge(attempt, self.tally)
                    shutil.rmtree(attempt.place)
                self.work.progress(f"{self.name}: n = {start}")
                if not all(attempt.is_hit for attempt in runs):
                    break
        self.work.say(f"{self.name}: hit at n = 1 to {self.hit_count}, then a clean run")
        if self.hit_count == 0:
            self.tally.fault(f"{self.name}: nothing was hit, which proves nothing")

    def attempt(self, when):
        return Attempt(self, when)

    def record(self, path, first, count, *before):
        status, lines = self.work.run(
            *before, self.work.probe, "record", path, str(first), str(count), is_checked=False)
        return Said(status, lines, first)


class Said:
    """What the probe said; its answers are in the order of the sales."""

    def __init__(self, status, lines, first):
        self.status, self.lines = status, lines
        self.has_opened = any(line.startswith("open ") for line in lines)
        answers = [line.split() for line in lines if re.match("ack |error ", line)]
        self.errors = [words for words in answers if words[0] == "error"]
        self.acknowledged = {
            f"probe/{index}": int(words[1])
            for index, words in enumerate(answers, first) if words[0] == "ack"
        }


class Attempt:
    """One run with one fault; then the same sales again, by a process that meets none."""

    def __init__(self, series, when):
        self.name = f"{series.name}, n = {when}"
        self.series = series
        self.place = series.work.place("call")
        path = os.path.join(self.place, "ledger.db")
        if not series.is_new:
            shutil.copy(os.path.join(series.template, "ledger.db"), path)
        trace = os.path.join(self.place, "trace")
        # strace 6.1 miscounts where it injects a signal and lets a filter choose the calls.
        filtered = [] if "signal" in series.fault else ["--seccomp-bpf"]
        self.said = series.record(
            path, series.first, series.sale_count, "strace", *filtered, "--follow-forks",
            "--quiet=all", "--output", trace, "--trace", series.call,
            "--inject", f"{series.call}:{series.fault}:when={when}",
        )
        with open(trace) as lines:
            self.is_hit = self.said.status == -signal.SIGKILL or "(INJECTED)" in lines.read()
        self.before = {f"probe/{index}": index + 2 for index in range(series.first)}
        self.found = self.read(path)
        # As a till does: what got no answer is sent again.
        self.again = series.record(path, 0, series.first + series.sale_count)
        self.final = self.read(path)
        self.all_keys = {
            f"probe/{index}" for index in range(series.first + series.sale_count)}

    def read(self, path):
        try:
            return ledger.copied_awards(path, self.place)
        except ValueError as error:
            return error

    def judge(self, tally, surplus_max):
        acknowledged = {**self.before, **self.said.acknowledged}
        tally.acknowledged += len(self.said.acknowledged)
        tally.judge(self.told(self.found), acknowledged, surplus_max, self.name)
        if isinstance(self.final, ValueError):
            tally.fault(f"{self.name}: after a new start: {self.final}")
        elif set(self.final) != self.all_keys or self.again.acknowledged != self.final:
            tally.fault(f"{self.name}: sent again, not every sale had one award")

    @staticmethod
    def told(found):
        def read():
            if isinstance(found, ValueError):
                raise found
            return found
        return read


def judge_killed(attempt, tally):
    attempt.judge(tally, surplus_max=1)


def judge_failed(attempt, tally):
    """An error acknowledges nothing; the sales after it are recorded by the same process."""
    said = attempt.said
    attempt.judge(tally, surplus_max=len(said.errors))
    if not said.has_opened:
        if not said.errors:
            tally.fault(f"{attempt.name}: it ended without a word: {said.lines}")
        return  # a refusal to open; the new start has healed it, or `judge` has said so
    answered = len(said.acknowledged) + len(said.errors)
    if answered != attempt.series.sale_count:
        tally.fault(f"{attempt.name}: {answered} answers to {attempt.series.sale_count} sales")
    if len(said.errors) > 2:
        tally.fault(f"{attempt.name}: it did not recover by itself: {said.errors[:3]}")


def row_of(work, fault, verb, plan, judge):
    tally = Tally()
    counts = []
    for call, what in plan:
        for is_new in (True, False):
            count = work.size(20, 4)
            series = Series(work, tally, call, what, count, is_new)
            series.run(judge)
            counts.append(series.hit_count)
    return Row(fault, tally, f"{tally.tried:,} {verb}, each n until a clean run")


def kill_row(work):
    """kill -9 at each sync and each write."""
    plan = [("fdatasync", "signal=KILL"), ("pwrite64", "signal=KILL")]
    yield row_of(work, "kill -9 at the n-th fdatasync, at the n-th pwrite64", "kills", plan,
                 judge_killed)


def fail_row(work):
    """Each sync and each write fails once."""
    plan = [
        ("fdatasync", "error=EIO"), ("pwrite64", "error=EIO"), ("pwrite64", "error=ENOSPC"),
    ]
    yield row_of(work, "EIO at the n-th fdatasync and pwrite64, ENOSPC at the n-th pwrite64",
                 "failures", plan, judge_failed)
