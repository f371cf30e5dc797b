"""Reads a ledger without the project's code: a shared mistake would show."""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import struct


class Doubled(ValueError):
    """One sale has two awards."""


def awards(path):
    """The sales' keys and entries of a sound ledger.

    Raises ValueError unless the file, the chain, the balances and the answers agree. Opening takes
    in the write-ahead log; where that must not be, read a copy.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
            if "log" not in tables:
                return {}
            finding = check(db, "integrity_check")
            if finding:
                raise ValueError(finding)
            return booked(db, chained(db))
    except sqlite3.Error as error:
        raise ValueError(str(error)) from None


def copied_awards(path, place):
    """The same of a copy, so that the ledger itself finds what the fault has left."""
    copy = os.path.join(place, "copy.sqlite")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(copy + "-wal")
    if not os.path.exists(path):
        return {}
    shutil.copyfile(path, copy)
    if os.path.exists(path + "-wal"):
        shutil.copyfile(path + "-wal", copy + "-wal")
    return awards(copy)


def check(db, pragma):
    """What SQLite's own check finds first, or None."""
    found = [row for (row,) in db.execute(f"PRAGMA {pragma}(1)")]
    return None if found == ["ok"] else str(found[0] if found else "it says nothing")


def chained(db):
    """The log's entries by number; raises ValueError where they do not follow from each other."""
    meta = db.execute("SELECT device, epoch, publicKey, nonce FROM meta").fetchone()
    if meta is None:
        return {}
    device, epoch, key, nonce = meta
    try:
        chain = hashlib.sha256(
            b"stampd/log/v1" + device.encode() + struct.pack(">I", epoch) + key + nonce).digest()
        entries = {}
        rows = db.execute("SELECT sequence, body, hash FROM log ORDER BY sequence")
        for sequence, body, stored in rows:
            if sequence != len(entries) + 1:
                raise ValueError(f"entry {len(entries) + 1} is missing")
            chain = hashlib.sha256(
                b"\x01" + chain + struct.pack(">QI", sequence, len(body)) + body).digest()
            if chain != stored:
                raise ValueError(f"entry {sequence} breaks the chain")
            entries[sequence] = json.loads(body)
        return entries
    except (AttributeError, TypeError, struct.error) as error:
        raise ValueError(f"a value of another type: {error}") from None


def booked(db, entries):
    """The awards among entries; raises ValueError unless all that follows from them is there."""
    held, keys = {}, {}
    for sequence, entry in entries.items():
        if entry["type"] != "award":
            continue
        if entry["key"] in keys:
            first = keys[entry["key"]]
            raise Doubled(f"{entry['key']} was awarded twice: {first} and {sequence}")
        keys[entry["key"]] = sequence
        for asset, bucket, amount in entry["post"]:
            place = (int(entry["member"]), asset, bucket)
            held[place] = held.get(place, 0) + amount
    rows = {tuple(row[:3]): row[3] for row in db.execute("SELECT * FROM holding")}
    if rows != held:
        raise ValueError("balances are not the sum of the log")
    if dict(db.execute("SELECT key, sequence FROM sale")) != keys:
        raise ValueError("the answers to sales are not those of the log")
    return keys
