"""kill -9 of the agent at random moments, while sales come in."""

import threading
import time

import ledger
from agent import Agent, Unanswered
from harness import Row, Tally

# From a kill while it starts to a kill after some hundred awards.
LIFE_S = 0.6


def row(work):
    tally, dice = Tally(), work.dice("kill")
    agent = Agent(work)
    pending = []
    count = work.size(100, 10)
    for turn in range(count):
        live_and_die(agent, dice.uniform(0.02, LIFE_S), pending)
        is_sound = tally.judge(
            lambda: ledger.copied_awards(agent.database, agent.directory),
            agent.acknowledged, surplus_max=1, name=f"kill {turn + 1}",
        )
        if not is_sound:
            break
        work.progress(f"kill {turn + 1} of {count}: {len(agent.acknowledged):,} acknowledged")
    agent.start()
    for key in pending + list(agent.acknowledged):
        agent.sell(key)  # raises if a sale gets another entry than before
    agent.kill()
    tally.judge(
        lambda: ledger.awards(agent.database), agent.acknowledged, surplus_max=0, name="the end")
    tally.tried -= 1
    tally.acknowledged = len(agent.acknowledged)
    yield Row(
        "kill -9 of the agent at a random moment, sales coming in", tally, f"{tally.tried} kills")


def live_and_die(agent, seconds, pending):
    """Sells until the kill; a sale that got no answer stays pending and is sent again."""
    agent.launch()
    timer = threading.Timer(seconds, agent.process.kill)
    timer.start()
    try:
        while agent.is_alive:
            key = pending[0] if pending else f"pos/{agent.sent_count}"
            try:
                agent.sell(key)
            except Unanswered:
                time.sleep(0.002)  # it is not listening yet, or it is dead
                continue
            if pending:
                pending.clear()
            else:
                agent.sent_count += 1
        if not pending:
            pending.append(f"pos/{agent.sent_count}")
            agent.sent_count += 1
    finally:
        timer.join()
        agent.kill()
