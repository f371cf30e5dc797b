"""A United States keyboard: what a scanner presses to type a text."""

# Character -> (the emulator's key name, the HID usage, with Shift). HID Usage Tables 1.4, page
# 0x07.
KEYS = {}
for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
    KEYS[letter] = (letter, 0x04 + index, False)
    KEYS[letter.upper()] = (letter, 0x04 + index, True)
for index, (digit, shifted) in enumerate(zip("1234567890", "!@#$%^&*()")):
    KEYS[digit] = (digit, 0x1E + index, False)
    KEYS[shifted] = (digit, 0x1E + index, True)
for name, usage, plain, shifted in [
    ("minus", 0x2D, "-", "_"),
    ("equal", 0x2E, "=", "+"),
    ("bracket_left", 0x2F, "[", "{"),
    ("bracket_right", 0x30, "]", "}"),
    ("backslash", 0x31, "\\", "|"),
    ("semicolon", 0x33, ";", ":"),
    ("apostrophe", 0x34, "'", '"'),
    ("grave_accent", 0x35, "`", "~"),
    ("comma", 0x36, ",", "<"),
    ("dot", 0x37, ".", ">"),
    ("slash", 0x38, "/", "?"),
]:
    KEYS[plain] = (name, usage, False)
    KEYS[shifted] = (name, usage, True)
KEYS[" "] = ("spc", 0x2C, False)
KEYS["\r"] = KEYS["\n"] = ("ret", 0x28, False)
KEYS["\t"] = ("tab", 0x2B, False)

LEFT_SHIFT = 0x02


def emulator_keys(character):
    """The QMP key values that type one character, Shift first."""
    name, _, shift = KEYS[character]
    names = ["shift", name] if shift else [name]
    return [{"type": "qcode", "data": each} for each in names]


def keyboard_reports(text):
    """The boot keyboard reports (8 bytes) that type a text: a press and a release each."""
    for character in text:
        _, usage, shift = KEYS[character]
        yield bytes([LEFT_SHIFT if shift else 0, 0, usage, 0, 0, 0, 0, 0])
        yield bytes(8)


def hid_pos_report(text, aim="]Q1"):
    """One HID-POS report as Honeywell sends it, with its report id (SCANNERS.md 2)."""
    data = text.encode()
    assert len(data) <= 56, "longer scans take several reports"
    return bytes([2, len(data)]) + aim.encode() + data.ljust(56, b"\0") + b"s" + bytes([0, 0])
