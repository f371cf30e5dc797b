"""Writes two batches as docs/protocol.md describes them, without any code of the project.

Usage: make_batch.py DEVICE PUBLIC_KEY NONCE     both in base64; device.pem is the key
Writes the files `batch`, with two entries, and `next`, with the third.
"""

import base64
import hashlib
import struct
import subprocess
import sys
import time

device, public_key, nonce = sys.argv[1], base64.b64decode(sys.argv[2]), base64.b64decode(sys.argv[3])
now = int(time.time() * 1000)


def text(data):
    return base64.b64encode(data).decode()


def make(name, first, count, before):
    """Writes a batch behind a hash; returns the hash at its end."""
    # The chain.
    hash_now = before
    entries = []
    for number in range(first, first + count):
        entry = (
            '{"seq":%d,"type":"boot","wallMs":%d,"clock":"ntp","boot":1,"bootMs":5,"hlc":[%d,0],'
            '"bootID":"%s","version":"0"}' % (number, now, now, "a" * 32)
        ).encode()
        hash_now = hashlib.sha256(
            b"\x01" + hash_now + struct.pack(">QI", number, len(entry)) + entry
        ).digest()
        entries.append(entry)
    end = first + count - 1

    # The checkpoint.
    with open("checkpoint", "w") as file:
        file.write(f"stampd/ckpt/v1\n{device}\n1\n{end}\n{text(hash_now)}\n{now}\n")
    signature = subprocess.check_output(
        ["openssl", "pkeyutl", "-sign", "-inkey", "device.pem", "-rawin", "-in", "checkpoint"]
    )

    # The lines.
    header = (
        '{"v":1,"kind":"batch","dev":"%s","ep":1,"first":%d,"count":%d,"prev":"%s",'
        '"now":{"wallMs":%d,"boot":1,"bootMs":5,"clock":"ntp"},"queue":{"pending":%d,'
        '"oldestAgeS":9},"programme":null,"freeMB":812}'
        % (device, first, count, text(before), now, count)
    )
    last = '{"kind":"ckpt","seq":%d,"h":"%s","wallMs":%d,"kid":"%s","sig":"%s"}' % (
        end,
        text(hash_now),
        now,
        hashlib.sha256(public_key).hexdigest()[:16],
        text(signature),
    )
    with open(name, "wb") as file:
        file.write(b"\n".join([header.encode(), *entries, last.encode()]) + b"\n")
    return hash_now


genesis = hashlib.sha256(
    b"stampd/log/v1" + device.encode() + struct.pack(">I", 1) + public_key + nonce
).digest()
make("next", 3, 1, make("batch", 1, 2, genesis))
