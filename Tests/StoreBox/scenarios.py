"""What must hold in a store with real devices.

Each scenario is one sentence and leaves the store as it found it.
"""

import re
import time

from agent import COUNTER_SERIAL, KEYBOARD_PORT, ROGUE_PORT, SERIAL_PORT, SPARE_PORT
from box import wait_until
from keys import hid_pos_report

SCENARIOS = []

# Gadgets made in the guest: kind, name, port of the dummy USB host, vendor, product, maker, model,
# serial.
SYMBOL = (
    "keyboard symbol 0 05e0 1200 'Symbol Technologies, Inc, 2008' 'Symbol Bar Code Scanner'"
    " 'S/N:65047AA8 Rev:3'"
)
NEWLAND_CDC = "serial newland 1 1eab 0c06 Newland 'NLS-HR3290 CDC'"
HONEYWELL_POS = "hidpos honeywell 2 0c2e 0967 Honeywell 'N5600 HID POS'"
TWIN = "keyboard {name} {port} 1eab 1303 Newland 'NLS-FM4x KBW'"


def scenario(sentence):
    """Adds a function that takes the agent to the scenarios.

    It may return a word to print after the sentence.
    """

    def add(function):
        SCENARIOS.append((sentence, function))
        return function

    return add


# The machine


@scenario("the agent's unit is active, its watchdog on, its exposure at most 1.2")
def unit(agent):
    store = agent.store
    show = dict(
        line.split("=", 1)
        for line in store.sh(
            "systemctl show stampd -p ActiveState,Type,WatchdogUSec,User,NRestarts"
        ).splitlines()
    )
    assert show["ActiveState"] == "active" and show["Type"] == "notify", show
    assert (
        show["WatchdogUSec"] == "30s" and show["User"] == "stampd" and show["NRestarts"] == "0"
    ), show
    report = store.sh("systemd-analyze security --no-pager stampd | tail -1")
    exposure = float(re.search(r"(\d+\.\d+)", report).group(1))
    assert exposure <= 1.2, report
    return f"exposure {exposure}"


@scenario(
    "udev gives an adopted scanner, and nothing else, to the agent's group, awake and unprobed"
)
def udev(agent):
    store = agent.store
    store.gadget(SYMBOL)
    store.gadget(NEWLAND_CDC)
    store.gadget(HONEYWELL_POS)
    try:
        for vendor, subsystem, transport in [
            ("05e0", "input", "keyboard"),
            ("1eab", "tty", "serial"),
            ("0c2e", "hidraw", "hid-pos"),
        ]:
            found = f"/usr/lib/storebox/node.sh {vendor} {subsystem}"
            node, power = store.wait_for(f"the {subsystem} node of {vendor}", found).split()
            store.wait_for(
                f"{node} is the agent's", f"test $(stat -c %G:%a {node}) = stampd-scanner:660"
            )
            assert power == "on", f"{node}: power/control is {power}"
            properties = store.sh(f"udevadm info --query=property {node}")
            assert f"STAMPD_SCANNER={transport}" in properties, properties
            if subsystem == "tty":
                assert "ID_MM_DEVICE_IGNORE=1" in properties, properties
        foreign = store.sh("stat -c %G /dev/input/by-path/platform-i8042-serio-0-event-kbd -L")
        assert foreign == "input", f"the machine's own keyboard belongs to {foreign}"
    finally:
        for name in ("symbol", "newland", "honeywell"):
            store.gadget(f"remove {name}")
    agent.wait_for_no_scanner("05e0")


# Scanners that award


@scenario("a USB keyboard scanner, adopted by its serial number, awards a stamp")
def keyboard(agent):
    agent.wait_for_scanner(COUNTER_SERIAL)
    return seconds(agent.award_typed())


@scenario("an FTDI serial scanner, adopted by its port, awards a stamp")
def serial(agent):
    agent.wait_for_scanner("0403:6001")
    return seconds(agent.award(lambda card: agent.store.send_serial(card + "\r")))


@scenario("a keyboard scanner with a known vendor awards without being configured")
def known_keyboard(agent):
    with gadget(agent, SYMBOL, "05e0:1200"):
        return seconds(agent.award(lambda card: agent.store.type_gadget("symbol", card + "\r")))


@scenario("a CDC serial scanner with a known vendor awards without being configured")
def known_serial(agent):
    with gadget(agent, NEWLAND_CDC, "1eab:0c06"):
        return seconds(agent.award(lambda card: agent.store.send_gadget("newland", card + "\r")))


@scenario("a HID-POS scanner with a known vendor awards without being configured")
def known_hid_pos(agent):
    with gadget(agent, HONEYWELL_POS, "0c2e:0967"):
        return seconds(
            agent.award(lambda card: agent.store.report_gadget("honeywell", hid_pos_report(card)))
        )


@scenario("twins without a serial number both award, and one goes on when the other is unplugged")
def twins(agent):
    store = agent.store
    with gadget(agent, TWIN.format(name="left", port=0), "1eab:1303"):
        with gadget(agent, TWIN.format(name="right", port=1), "1eab:1303", count=2) as attached:
            identities = {each["identity"] for each in attached}
            assert len(identities) == 2, f"the twins share a name: {identities}"
            agent.award(lambda card: store.type_gadget("left", card + "\r"))
            agent.award(lambda card: store.type_gadget("right", card + "\r"))
        agent.wait_for_scanner("1eab:1303")
        agent.award(lambda card: store.type_gadget("left", card + "\r"))


# Scanners that must not


@scenario("a scanner unplugged in mid-scan gives no award, and awards again from another port")
def unplug(agent):
    agent.wait_for_scanner(COUNTER_SERIAL)
    mark, head = agent.seen(), agent.head()
    agent.store.type(agent.new_card()[:9])
    agent.store.unplug("counter")
    agent.wait_for_no_scanner(COUNTER_SERIAL)
    agent.assert_no_award(mark, head)
    agent.store.plug_keyboard("counter", SPARE_PORT, COUNTER_SERIAL)
    agent.wait_for_scanner(COUNTER_SERIAL)
    agent.award_typed()
    agent.store.unplug("counter")
    agent.wait_for_no_scanner(COUNTER_SERIAL)
    agent.store.plug_keyboard("counter", KEYBOARD_PORT, COUNTER_SERIAL)
    agent.wait_for_scanner(COUNTER_SERIAL)
    return seconds(agent.award_typed())


@scenario("a serial scanner unplugged in mid-scan gives no award, and awards again")
def unplug_serial(agent):
    agent.wait_for_scanner("0403:6001")
    mark, head = agent.seen(), agent.head()
    agent.store.send_serial(agent.new_card()[:9])
    agent.store.unplug("counter2")
    agent.wait_for_no_scanner("0403:6001")
    agent.assert_no_award(mark, head)
    agent.store.plug_serial("counter2", SERIAL_PORT)
    agent.wait_for_scanner("0403:6001")
    return seconds(agent.award(lambda card: agent.store.send_serial(card + "\r")))


@scenario("a scan of which the kernel dropped characters is refused, and the next one awards")
def overflow(agent):
    agent.wait_for_scanner(COUNTER_SERIAL)

    # The kernel holds 64 events for a reader, ten characters; a card has eighteen with its Enter.
    def scan_to_a_sleeper():
        agent.store.sh("systemctl kill -s STOP stampd")
        try:
            agent.store.type(agent.new_card() + "\r")
            time.sleep(0.5)
        finally:
            agent.store.sh("systemctl kill -s CONT stampd")

    code = agent.refusal(scan_to_a_sleeper)
    assert code == "dropped", f"refused as {code}"
    agent.award_typed()


@scenario("a keyboard that nobody adopted gives no award, and its keys stay with the machine")
def rogue(agent):
    store = agent.store
    store.plug_keyboard("rogue", ROGUE_PORT, "ROGUE")
    try:
        node = store.wait_for("the rogue's node", "ls /dev/input/by-id/*ROGUE*event-kbd")
        group = store.sh(f"stat -L -c %G {node}")
        assert group == "input", f"the rogue keyboard belongs to {group}"
        assert not [
            each
            for each in agent.status()["scanners"]
            if "ROGUE" in each["identity"] and each["isAttached"]
        ]
        store.sh(f"(evtest {node} >/run/rogue.log 2>&1 &); sleep 1")
        mark, head = agent.seen(), agent.head()
        store.type(agent.new_card() + "\r")
        store.wait_for(
            "the rogue's Enter reaches the machine", "grep -q 'KEY_ENTER), value 1' /run/rogue.log"
        )
        # A scan that followed it on an adopted scanner has its award: the rogue's would have come
        # before.
        agent.award(lambda card: store.send_serial(card + "\r"))
        assert agent.head() == head + 1, "the rogue keyboard's card was recorded"
        assert len(agent.since(mark, "award")) == 1
    finally:
        store.sh("kill $(pidof evtest) 2>/dev/null; true")
        store.unplug("rogue")
        # The emulator types on the keyboard that was plugged last.
        store.unplug("counter")
        agent.wait_for_no_scanner(COUNTER_SERIAL)
        store.plug_keyboard("counter", KEYBOARD_PORT, COUNTER_SERIAL)
        agent.wait_for_scanner(COUNTER_SERIAL)


# Programs that go and come


@scenario("an agent that dies is started again, and loses no award")
def killed(agent):
    agent.wait_for_scanner(COUNTER_SERIAL)
    agent.award_typed()
    return restarted_after(agent, "KILL")


@scenario("an agent that hangs is ended by the watchdog and started again")
def hung(agent):
    return restarted_after(agent, "STOP")


def restarted_after(agent, signal):
    """Sends the agent a signal, and waits until systemd has it working again."""
    store = agent.store
    mark, head = agent.seen(), agent.head()
    restarts = int(store.sh("systemctl show -P NRestarts stampd"))
    store.sh(f"systemctl kill -s {signal} stampd")
    store.wait_for(
        "systemd starts the agent again",
        f"test $(systemctl show -P NRestarts stampd) -gt {restarts} && systemctl is-active stampd",
    )
    agent.wait_for_display(mark)
    agent.wait_for_scanner(COUNTER_SERIAL)
    assert agent.head() >= head, f"the ledger went from {head} to {agent.head()}"
    return seconds(agent.award_typed())


@scenario("awards go on while HQ is away, and reach it exactly once when it is back")
def hq_away(agent):
    store = agent.store
    agent.wait_until_drained()
    store.sh("systemctl stop stamphq")
    for _ in range(5):
        agent.award_typed()
    for _ in range(5):
        agent.award(lambda card: store.send_serial(card + "\r"))
    pending = agent.status()["queue"]["pendingCount"]
    assert pending >= 10, f"{pending} entries pending after 10 awards without HQ"
    store.sh("systemctl start stamphq")
    agent.wait_until_drained()


@scenario("the ledger's chain is whole, and HQ holds each entry once, none set aside")
def ledgers(agent):
    agent.wait_until_drained()
    ledger, hq = agent.copy_ledgers(agent.store.directory)
    try:
        check_ledgers(ledger, hq, agent.all_beeped())
        return f"{len(ledger.awards)} awards"
    finally:
        agent.restart()


def check_ledgers(ledger, hq, beeped):
    """Every beeped award is there, none is there twice, and HQ holds the same lines."""
    assert ledger.integrity == "ok", ledger.integrity
    assert ledger.chain_error() is None, ledger.chain_error()
    awards = ledger.awards
    missing = beeped - {award.sequence for award in awards}
    assert not missing, f"beeped, but not in the ledger: {sorted(missing)}"
    members = [award.member for award in awards]
    twice = {member for member in members if members.count(member) > 1}
    assert not twice, f"a card that was scanned once has two awards: {sorted(twice)}"
    assert hq.logs == 1, f"HQ has {hq.logs} logs of one device"
    assert [row[:3] for row in hq.rows] == [
        row[:3] for row in ledger.rows
    ], "HQ's log is not the store's"
    assert not hq.quarantined, f"HQ set aside {hq.quarantined}"
    assert hq.stamps == {
        award.member: 1 for award in awards
    }, "HQ's balances are not one stamp a card"


# Words for the scenarios above


class gadget:
    """A scanner made in the guest for as long as the block lasts."""

    def __init__(self, agent, words, model, count=1):
        self.agent, self.words, self.model, self.count = agent, words, model, count

    def __enter__(self):
        self.agent.store.gadget(self.words)
        return self.agent.wait_for_scanner(self.model, self.count)

    def __exit__(self, kind, error, trace):
        self.agent.store.gadget(f"remove {self.words.split()[1]}")
        if kind is None and self.count == 1:
            self.agent.wait_for_no_scanner(self.model)


def seconds(value):
    return f"award after {value:.1f} s"
