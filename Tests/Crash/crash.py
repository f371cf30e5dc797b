#!/usr/bin/env python3
"""Cuts the power at every write of the ledger and looks at what is left.

    Tests/Crash/crash.py .build/debug/ledgerprobe            the short form, for every commit
    Tests/Crash/crash.py --awards 400 --random 4 --every 1 .build/release/ledgerprobe

The program runs under recorder.c. For each point of its recording, crash states are made: what was
synced and nothing else; all that was written; and random subsets of what was not synced, in sectors
of 512 bytes. In each state the ledger must open, hold every acknowledged entry and at most one
more, with a sound chain, and balances that are the sum of the log.

The same with synchronous=NORMAL and OFF must lose entries, or this proves nothing: both are run as
controls, and a control that loses nothing fails the run. Needs cc and python3.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

SECTOR = 512


class File:
    """A file as the disk has it, and what was written since it was last synced."""

    def __init__(self):
        self.durable = bytearray()
        self.is_durable = False
        self.pending = []

    def sync(self):
        for change in self.pending:
            apply(self.durable, *change)
        self.pending = []
        self.is_durable = True


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
    data = open(path, "rb").read()
    position = 0
    while position + 17 <= len(data):
        kind, file, offset, length = struct.unpack_from("<cIQI", data, position)
        position += 17
        yield kind.decode(), file, offset, data[position:position + length]
        position += length


def inspect(path):
    """The last entry's number; raises if the ledger is not sound."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
        if "log" not in tables:
            return 0
        found = [row for (row,) in db.execute("PRAGMA integrity_check")]
        if found != ["ok"]:
            raise ValueError(found[0])
        meta = db.execute("SELECT device, epoch, publicKey, nonce FROM meta").fetchone()
        if meta is None:
            return 0
        device, epoch, key, nonce = meta
        chain = hashlib.sha256(
            b"stampd/log/v1" + device.encode() + struct.pack(">I", epoch) + key + nonce).digest()
        last, held = 0, {}
        for sequence, body, stored in db.execute("SELECT * FROM log ORDER BY sequence"):
            if sequence != last + 1:
                raise ValueError(f"entry {last + 1} is missing")
            chain = hashlib.sha256(
                b"\x01" + chain + struct.pack(">QI", sequence, len(body)) + body).digest()
            if chain != stored:
                raise ValueError(f"entry {sequence} breaks the chain")
            last = sequence
            entry = json.loads(body)
            for asset, bucket, amount in entry.get("post", []):
                place = (int(entry["member"]), asset, bucket)
                held[place] = held.get(place, 0) + amount
        rows = {tuple(row[:3]): row[3] for row in db.execute("SELECT * FROM holding")}
        if rows != held:
            raise ValueError("balances are not the sum of the log")
        sales = [row for (row,) in db.execute("SELECT sequence FROM sale ORDER BY sequence")]
        if len(sales) != max(0, last - 1):
            raise ValueError(f"{len(sales)} sales for {last - 1} awards")
        return last
    finally:
        db.close()


class Campaign:
    def __init__(self, options, synchronous, probe, work):
        self.options = options
        self.synchronous = synchronous
        self.probe = probe
        self.work = work
        self.dice = random.Random(options.seed)
        self.states = self.lost = self.corrupt = self.invented = self.checked = 0
        self.stillborn = 0
        self.first_fault = None

    def record(self, recorder):
        store = os.path.join(self.work, "store-" + self.synchronous)
        log = os.path.join(self.work, "log-" + self.synchronous)
        os.mkdir(store)
        self.database = os.path.join(store, "ledger.db")
        environment = dict(
            os.environ, LD_PRELOAD=recorder, RECORD_DIR=store, RECORD_LOG=log)
        subprocess.run(
            [self.probe, "record", self.database, "0", str(self.options.awards),
             self.synchronous],
            env=environment, check=True, stdout=subprocess.DEVNULL)
        return log

    def run(self, log):
        files, names, acknowledged = {}, {}, 0
        for index, (kind, number, offset, data) in enumerate(records(log)):
            if kind == "o":
                names[number] = data.decode()
                files.setdefault(names[number], File())
            elif kind == "u":
                files.pop(data.decode(), None)
            elif kind == "a":
                words = data.decode().split()
                if words[0] == "ack":
                    acknowledged = max(acknowledged, int(words[1]))
            elif kind == "s":
                if names[number] in files:
                    files[names[number]].sync()
            else:
                files[names[number]].pending.append((kind, offset, data))
            if index % self.options.every == 0 or kind == "a":
                self.cut(files, acknowledged)
        self.cut(files, acknowledged)

    def cut(self, files, acknowledged):
        """Makes the crash states of one moment."""
        self.judge({name: bytes(file.durable) for name, file in files.items()
                    if file.is_durable}, acknowledged)
        whole = {}
        for name, file in files.items():
            image = bytearray(file.durable)
            for change in file.pending:
                apply(image, *change)
            whole[name] = bytes(image)
        self.judge(whole, acknowledged)
        for _ in range(self.options.random):
            some = {}
            for name, file in files.items():
                if not file.is_durable and self.dice.random() < 0.5:
                    continue
                image = bytearray(file.durable)
                for change in file.pending:
                    for part in torn(change, self.dice):
                        apply(image, *part)
                some[name] = bytes(image)
            self.judge(some, acknowledged)

    def judge(self, images, acknowledged):
        self.states += 1
        place = os.path.join(self.work, "crash")
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place)
        for name, image in images.items():
            if name.startswith(self.database) and not name.endswith(".lock"):
                with open(os.path.join(place, os.path.basename(name)), "wb") as file:
                    file.write(image)
        path = os.path.join(place, "ledger.db")
        if self.synchronous == "full" and self.states % self.options.probe_every == 0:
            self.ask_agent(path, acknowledged)
            return
        try:
            recovered = inspect(path)
        except (sqlite3.Error, ValueError) as error:
            if acknowledged == 0:
                self.stillborn += 1
            self.fault(f"{acknowledged} acknowledged: {error}")
            self.corrupt += 1
            return
        self.compare(recovered, acknowledged)

    def ask_agent(self, path, acknowledged):
        """Has the agent's own code open the state, now and then."""
        said = subprocess.run([self.probe, "verify", path], capture_output=True, text=True)
        self.checked += 1
        last = [line for line in said.stdout.splitlines() if line.startswith("sound ")]
        if not last:
            self.corrupt += 1
            self.fault(f"{acknowledged} acknowledged: {said.stdout.strip()}")
            return
        recovered = int(last[0].split()[1])
        # Opening a ledger that has no boot yet writes one.
        self.compare(recovered if acknowledged else min(recovered, 1), acknowledged)

    def compare(self, recovered, acknowledged):
        if recovered < acknowledged:
            self.lost += 1
            self.fault(f"{acknowledged} acknowledged, {recovered} recovered")
        elif recovered > max(acknowledged, 1) + 1:
            self.invented += 1
            self.fault(f"{acknowledged} acknowledged, {recovered} recovered")

    def fault(self, words):
        self.first_fault = self.first_fault or words

    def report(self):
        print(f"synchronous={self.synchronous:6} {self.states} crash states"
              f" ({self.checked} opened by the agent): {self.lost} lost an acknowledged entry,"
              f" {self.corrupt} corrupt ({self.stillborn} before the first award),"
              f" {self.invented} with entries too many", flush=True)
        if self.first_fault and self.synchronous == "full":
            print(f"  first: {self.first_fault}")

    @property
    def is_clean(self):
        return not (self.lost or self.corrupt or self.invented)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probe", help="the built ledgerprobe")
    parser.add_argument("--awards", type=int, default=90)
    parser.add_argument("--random", type=int, default=1, help="random states at each point")
    parser.add_argument("--every", type=int, default=7, help="a cut at each n-th record")
    parser.add_argument("--probe-every", type=int, default=200,
                        help="each n-th state is opened by the agent's code")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    here = os.path.dirname(os.path.abspath(__file__))
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    work = tempfile.mkdtemp(prefix="stampd-crash-", dir=base)
    try:
        recorder = os.path.join(work, "recorder.so")
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O2", "-o", recorder,
             os.path.join(here, "recorder.c"), "-ldl"], check=True)
        ok = True
        for synchronous in ("full", "normal", "off"):
            campaign = Campaign(options, synchronous, os.path.abspath(options.probe), work)
            campaign.run(campaign.record(recorder))
            campaign.report()
            if synchronous == "full":
                ok &= campaign.is_clean
            elif not campaign.lost:
                print(f"  the control {synchronous} lost nothing: this run proves nothing")
                ok = False
        return 0 if ok else 1
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
