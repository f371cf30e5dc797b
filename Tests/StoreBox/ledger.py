"""Reads the agent's and HQ's files without the project's code: a shared mistake would show."""

import collections
import hashlib
import json
import os
import sqlite3

Award = collections.namedtuple("Award", "sequence member")


class LedgerCopy:
    """A store's ledger, copied out of the guest while the agent was stopped."""

    def __init__(self, database):
        with open_copy(database) as file:
            device, epoch, key, nonce = file.execute(
                "SELECT device, epoch, publicKey, nonce FROM meta"
            ).fetchone()
            self.rows = file.execute(
                "SELECT sequence, body, hash FROM log ORDER BY sequence"
            ).fetchall()
            self.received = file.execute("SELECT received FROM watermark").fetchone()[0]
            self.integrity = file.execute("PRAGMA integrity_check").fetchone()[0]
        self.genesis = hashlib.sha256(
            b"stampd/log/v1" + device.encode() + epoch.to_bytes(4, "big") + key + nonce
        ).digest()

    @property
    def awards(self):
        return awards_of(self.rows)

    def chain_error(self):
        """Where the hash chain (SYNC.md 2.1) breaks first, or None."""
        hash = self.genesis
        for index, (sequence, body, stored) in enumerate(self.rows, 1):
            if sequence != index:
                return f"entry {index} is missing: found {sequence}"
            length = len(body).to_bytes(4, "big")
            hash = hashlib.sha256(
                b"\x01" + hash + sequence.to_bytes(8, "big") + length + body
            ).digest()
            if hash != stored:
                return f"entry {sequence} has another hash than its chain"
        return None


class HQCopy:
    """HQ's book, copied out of the guest while HQ was stopped."""

    def __init__(self, database):
        with open_copy(database) as file:
            self.rows = file.execute(
                "SELECT sequence, body, hash FROM entry ORDER BY log, sequence"
            ).fetchall()
            self.logs = file.execute("SELECT count(*) FROM log").fetchone()[0]
            self.quarantined = file.execute("SELECT sequence, code FROM quarantine").fetchall()
            self.stamps = dict(
                file.execute("SELECT member, sum(amount) FROM balance GROUP BY member")
            )

    @property
    def awards(self):
        return awards_of(self.rows)


def awards_of(rows):
    """The awards among log lines."""
    lines = [(sequence, json.loads(body)) for sequence, body, _ in rows]
    return [
        Award(sequence, int(line["member"])) for sequence, line in lines if line["type"] == "award"
    ]


def open_copy(path):
    """Opens a copied database; SQLite takes in what its write-ahead log holds."""
    assert os.path.getsize(path) > 0, f"{path} is empty"
    return sqlite3.connect(path)
