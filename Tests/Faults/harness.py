"""What every row of the table needs: a directory, processes that end with it, a tally."""

import ctypes
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

import ledger

HERE = os.path.dirname(os.path.abspath(__file__))
# What the ledgers, ballasts and images of one row take at most.
ROOM_BYTE_COUNT = 2 << 30
# No program here takes a tenth of this, on a busy machine.
PATIENCE_S = 120
# Source: linux/sched.h, linux/mount.h.
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000


class Work:
    """One run: everything that it starts, mounts and writes is gone when it ends."""

    def __init__(self, binaries, is_short, seed):
        self.stampd = os.path.join(binaries, "stampd")
        self.probe = os.path.join(binaries, "ledgerprobe")
        self.is_short, self.seed = is_short, seed
        self.processes, self.volumes = set(), set()
        self.count = 0
        self.last_progress = time.monotonic()

    def __enter__(self):
        keep_mounts_to_ourselves()
        # Memory, where there is enough: only the rows with a file system of their own need a disk.
        base = "/dev/shm" if room("/dev/shm") >= ROOM_BYTE_COUNT else None
        self.directory = tempfile.mkdtemp(prefix="stampd-faults-", dir=base)
        return self

    def __exit__(self, *_):
        for process in list(self.processes):
            self.end(process)
        for volume in list(self.volumes):
            volume.drop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def size(self, whole, short):
        return short if self.is_short else whole

    def dice(self, row):
        """A row's own chance, so that a row alone repeats what it did in the whole table."""
        return random.Random(f"{self.seed} {row}")

    def place(self, name):
        """A new empty directory."""
        self.count += 1
        path = os.path.join(self.directory, f"{name}-{self.count}")
        os.mkdir(path)
        return path

    def start(self, command, **options):
        """Starts a program in a session of its own, so that it is ended with its children."""
        process = subprocess.Popen(command, start_new_session=True, **options)
        self.processes.add(process)
        return process

    def end(self, process):
        """Kills a program and its children, and waits for it."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        self.processes.discard(process)

    def run(self, *command, is_checked=True):
        """Runs a program to its end; returns its status and the lines it said."""
        process = self.start(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            said, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            self.end(process)
        lines = said.decode(errors="replace").splitlines()
        if is_checked and process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: status {process.returncode}: {lines}")
        return process.returncode, lines

    def say(self, text):
        print(f"  {text}", flush=True)
        self.last_progress = time.monotonic()

    def progress(self, text):
        """Says it if nothing was said for some seconds."""
        if time.monotonic() - self.last_progress > 5:
            self.say(text)


class Tally:
    """What a row has tried, and what went wrong."""

    def __init__(self):
        self.tried = self.acknowledged = self.lost = self.doubled = self.corrupt = 0
        # Whatever else must not be: a refusal that lasts, a program that crashed.
        self.faults = []

    @property
    def is_clean(self):
        return not (self.lost or self.doubled or self.corrupt or self.faults)

    def fault(self, text):
        self.faults.append(text)

    def judge(self, read, acknowledged, surplus_max=1, name=""):
        """Compares what was acknowledged, sales' keys with their entries, with a ledger.

        `read` gives the ledger's awards or raises ValueError. `surplus_max` is how many sales may
        have been written and not acknowledged. Returns whether all is well.
        """
        self.tried += 1
        try:
            awards = read()
        except ValueError as error:
            if isinstance(error, ledger.Doubled):
                self.doubled += 1
            else:
                self.corrupt += 1
            self.note(f"{name}: {error}")
            return False
        return self.compare(awards, acknowledged, surplus_max, name)

    def compare(self, awards, acknowledged, surplus_max, name):
        lost = {key for key, entry in acknowledged.items() if awards.get(key) != entry}
        surplus = len(awards) - len(acknowledged) + len(lost)
        if lost:
            self.lost += 1
            self.note(f"{name}: {len(lost)} of {len(acknowledged)} acknowledged are not there")
        elif surplus > surplus_max:
            self.doubled += 1
            self.note(f"{name}: {surplus} awards that nobody was told of")
        return not lost and surplus <= surplus_max

    first_fault = None

    def note(self, text):
        self.first_fault = self.first_fault or text


class Row:
    """One line of the table."""

    def __init__(self, fault, tally, tried, control="", is_control_red=True, note=""):
        self.fault, self.tally, self.tried = fault, tally, tried
        self.control, self.is_control_red, self.note = control, is_control_red, note

    @property
    def has_passed(self):
        return self.tally.is_clean and self.tally.tried > 0 and self.is_control_red

    def text(self):
        tally = self.tally
        verdict = "yes" if self.has_passed else "**NO**"
        return (
            f"| {self.fault} | {self.tried} | {tally.acknowledged:,} | {tally.lost}"
            f" | {tally.doubled} | {tally.corrupt} | {self.control or '–'} | {verdict} |"
        )


def keep_mounts_to_ourselves():
    """Goes into a mount namespace of its own; its mounts end with it, whatever ends it.

    Otherwise a program that makes a namespace of its own meanwhile takes a copy of our mounts, and
    a file system that it holds is not gone when we have unmounted it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    is_done = libc.unshare(CLONE_NEWNS) == 0 and libc.mount(
        b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) == 0
    if not is_done:
        raise OSError(ctypes.get_errno(), "unshare and mount --make-rprivate /")


def room(path):
    """Bytes that may be written below a directory; 0 if there is none."""
    if not os.access(path, os.W_OK):
        return 0
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize
