"""File systems that crash, fill up, or turn read-only under the agent; each is a real ext4."""

import contextlib
import os
import threading
import time

import ledger
from agent import DATABASE, Agent, Unanswered, card
from harness import HERE, PATIENCE_S, Row, Tally
from volume import Volume

# The agent's ballast (64 MiB), the room it asks for to go on (16 MiB), and some for the ledger.
BYTE_COUNT = 192 << 20
# What a full disk has left, for the agent to fill it itself: some dozen awards.
SPARE_BYTE_COUNT = 300 << 10


@contextlib.contextmanager
def agent_on(work, block_byte_count=4096):
    """An agent whose state lies on a small volume of its own."""
    volume = Volume(work, BYTE_COUNT, block_byte_count)
    agent = Agent(work, os.path.join(volume.path, "state"))
    volume.sync()
    try:
        yield agent, volume
    finally:
        if agent.process:
            agent.kill()
        volume.drop()


def read(agent):
    return lambda: ledger.copied_awards(agent.database, agent.directory)


# The kernel crashes


def os_crash_row(work):
    swallow = os.path.join(work.place("nosync"), "nosync.so")
    work.run("cc", "-shared", "-fPIC", "-O2", "-o", swallow,
             os.path.join(HERE, "..", "StoreBox", "nosync.c"))
    tally, control = Tally(), Tally()
    with agent_on(work) as (agent, volume):
        crashes(work, agent, volume, tally, work.size(200, 20))
    with agent_on(work) as (agent, volume):
        crashes(work, agent, volume, control, work.size(20, 4), LD_PRELOAD=swallow)
    yield Row(
        "the kernel crashes: EXT4_IOC_SHUTDOWN without a flush, then the journal's replay", tally,
        f"{tally.tried} crashes of an ext4 under the agent",
        f"syncs swallowed: {control.lost} of {control.tried} crashes lost awards,"
        f" {control.corrupt} corrupt",
        control.lost > 0,
    )


def crashes(work, agent, volume, tally, count, **environment):
    """Crashes the file system again and again; the ledger grows unless it is a control's."""
    dice, pending = work.dice("os-crash"), None
    for turn in range(count):
        before = len(agent.acknowledged)
        agent.start(**environment)
        if pending:
            agent.sell(pending)  # as a till does: what got no answer is sent again
        pending = sell_until_crash(agent, volume, dice.uniform(0.02, 0.4))
        tally.acknowledged += len(agent.acknowledged) - before
        volume.unmount()
        volume.mount()
        is_sound = tally.judge(read(agent), agent.acknowledged, name=f"crash {turn + 1}")
        if environment or not is_sound:
            remove_ledger(agent, volume)
            pending = None
        work.progress(f"crash {turn + 1} of {count}: {tally.acknowledged:,} acknowledged")


def sell_until_crash(agent, volume, seconds):
    """Sells until the file system is gone; returns the sale that was not acknowledged.

    An answer that comes once the crash has begun is none: the kernel that gives it would be dead.
    ext4 can let a sync that is under way at a shutdown succeed without the writes.
    """
    begun = threading.Event()

    def crash():
        begun.set()
        volume.shut_down()

    timer = threading.Timer(seconds, crash)
    timer.start()
    try:
        while True:
            key = f"pos/{agent.sent_count}"
            status, _ = agent.sell()
            if begun.is_set():
                agent.acknowledged.pop(key, None)
            if key not in agent.acknowledged:
                return key
    except Unanswered:
        return key
    finally:
        timer.join()
        agent.kill()


def remove_ledger(agent, volume):
    for name in os.listdir(agent.state):
        if name.startswith(DATABASE):
            os.unlink(os.path.join(agent.state, name))
    volume.sync()
    agent.acknowledged = {}


# The disk fills up


def full_row(work):
    tally = Tally()
    for block_byte_count in (4096, 1024):
        with agent_on(work, block_byte_count) as (agent, volume):
            for turn in range(work.size(10, 2)):
                name = f"{block_byte_count}-byte blocks, filling {turn + 1}"
                fill_and_free(agent, volume, tally, name)
                work.progress(name)
            tally.acknowledged += len(agent.acknowledged)
    yield Row(
        "the disk is full, and freed again (ext4 with 4 KiB and with 1 KiB blocks)", tally,
        f"{tally.tried} fillings",
    )


def fill_and_free(agent, volume, tally, name):
    """One filling, through which the agent runs, and is killed and started on the full disk."""
    agent.start()
    known = f"pos/{agent.sent_count}"
    expect(tally, name, "a sale on a disk with room", agent.sell(), 200)
    volume.fill(SPARE_BYTE_COUNT)
    refused = sell_until_refused(agent, tally, name, "disk-full")
    expect(tally, name, "another sale on a full disk", agent.sell(refused), 503)
    expect(tally, name, "a sale that is recorded, on a full disk", agent.sell(known), 200)
    agent.kill()
    agent.start()
    expect(tally, name, "the same after a start on the full disk", agent.sell(known), 200)
    expect(tally, name, "a new sale after a start on the full disk", agent.sell(refused), 503)
    tally.judge(read(agent), agent.acknowledged, surplus_max=0, name=name)
    volume.free()
    sell_until_recorded(agent, tally, name, refused)
    agent.stop()
    tally.tried -= 1
    tally.judge(read(agent), agent.acknowledged, surplus_max=0, name=f"{name}, freed")


def sell_until_refused(agent, tally, name, reason):
    """Sells until a sale is not recorded; returns its key."""
    while True:
        key = f"pos/{agent.sent_count}"
        status, answer = agent.sell()
        if status != 200:
            if (status, answer.get("reason")) != (503, reason):
                tally.fault(f"{name}: refused with {status} {answer}")
            return key


def sell_until_recorded(agent, tally, name, key):
    deadline = time.monotonic() + PATIENCE_S
    while agent.sell(key)[0] != 200:
        if time.monotonic() > deadline:
            tally.fault(f"{name}: there is room again, and sales are still refused")
            return
        time.sleep(0.05)


def expect(tally, name, what, answer, status):
    if answer[0] != status:
        tally.fault(f"{name}: {what} was answered with {answer[0]} {answer[1]}")


# The file system turns read-only


def read_only_row(work):
    tally = Tally()
    with agent_on(work) as (agent, volume):
        count = work.size(20, 3)
        for turn in range(count):
            turn_read_only(agent, volume, tally, f"remount {turn + 1}")
            work.progress(f"remount {turn + 1} of {count}")
        tally.acknowledged = len(agent.acknowledged)
    yield Row(
        "the file system turns read-only (remount,abort)", tally, f"{tally.tried} remounts")


def turn_read_only(agent, volume, tally, name):
    agent.start()
    known = f"pos/{agent.sent_count}"
    _, sold = agent.sell(member=7)
    for _ in range(5):
        agent.sell()
    volume.abort()
    refused = sell_until_refused(agent, tally, name, "read-only")
    expect(tally, name, "another sale", agent.sell(refused), 503)
    expect(tally, name, "a sale that is recorded", agent.sell(known, member=7), 200)
    read_back = agent.get(f"/v1/members/{card(7)}")
    if read_back["points"] < sold["member"]["points"]:
        tally.fault(f"{name}: the member reads {read_back}")
    agent.kill()
    volume.unmount()
    volume.mount()
    tally.judge(read(agent), agent.acknowledged, surplus_max=0, name=name)
    agent.start()
    sell_until_recorded(agent, tally, name, refused)
    agent.stop()
