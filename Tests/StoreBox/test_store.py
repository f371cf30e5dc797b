#!/usr/bin/env python3
"""Runs the virtual store: the built programs under a real Debian kernel with USB scanners.

Usage: Tests/StoreBox/test_store.py [--only WORDS] [--cuts N] [--seed N] [--bin DIR] [--keep]
Needs root, and: apt-get install qemu-system-x86 debootstrap e2fsprogs busybox-static cpio
Prints one line for each scenario, and ends with 0 if all passed.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from agent import Agent
from box import Store
from cuts import control_cut, power_cuts
from scenarios import SCENARIOS

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(PROJECT, ".build", "storebox")


class Report:
    """Prints as the scenarios go."""

    def __init__(self, only):
        self.only = only.lower()
        self.number = self.passed = self.failed = 0

    def wants(self, sentence):
        return self.only in sentence.lower()

    def run(self, sentence, agent, body):
        """Runs one scenario and prints its line, and what the agent logged if it failed."""
        self.number += 1
        started = time.monotonic()
        try:
            detail = body(agent)
            word, self.passed = "ok", self.passed + 1
        except Exception as error:
            detail, word = f"{type(error).__name__}: {error}", "not ok"
            self.failed += 1
        spent = time.monotonic() - started
        print(
            f"{word} {self.number} - {sentence} ({spent:.1f} s){': ' + detail if detail else ''}",
            flush=True,
        )
        if word != "ok" and agent:
            show_failure(agent)
        return word == "ok"


def main():
    options = arguments()
    report = Report(options.only)
    image = os.path.join(BUILD, "store.img")
    if not report.run("the machine is built", None, lambda _: build(options.bin, image)):
        return 1
    run = os.path.join(BUILD, f"run-{os.getpid()}")
    wanted = [each for each in SCENARIOS if report.wants(each[0])]
    if wanted:
        with_store(run, image, options, lambda agent: device_scenarios(report, agent, wanted))
    cuts = f"no beeped award is lost or doubled in {options.cuts} power cuts (seed {options.seed})"
    control = "control: an agent that flushes nothing does lose awards in a power cut"
    for sentence, body in [
        (cuts, lambda agent: power_cuts(agent, options.cuts, options.seed)),
        (control, control_cut),
    ]:
        if options.cuts and report.wants(sentence):
            with_store(run, image, options, lambda agent: report.run(sentence, agent, body))
    print(f"{report.passed} passed, {report.failed} failed")
    return 0 if report.failed == 0 else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        default="",
        metavar="WORDS",
        help="run the scenarios whose sentence has these words",
    )
    parser.add_argument(
        "--cuts",
        type=int,
        default=10,
        metavar="N",
        help="how often to cut the power (10; 0 for none)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(1 << 31),
        metavar="N",
        help="of the moments of the cuts; printed",
    )
    parser.add_argument(
        "--bin",
        default=os.path.join(PROJECT, ".build", "debug"),
        metavar="DIR",
        help="where the built programs are (.build/debug)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the disk, the logs and the sockets for a look"
    )
    return parser.parse_args()


def build(programs, image):
    """Builds the machine (cached), installs the programs, and sets HQ and agent up."""
    stage = os.path.join(BUILD, "stage")
    os.makedirs(BUILD, exist_ok=True)
    sweep()
    for command in (
        ["image.sh", BUILD],
        ["stage.sh", programs, os.path.join(BUILD, "root"), stage],
        ["disk.sh", BUILD, stage, image],
    ):
        done = subprocess.run(
            [os.path.join(HERE, command[0]), *command[1:]], capture_output=True, text=True
        )
        if done.returncode:
            raise AssertionError(f"{command[0]}: {done.stderr.strip()[-2000:]}")


def sweep():
    """Removes what runs that were killed, or kept, have left."""
    for name in os.listdir(BUILD):
        if name.startswith("run-") and not os.path.exists(f"/proc/{name[4:]}"):
            shutil.rmtree(os.path.join(BUILD, name))


def with_store(run, image, options, body):
    """Gives `body` an agent in a store of its own, on a copy of the installed disk."""
    os.makedirs(run, exist_ok=True)
    disk = os.path.join(run, "disk.img")
    subprocess.run(["cp", "--sparse=always", image, disk], check=True)
    store = Store(BUILD, disk, run, seed=options.seed)
    try:
        body(Agent(store))
    finally:
        store.close()
        if options.keep:
            print(f"# kept in {run}")
        else:
            shutil.rmtree(run)


def device_scenarios(report, agent, wanted):
    if report.run(
        "the store boots, and the agent is ready", agent, lambda agent: f"{agent.boot():.1f} s"
    ):
        for sentence, body in wanted:
            report.run(sentence, agent, body)
    if agent.retyped:
        print(f"# the emulator's keyboard lost keys: {agent.retyped} cards were typed again")


def show_failure(agent):
    """Prints what the agent logged last, as comments."""
    try:
        log = agent.store.run(
            "journalctl -o short-monotonic --no-pager -u stampd -u stamphq | tail -40;"
            " systemctl --no-pager --failed; systemctl --no-pager status storebox-events",
            60,
        )
        print("\n".join("#   " + line for line in log.output.splitlines()), flush=True)
    except (AssertionError, OSError) as error:
        print(f"#   {error}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
