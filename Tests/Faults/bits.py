"""Flips one bit of a ledger's file, and looks who finds it, and what the ledger makes of it."""

import concurrent.futures
import contextlib
import json
import os
import shutil
import sqlite3

import ledger
from harness import Row, Tally


# What HQ gets, and by what it knows whose it is.
THE_LOG = {"log", "whose log"}


def row(work):
    place = work.place("bits")
    path = os.path.join(place, "ledger.db")
    work.run(work.probe, "refund", path, "0", "120")
    with open(path, "rb") as file:
        whole = file.read()
    with open(path + ".mark", "rb") as file:
        mark = file.read()
    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = contents(db)
    count, dice = work.size(4_000, 300), work.dice("bits")
    bits = dice.sample(range(len(whole) * 8), count)
    flips = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for flip in pool.map(lambda bit: Flip(work, whole, mark, bit, rows), bits):
            flips.append(flip)
            work.progress(f"{len(flips):,} of {count:,} bits")
    yield judged(flips)


class Flip:
    """One bit, what it changed, and who found it."""

    def __init__(self, work, whole, mark, bit, rows):
        self.bit = bit
        self.place = work.place("flip")
        path = os.path.join(self.place, "ledger.db")
        image = bytearray(whole)
        image[bit // 8] ^= 1 << bit % 8
        with open(path, "wb") as file:
            file.write(image)
        with open(path + ".mark", "wb") as file:
            file.write(mark)
        # The ledger first, for it may write.
        status, self.said = work.run(work.probe, "verify", path, is_checked=False)
        self.is_crash = status not in (0, 1)
        if status == 1:
            # What is found while running is mended at the next start.
            status, self.said = work.run(work.probe, "verify", path, is_checked=False)
        self.is_salvaged = any(line.startswith("salvaged ") for line in self.said)
        self.is_found = self.is_salvaged or status == 1
        self.is_refused = status == 1
        self.problem = mended(work, path, rows) if self.is_salvaged else None
        for name in os.listdir(self.place):
            os.unlink(os.path.join(self.place, name))
        with open(path, "wb") as file:
            file.write(image)
        self.changed = changed(path, rows)
        self.by_quick_check = finds(path, lambda db: ledger.check(db, "quick_check"))
        self.by_integrity_check = finds(path, lambda db: ledger.check(db, "integrity_check"))
        self.by_chain = finds(path, lambda db: ledger.chained(db) and None)
        shutil.rmtree(self.place)


def mended(work, path, rows):
    """What is wrong with a ledger that was salvaged, or None.

    Each award of the old log must be there as it was, or be told as lost; a new one must go in.
    """
    _, said = work.run(work.probe, "record", path, "100000", "1", is_checked=False)
    if not any(line.startswith("ack ") for line in said):
        return f"it does not record: {said}"
    entries = {sequence: json.loads(body) for sequence, body, _ in rows["log"]}
    # What HQ has acknowledged it has, whatever became of the line here.
    received = rows["watermark"][0][1]
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        bodies = [body for (body,) in db.execute(
            "SELECT body FROM earlierLog l WHERE NOT EXISTS (SELECT 1 FROM earlier e JOIN epoch p"
            " ON p.epoch = e.epoch WHERE e.first > 1 AND l.number = p.base + e.first)"
            " UNION ALL SELECT body FROM log")]
    found = [json.loads(body) for body in bodies]
    awards, lost = {}, set()
    for entry in found:
        if entry["type"] == "award":
            if entry["key"] in awards:
                return f"{entry['key']} was awarded twice"
            awards[entry["key"]] = entry
        elif entry["type"] == "lost":
            lost.update(range(entry["from"], entry["to"] + 1))
    for sequence, old in entries.items():
        if old["type"] != "award" or sequence in lost:
            continue
        new = awards.get(old["key"])
        if new is None and sequence <= received:
            continue
        if new is None:
            return f"entry {sequence} is gone and was not told as lost"
        if any(new[name] != old[name] for name in ("member", "in", "post", "wallMs")):
            return f"{old['key']} reads differently"
    return None


def finds(path, look):
    """Whether a look at the file finds it damaged.

    The file is opened for writing: SQLite checks no CHECK constraint of a file that it only reads.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            return bool(look(db))
    except (sqlite3.Error, ValueError, KeyError):
        return True


def changed(path, rows):
    """The tables whose rows read differently; all of them if the file cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            now = contents(db)
    except (sqlite3.Error, UnicodeDecodeError):
        return set(rows)
    return {name for name in rows.keys() | now.keys() if rows.get(name) != now.get(name)}


def contents(db):
    """All rows of all tables, or that one cannot be read; the log's identity apart from the count
    beside it."""
    db.text_factory = lambda text: text.decode(errors="surrogateescape")
    tables = [name for (name,) in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    rows = {name: read(db, f'SELECT * FROM "{name}"') for name in tables}
    rows["whose log"] = read(db, "SELECT device, epoch, publicKey, nonce FROM meta")
    return rows


def read(db, select):
    """A table's rows in order; what SQLite says if it cannot read them, which is no row of any."""
    try:
        return sorted(db.execute(select), key=repr)
    except sqlite3.DatabaseError as error:
        return str(error)


def judged(flips):
    tally = Tally()
    changing = [flip for flip in flips if flip.changed]
    in_log = [flip for flip in changing if flip.changed & THE_LOG]
    beside = [flip for flip in changing if not flip.changed & THE_LOG]
    tally.tried = len(flips)
    for flip in flips:
        if flip.is_crash:
            tally.fault(f"bit {flip.bit}: the ledger crashed: {flip.said}")
        if flip.is_refused and (flip.is_salvaged or flip.changed & THE_LOG):
            tally.fault(f"bit {flip.bit}: two starts did not mend it: {flip.said}")
        if flip.problem:
            tally.lost += 1
            tally.note(f"bit {flip.bit}: {flip.problem}")
    for flip in in_log:
        if not flip.is_found:
            tally.corrupt += 1
            tally.note(f"bit {flip.bit} changes {sorted(flip.changed)}: {flip.said}")
    if not in_log:
        tally.fault("no bit changed the log: this row proves nothing")
    missed = sum(not flip.by_quick_check for flip in in_log)
    return Row(
        "one bit of the file flips, anywhere; corrupt: the log reads differently, and the ledger"
        " goes on as if it did not; lost: an award is neither there nor told as lost", tally,
        f"{len(flips):,} bits, of which {len(in_log):,} change the log; "
        f"{sum(flip.is_salvaged for flip in flips):,} salvaged",
        f"quick_check alone: {missed:,} of {len(in_log):,} missed", missed > 0,
        note=f"Of the {len(in_log):,} bits that change the log, the chain alone finds"
        f" {sum(flip.by_chain for flip in in_log):,}. {len(beside):,} change only rows beside it"
        f" (answers to sales, balances, visits): integrity_check finds"
        f" {sum(flip.by_integrity_check for flip in beside):,} of them, quick_check"
        f" {sum(flip.by_quick_check for flip in beside):,}, the ledger with every"
        f" answer and every balance of points read"
        f" {sum(flip.is_found for flip in beside):,}."
        f" {len(flips) - len(changing):,} change no row.",
    )
