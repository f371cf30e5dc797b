"""Power cuts: the emulator is killed in mid-scan, and the disk forgets what was not flushed."""

import random
import time

from agent import COUNTER_SERIAL
from scenarios import check_ledgers

# Flushes of the agent do nothing from now on; the setting itself is flushed.
NO_FLUSHES = """
    drop_in=/etc/systemd/system/stampd.service.d/nosync.conf
    mkdir -p "${drop_in%/*}"
    printf '[Service]\\nEnvironment=LD_PRELOAD=/usr/lib/stampd/nosync.so\\n' >$drop_in
    systemctl daemon-reload && systemctl restart stampd && sync"""


def power_cuts(agent, count, seed):
    """Cuts the power `count` times at random moments.

    Returns a sentence with what was cut. Fails if an award is lost.
    """
    chance = random.Random(seed)
    boots, beeped, writes = [], [], [0, 0, 0]
    for _ in range(count):
        boots.append(agent.boot())
        agent.wait_for_scanner(COUNTER_SERIAL)
        heard = len(agent.all_beeped())
        scan_until_cut(agent, chance.uniform(0.3, 5))
        for index, number in enumerate(agent.store.cut_power()):
            writes[index] += number
        beeped.append(len(agent.all_beeped()) - heard)
    agent.boot()
    agent.wait_until_drained()
    ledger, hq = agent.copy_ledgers(agent.store.directory)
    check_ledgers(ledger, hq, agent.all_beeped())
    assert (
        sum(beeped) >= count
    ), f"only {sum(beeped)} awards were beeped in {count} cuts: the method proves nothing"
    return (
        f"{sum(beeped)} beeped awards in {count} cuts, {len(ledger.awards)} in the ledger; "
        f"unflushed writes kept {writes[0]}, lost {writes[1]}, torn {writes[2]}; "
        f"boot {min(boots):.0f} to {max(boots):.0f} s"
    )


def control_cut(agent):
    """The same with an agent whose flushes do nothing; fails unless awards are lost."""
    agent.boot()
    mark = agent.seen()
    agent.store.sh(NO_FLUSHES)
    agent.wait_for_display(mark)
    agent.wait_for_scanner(COUNTER_SERIAL)
    for _ in range(5):
        agent.award_typed()
    beeped = agent.all_beeped()
    agent.store.cut_power()
    agent.boot()
    ledger, _ = agent.copy_ledgers(agent.store.directory)
    lost = beeped - {award.sequence for award in ledger.awards}
    assert lost, "an agent that flushes nothing lost nothing: these cuts prove nothing"
    return f"lost {len(lost)} of {len(beeped)}"


def scan_until_cut(agent, seconds):
    """Scans cards without waiting for their awards, and stops in mid-scan when time is over."""
    end = time.monotonic() + seconds
    while True:
        for character in agent.new_card() + "\r":
            if time.monotonic() > end:
                return
            agent.store.type(character)
