#!/usr/bin/env python3
"""Checks a draw without any program of ours: needs Python 3 and nothing else.

Usage: verify-draw.py PROOF TICKETS [ANNOUNCEMENT]
       verify-draw.py PROOF TICKETS --member NUMBER SECRET
Ends with 0 if the draw was run as announced, and with 1 and the first thing that does not fit otherwise.
docs/protocol.md describes the three files.
"""

import bisect
import hashlib
import hmac
import itertools
import json
import re
import sys


def line_of(value):
    """The one way in which our files write a value."""
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_tickets(data):
    """The names and the counts, line by line."""
    names, counts = [], []
    for number, line in enumerate(data.decode("ascii").splitlines(keepends=True), 1):
        if not re.fullmatch(r"[0-9a-f]{32} [1-9][0-9]{0,9}\n", line):
            raise ValueError(f"line {number} of the ticket list is malformed")
        if names and line[:32] <= names[-1]:
            raise ValueError(f"line {number} of the ticket list is out of order")
        names.append(line[:32])
        counts.append(int(line[33:]))
        if counts[-1] > 1_000_000_000:
            raise ValueError(f"line {number} of the ticket list has too many tickets")
    return names, counts


def random_numbers(seed, announcement, tickets_sha256, public_value):
    """HMAC-SHA256 by the seed over what was published and a counter; the first 64 bits of each."""
    text = f"stampd draw 1\n{sha256(line_of(announcement))}\n{tickets_sha256}\n{public_value or ''}\n"
    for count in itertools.count():
        digest = hmac.new(seed, f"{text}{count}".encode(), hashlib.sha256).digest()
        yield int.from_bytes(digest[:8], "big")


def draw(announcement, seed, names, counts, tickets_sha256, public_value):
    """The winners, the first prize first."""
    ends = list(itertools.accumulate(counts))
    numbers = random_numbers(seed, announcement, tickets_sha256, public_value)
    gone = []  # runs of tickets that cannot win any more, in order: (first, count)
    winners = []
    for prize in announcement["prizes"]:
        for _ in range(prize["winners"]):
            left = (ends[-1] if ends else 0) - sum(count for _, count in gone)
            if left == 0:
                return winners
            # A number from the last, incomplete run of `left` below 2^64 would favour low tickets.
            ticket = next(n for n in numbers if n < 2**64 - 2**64 % left) % left
            for first, count in gone:
                if first > ticket:
                    break
                ticket += count
            line = bisect.bisect_right(ends, ticket)
            winners.append({"prize": prize["name"], "ticket": ticket, "name": names[line]})
            run = (ends[line] - counts[line], counts[line]) if announcement["winsOnce"] else (ticket, 1)
            bisect.insort(gone, run)
    return winners


def verify(proof_file, tickets_file, announcement_file=None):
    with open(proof_file, "rb") as file:
        proof = json.loads(file.read())
    with open(tickets_file, "rb") as file:
        tickets = file.read()
    announcement = proof["announcement"]
    if announcement_file is not None:
        with open(announcement_file, "rb") as file:
            if file.read().rstrip() != line_of(announcement).rstrip():
                raise ValueError("the draw was run under another announcement")
    seed = bytes.fromhex(proof["seed"])
    if sha256(seed) != announcement["commitment"]:
        raise ValueError("the seed was changed after the announcement")
    if (proof["publicValue"] is None) != (announcement["publicSource"] is None):
        raise ValueError("the public value does not fit the announcement")
    told = proof["tickets"]
    if sha256(tickets) != told["sha256"]:
        raise ValueError("the ticket list is another one than was drawn from")
    names, counts = read_tickets(tickets)
    if (len(names), sum(counts)) != (told["lines"], told["tickets"]):
        raise ValueError("the proof counts lines or tickets wrongly")
    winners = draw(announcement, seed, names, counts, told["sha256"], proof["publicValue"])
    for number, (ours, theirs) in enumerate(zip(winners, proof["winners"]), 1):
        if ours != theirs:
            raise ValueError(f"winner {number} is not the one that the seed and the list give")
    if len(winners) != len(proof["winners"]):
        raise ValueError("the seed and the list give another number of winners")
    return announcement, names, counts, winners


def name_of(draw_id, member, secret):
    """The name under which a member stands in the list."""
    return sha256(f"stampd draw entry 1\n{draw_id}\n{member}\n{secret}".encode())[:32]


def main(arguments):
    if len(arguments) not in (2, 3, 5) or len(arguments) == 5 and arguments[2] != "--member":
        raise SystemExit(__doc__)
    files = arguments if len(arguments) < 5 else arguments[:2]
    announcement, names, counts, winners = verify(*files)
    print(f"{len(winners)} winners of {sum(counts)} tickets in {len(names)} lines: all as announced")
    if len(arguments) == 5:
        name = name_of(announcement["id"], *arguments[3:])
        if name not in names:
            raise ValueError(f"{name} is not in the ticket list")
        print(f"{name} has {counts[names.index(name)]} tickets")
        for winner in winners:
            if winner["name"] == name:
                print(f"{name} won: {winner['prize']}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, KeyError, TypeError, OSError) as error:
        print(f"does not hold: {error}", file=sys.stderr)
        sys.exit(1)
