#!/usr/bin/python3
"""Reads a recording of key events as a straightforward reader on python-evdev does.

Usage: evdev_reader.py FILE     prints events per second and how many codes came out, as JSON
"""

import json
import struct
import sys
import time

from evdev import InputEvent, KeyEvent, categorize, ecodes

PLAIN = {getattr(ecodes, f"KEY_{c}"): c for c in "0123456789"}
PLAIN.update({getattr(ecodes, f"KEY_{c}"): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
PLAIN.update({ecodes.KEY_SLASH: "/", ecodes.KEY_DOT: ".", ecodes.KEY_MINUS: "-"})
SHIFT = {ecodes.KEY_LEFTSHIFT, ecodes.KEY_RIGHTSHIFT}


def codes(data):
    text, is_shifted = [], False
    for seconds, microseconds, kind, code, value in struct.iter_unpack("llHHi", data):
        event = InputEvent(seconds, microseconds, kind, code, value)
        if event.type != ecodes.EV_KEY:
            continue
        key = categorize(event)
        if key.scancode in SHIFT:
            is_shifted = key.keystate != KeyEvent.key_up
        elif key.keystate == KeyEvent.key_down:
            if key.scancode == ecodes.KEY_ENTER:
                yield "".join(text)
                text = []
            else:
                character = PLAIN.get(key.scancode, "")
                text.append(character.upper() if is_shifted else character)


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    started = time.perf_counter()
    count = sum(1 for code in codes(data) if code)
    seconds = time.perf_counter() - started
    print(json.dumps({"events_per_s": len(data) / 24 / seconds, "codes": count}))


main()
