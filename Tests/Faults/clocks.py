"""The wall clock jumps under a running agent, and is wrong when one starts."""

import contextlib
import glob
import json
import os
import sqlite3
import time

import ledger
from agent import Agent
from harness import Row, Tally

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
# Source: StampAgent's TimeFloor.firstStoreAt, 2025-01-01.
FLOOR_MS = 1_735_689_600_000
DAY_S = 86_400
# How libfaketime is told, and by how many seconds the clock is then off; None is below the floor.
JUMPS = {
    "+400d": 400 * DAY_S, "-30d": -30 * DAY_S, "+7300d": 7300 * DAY_S, "-1h": -3600,
    "@1970-01-01 00:00:10": None, "@2000-01-01 00:00:00": None,
}
JUST_NOW = "+0"
# Both ends of a sale are asked for the time; a busy machine may stop in between.
SLACK_MS = 20_000


def row(work):
    libraries = glob.glob(LIBRARIES)
    if not libraries:
        raise RuntimeError(f"no {LIBRARIES}: install libfaketime")
    tally = Tally()
    for turn in range(work.size(10, 2)):
        jumps = list(JUMPS)
        work.dice(f"clock {turn}").shuffle(jumps)
        store = Store(work, libraries[0], [JUST_NOW, *jumps], tally)
        store.jump_about()
        store.check()
        tally.acknowledged += len(store.agent.acknowledged)
        work.progress(f"{tally.tried} jumps")
    yield Row(
        "the wall clock jumps: an hour, 30 and 400 days, 20 years, back to 1970 and 2000", tally,
        f"{tally.tried} jumps, half of them while the agent was off",
    )


class Store:
    """An agent under clocks that jump."""

    def __init__(self, work, library, jumps, tally):
        self.agent, self.jumps, self.tally = Agent(work), jumps, tally
        self.clock = os.path.join(self.agent.directory, "clock")
        self.environment = {
            "LD_PRELOAD": library, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
            "FAKETIME_TIMESTAMP_FILE": self.clock,
        }
        self.expected = []

    def jump_about(self):
        """Jumps while the agent runs; then the agent starts under each clock."""
        self.set_clock(JUST_NOW)
        with self.running():
            for jump in self.jumps:
                self.set_clock(jump)
                self.sell(jump)
        for jump in self.jumps[1:]:
            self.set_clock(jump)
            with self.running():
                self.sell(jump)

    @contextlib.contextmanager
    def running(self):
        try:
            self.agent.start(**self.environment)
            yield
            self.agent.stop()
        finally:
            self.agent.kill()
            # libfaketime leaves these when its process is killed.
            for name in ("faketime_shm_", "sem.faketime_sem_"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"/dev/shm/{name}{self.agent.process.pid}")

    def set_clock(self, jump):
        with open(self.clock + ".new", "w") as file:
            file.write(jump + "\n")
        os.rename(self.clock + ".new", self.clock)

    def sell(self, jump):
        """Always the same member: each sale earns, and the whole run is one visit."""
        status, answer = self.agent.sell(member=5)
        self.expected.append((jump, time.time() * 1000))
        self.tally.tried += jump != JUST_NOW
        if status != 200 or answer["decision"] != "award":
            self.tally.fault(f"at {jump}: {status} {answer}")

    def check(self):
        """Every sale is there, and each entry says what its clock was worth."""
        agent, tally = self.agent, self.tally
        tally.tried -= 1
        tally.judge(
            lambda: ledger.copied_awards(agent.database, agent.directory), agent.acknowledged,
            surplus_max=0, name="clock",
        )
        copy = os.path.join(agent.directory, "copy.sqlite")
        with contextlib.closing(sqlite3.connect(copy)) as db:
            rows = db.execute("SELECT body FROM log ORDER BY sequence").fetchall()
        entries = [json.loads(body) for (body,) in rows]
        awards = [entry for entry in entries if entry["type"] == "award"]
        for (jump, sold_ms), entry in zip(self.expected, awards):
            offset_s = 0 if jump == JUST_NOW else JUMPS[jump]
            is_flagged = entry["clock"] == "floor"
            if is_flagged != (offset_s is None):
                tally.fault(f"at {jump}: the entry's clock is {entry['clock']}")
            at_ms = FLOOR_MS if offset_s is None else sold_ms + offset_s * 1000
            if abs(entry["wallMs"] - at_ms) > SLACK_MS:
                tally.fault(f"at {jump}: the entry's time is {entry['wallMs']}")
        stamps = sum(post[0] == "stamps/guarded" for entry in awards for post in entry["post"])
        if stamps != 1:
            tally.fault(f"one visit within its window of 20 hours was stamped {stamps} times")
        for name in ("bootMs", "hlc"):
            values = [entry[name] for entry in entries]
            if values != sorted(values):
                tally.fault(f"{name} goes back: {values}")
