"""Cuts the power at every write of a recording and looks at what is left.

A program runs under recorder.c. For each point of its recording, crash states are made: what was
synced and nothing else; all that was written; and random subsets of what was not synced, in sectors
of 512 bytes. In each state the ledger must open, hold every acknowledged entry and at most one
more, with a sound chain, and balances that are the sum of the log.
"""

import os
import re
import shutil
import struct
import sys

import ledger
from agent import DATABASE, Agent
from harness import HERE, Row, Tally

SECTOR = 512
ANSWER = re.compile(rb'"decision":"award","key":"([^"]+)","entry":(\d+)')
PROBE_ANSWER = re.compile(rb"^(open|ack|error) (\d*)", re.M)


class File:
    """A file as the disk has it, and what was written since it was last synced."""

    def __init__(self):
        self.durable = bytearray()
        self.is_durable = False
        self.pending = []
        # Written before a sync that failed: it may be on the disk or not, for good.
        self.doubtful = []

    def fail(self):
        """A sync that failed: the kernel takes the writes for done, and forgets them."""
        self.doubtful += self.pending
        self.pending = []

    def sync(self):
        # The file's size is in the file system's journal, which does not forget it.
        changes = [change for change in self.doubtful if change[0] == "t"] + self.pending
        for change in changes:
            apply(self.durable, *change)
        for kind, offset, data in changes:
            end = offset + len(data) if kind == "w" else sys.maxsize
            self.doubtful = [part for old in self.doubtful for part in outside(old, offset, end)]
        self.pending = []
        self.is_durable = True

    @property
    def written(self):
        return self.doubtful + self.pending


def apply(image, kind, offset, data):
    if kind == "t":
        if len(image) > offset:
            del image[offset:]
        else:
            image.extend(bytes(offset - len(image)))
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset:offset + len(data)] = data


def outside(change, start, end):
    """The parts of a write that a later write does not cover; of a truncation there are none."""
    kind, offset, data = change
    if kind == "t":
        return []
    before = data[:max(0, start - offset)]
    after = data[max(0, end - offset):]
    parts = [("w", offset, before), ("w", offset + len(data) - len(after), after)]
    return [part for part in parts if part[2]]


def torn(change, dice):
    """What of a change reaches the disk when the power goes."""
    kind, offset, data = change
    if kind == "t":
        return [change] if dice.random() < 0.5 else []
    parts = []
    position = 0
    while position < len(data):
        end = min(len(data), (offset + position) // SECTOR * SECTOR + SECTOR - offset)
        if dice.random() < 0.5:
            parts.append(("w", offset + position, data[position:end]))
        position = end
    return parts


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    position = 0
    while position + 17 <= len(data):
        kind, number, offset, length = struct.unpack_from("<cIQI", data, position)
        position += 17
        yield kind.decode(), number, offset, data[position:position + length]
        position += length


class Recording:
    """A program's writes, and what it acknowledged between them."""

    def __init__(self, work, directory, database):
        self.database = database
        self.directory = directory
        self.log = os.path.join(work.place("recording"), "log")
        self.statuses = []

    def environment(self, recorder, **more):
        return {
            "LD_PRELOAD": recorder, "RECORD_DIR": self.directory, "RECORD_LOG": self.log, **more
        }


def record_agent(work, recorder, sale_count, **more):
    """Sells with a real agent; its housekeeping runs between the sales."""
    agent = Agent(work)
    recording = Recording(work, agent.state, agent.database)
    agent.start(**recording.environment(recorder, **more))
    for _ in range(sale_count):
        agent.sell()
    agent.stop()
    return recording, agent


def record_probe(work, recorder, sale_count, synchronous="full", recording=None, **more):
    """Sells with the ledger alone; checkpoints and HQ's acknowledgements come in between."""
    if recording is None:
        directory = work.place("probe")
        recording = Recording(work, directory, os.path.join(directory, "ledger.db"))
    environment = recording.environment(recorder, **more)
    status, _ = work.run(
        "env", *(f"{name}={value}" for name, value in environment.items()),
        work.probe, "record", recording.database, "0", str(sale_count), synchronous,
        is_checked=not more,
    )
    recording.statuses.append(status)
    return recording


class Campaign:
    """All crash states of one recording."""

    def __init__(self, work, name, recording, every, random_count, program=None):
        self.work, self.name, self.recording = work, name, recording
        self.every, self.random_count = every, random_count
        # Has the agent's own code open a state, now and then.
        self.program, self.program_every, self.opened = program, work.size(400, 150), 0
        self.dice = work.dice(name)
        self.tally = Tally()
        self.place = work.place("crash")

    def run(self):
        files, names, heard = {}, {}, Heard()
        for index, (kind, number, offset, data) in enumerate(records(self.recording.log)):
            if kind == "o":
                names[number] = data.decode()
                files.setdefault(names[number], File())
            elif kind == "u":
                files.pop(data.decode(), None)
            elif kind == "a":
                if not heard.take(data):
                    continue
            elif kind == "f":
                files[names[number]].fail()
            elif kind == "s":
                if names[number] in files:
                    files[names[number]].sync()
            elif names[number] in files:
                files[names[number]].pending.append((kind, offset, data))
            if index % self.every == 0 or kind == "a":
                self.cut(files, heard)
        self.cut(files, heard)
        self.tally.acknowledged += len(heard.acknowledged)
        return self.tally

    def cut(self, files, heard):
        """Makes the crash states of one moment."""
        self.judge({name: bytes(file.durable) for name, file in files.items()
                    if file.is_durable}, heard)
        whole = {}
        for name, file in files.items():
            image = bytearray(file.durable)
            for change in file.written:
                apply(image, *change)
            whole[name] = bytes(image)
        self.judge(whole, heard)
        for _ in range(self.random_count):
            some = {}
            for name, file in files.items():
                if not file.is_durable and self.dice.random() < 0.5:
                    continue
                image = bytearray(file.durable)
                for change in file.written:
                    for part in torn(change, self.dice):
                        apply(image, *part)
                some[name] = bytes(image)
            self.judge(some, heard)
        self.work.progress(f"{self.name}: {self.tally.tried:,} crash states")

    def judge(self, images, heard):
        shutil.rmtree(self.place, ignore_errors=True)
        os.mkdir(self.place)
        for name, image in images.items():
            if name in (self.recording.database, self.recording.database + "-wal"):
                with open(os.path.join(self.place, os.path.basename(name)), "wb") as file:
                    file.write(image)
        path = os.path.join(self.place, os.path.basename(self.recording.database))
        if self.program and self.tally.tried % self.program_every == 0:
            self.opened += 1
            self.program(self.place, heard.acknowledged, self.tally)
        self.tally.judge(
            lambda: ledger.awards(path), heard.acknowledged, 1 + heard.error_count,
            name=f"state {self.tally.tried} of {self.name}",
        )


class Heard:
    """What a program has said; the probe answers its sales in their order, from the first."""

    def __init__(self):
        self.acknowledged = {}
        self.index = self.error_count = 0

    def take(self, data):
        """Notes answers; tells whether there were any."""
        before = len(self.acknowledged), self.error_count
        for key, entry in ANSWER.findall(data):
            self.acknowledged[key.decode()] = int(entry)
        for word, number in PROBE_ANSWER.findall(data):
            if word == b"open":
                self.index = 0
                continue
            if word == b"ack":
                self.acknowledged[f"probe/{self.index}"] = int(number)
            else:
                self.error_count += 1
            self.index += 1
        return before != (len(self.acknowledged), self.error_count)


def agent_opener(work, original):
    """Starts the agent on crash states: it must answer each acknowledged sale as it did before."""
    agent = Agent(work)

    def open_state(place, acknowledged, tally):
        shutil.rmtree(agent.state)
        shutil.copytree(original.state, agent.state, ignore=shutil.ignore_patterns(DATABASE + "*"))
        for name in os.listdir(place):
            shutil.copy(os.path.join(place, name), agent.state)
        agent.acknowledged = dict(acknowledged)
        try:
            agent.start()
            for key in list(acknowledged)[-10:] + ["later/1"]:
                status, answer = agent.sell(key)
                if status != 200:
                    raise RuntimeError(f"{key}: {status} {answer}")
        except RuntimeError as error:
            tally.fault(f"the agent on a crash state: {error}")
        finally:
            agent.kill()

    return open_state


def row(work):
    """Both programs, and for each what must lose."""
    recorder = os.path.join(work.place("recorder"), "recorder.so")
    work.run(
        "cc", "-shared", "-fPIC", "-O2", "-o", recorder, os.path.join(HERE, "recorder.c"), "-ldl")
    yield agent_row(work, recorder)
    yield probe_row(work, recorder)
    yield sync_row(work, recorder)


def agent_row(work, recorder):
    every, random_count = work.size(1, 5), work.size(2, 1)
    recording, agent = record_agent(work, recorder, work.size(200, 70))
    campaign = Campaign(
        work, "the agent", recording, every, random_count, agent_opener(work, agent))
    tally = campaign.run()
    recording, _ = record_agent(work, recorder, work.size(100, 40), RECORD_NO_SYNC="1")
    control = Campaign(work, "the agent without syncs", recording, every, random_count).run()
    return Row(
        "power cut at every write of the agent: unsynced sectors kept, lost, torn", tally,
        f"{tally.tried:,} crash states, {campaign.opened} of them opened by the agent",
        f"syncs swallowed: {control.lost:,} of {control.tried:,} states lost awards,"
        f" {control.corrupt:,} corrupt",
        control.lost > 0,
    )


def probe_row(work, recorder):
    every, random_count = work.size(2, 7), work.size(2, 1)
    results = {}
    for synchronous in ("full", "normal", "off"):
        recording = record_probe(work, recorder, work.size(200, 90), synchronous)
        results[synchronous] = Campaign(
            work, f"the ledger with synchronous={synchronous}", recording, every, random_count
        ).run()
    full, normal, off = results["full"], results["normal"], results["off"]
    return Row(
        "the same of the ledger alone, with checkpoints and HQ's acknowledgements", full,
        f"{full.tried:,} crash states",
        f"NORMAL: {normal.lost:,} of {normal.tried:,} lost; OFF: {off.lost:,} of {off.tried:,}"
        f" lost, {off.corrupt:,} corrupt",
        normal.lost > 0 and off.lost > 0,
    )


def sync_row(work, recorder):
    """A sync that does not happen, a new start, every sale again, and then the power cut."""
    tally, control = Tally(), Tally()
    counts = {}
    for what, judge in (("kill", tally), ("fail", tally), ("hide", control)):
        counts[what] = sync_series(work, recorder, what, judge)
    return Row(
        "kill -9 at the n-th sync, or EIO there and the writes gone; all sales sent again to a new"
        " start; then a power cut", tally,
        f"{tally.tried:,} crash states of {counts['kill']} kills and {counts['fail']} failures",
        f"the failure hidden: {control.lost:,} of {control.tried:,} states lost awards",
        control.lost > 0,
    )


def sync_series(work, recorder, what, tally):
    """n = 1, 2, 3, … until a run in which nothing was hit; returns how many were."""
    sale_count, when = work.size(20, 6), 0
    while True:
        when += 1
        recording = record_probe(
            work, recorder, sale_count, RECORD_AT_SYNC=when, RECORD_DO=what)
        has_failed = any(kind == "f" for kind, *_ in records(recording.log))
        if not has_failed and recording.statuses == [0]:
            break
        record_probe(work, recorder, sale_count, recording=recording)
        campaign = Campaign(
            work, f"{what} at sync {when}", recording, work.size(3, 20), work.size(2, 1))
        campaign.tally = tally
        campaign.run()
    if when == 1:
        tally.fault(f"{what}: nothing was hit, which proves nothing")
    work.say(f"{what} at the n-th sync, n = 1 to {when - 1}: {tally.lost} states lost awards")
    return when - 1
