"""The agent in the virtual store: its display's events, its status, its files."""

import json
import os
import tempfile
import time

from box import StoreError, wait_until
from ledger import HQCopy, LedgerCopy

KEYBOARD_PORT, SERIAL_PORT, SPARE_PORT, ROGUE_PORT = 1, 2, 3, 4
COUNTER_SERIAL = "COUNTER-A"


def card(number):
    """A printed member card: 4, fourteen digits, two check digits (ISO 7064 MOD 97-10)."""
    body = f"4{number:014d}"
    return body + f"{(98 - int(body + '00') % 97) % 97:02d}"


assert card(123) == "40000000000012363"


class Refused(AssertionError):
    """The display refused a scan that should have been an award."""


class Agent:
    """One agent in one store.

    A member's card is used once, so that each scan is an award of its own.
    """

    def __init__(self, store, first_member=1000):
        self.store = store
        self.next_member = first_member - 1
        self.read_count = 0
        self.views = []
        self.beeped_before = set()
        self.gap = 0.02
        self.retyped = 0

    # Waiting for it

    def boot(self):
        """Turns the store on and waits until its agent works and its display listens."""
        self.beeped_before = self.all_beeped()
        self.views, self.read_count = [], 0
        started = time.monotonic()
        self.store.boot()
        self.plug_counter()
        self.wait_for_display()
        return time.monotonic() - started

    def plug_counter(self):
        """Plugs the two scanners of the configuration."""
        self.store.plug_keyboard("counter", KEYBOARD_PORT, COUNTER_SERIAL)
        self.store.plug_serial("counter2", SERIAL_PORT)

    def restart(self):
        """Starts both programs again after `copy_ledgers`."""
        mark = self.seen()
        self.store.sh("systemctl start stamphq stampd")
        self.wait_for_display(mark)

    def wait_for_display(self, mark=0):
        """Waits until the display hears of the agent: a connection begins with the picture."""
        wait_until("the display hears of the agent", lambda: self.seen() > mark)

    def wait_for_scanner(self, what, count=1):
        """Waits until as many attached scanners as named have `what` in their status."""

        def attached():
            found = [
                each
                for each in self.status()["scanners"]
                if each["isAttached"] and what in json.dumps(each)
            ]
            return found if len(found) == count else None

        return wait_until(f"{count} attached scanners with {what}", attached, every=0.5)

    def wait_for_no_scanner(self, what):
        wait_until(
            f"no scanner with {what} is attached",
            lambda: not any(
                each["isAttached"] and what in json.dumps(each)
                for each in self.status()["scanners"]
            ),
            every=0.5,
        )

    # What it shows

    def events(self):
        """All that the display of till 1 was told since the boot."""
        lines = self.store.events.lines if self.store.emulator else []
        while self.read_count < len(lines):
            line = lines[self.read_count]
            self.read_count += 1
            if line.startswith("data: ") and '"phase"' in line:
                self.views.append(json.loads(line[6:]))
        return self.views

    def all_beeped(self):
        """The entries whose award the host heard of, over all boots."""
        return self.beeped_before | {
            view["entry"] for view in self.events() if view["phase"] == "award"
        }

    def status(self):
        """What `stampctl status` reads."""
        return json.loads(self.store.sh("curl -sSf http://127.0.0.1:8737/v1/status"))

    def head(self):
        """The number of the newest entry."""
        return self.status()["queue"]["headSequence"]

    def seen(self):
        """A mark in the events, for `since`."""
        return len(self.events())

    def since(self, mark, phase):
        """The views of one phase that came after a mark."""
        return [view for view in self.events()[mark:] if view["phase"] == phase]

    # Scanning

    def type_card(self, card):
        self.store.type(card + "\r", self.gap)

    def award_typed(self):
        """An award by the emulator's keyboard, which loses and delays keys on a busy machine.

        A card that came damaged, or in two parts, is refused; it is typed again, slower, and
        counted. Gadgets lose nothing, so a reader that loses characters shows with them.
        """
        errors = []
        for gap in (0.02, 0.1, 0.3):
            self.gap = gap
            try:
                return self.award(self.type_card)
            except Refused as error:
                self.retyped += 1
                errors.append(str(error))
                self.settle()
            finally:
                self.gap = 0.02
        raise Refused(f"three times: {errors}")

    def new_card(self):
        self.next_member += 1
        return card(self.next_member)

    def award(self, scan):
        """Runs `scan(card)` with a new card and waits for its award on the display.

        Returns the seconds it took.
        """
        mark, started = self.seen(), time.monotonic()
        scan(self.new_card())

        def answered():
            refused = [view["code"] for view in self.since(mark, "refused")]
            if refused:
                raise Refused(f"refused: {refused}")
            return self.since(mark, "award")

        awards = wait_until("the display shows the award", answered)
        assert len(awards) == 1, f"{len(awards)} awards for one scan"
        return time.monotonic() - started

    def settle(self):
        """Waits until the display has been told nothing for two seconds."""
        mark = -1
        while mark != self.seen():
            mark = self.seen()
            time.sleep(2)

    def refusal(self, scan):
        """Runs `scan()` and waits for a refusal on the display.

        Fails on an award. Returns the refusal's code.
        """
        mark, head = self.seen(), self.head()
        scan()
        wait_until("the display shows a refusal", lambda: self.since(mark, "refused"))
        self.settle()
        self.assert_no_award(mark, head)
        return self.since(mark, "refused")[0]["code"]

    def assert_no_award(self, mark, head):
        assert not self.since(mark, "award"), "an award for a scan that was not whole"
        assert self.head() == head, f"the ledger went from {head} to {self.head()}"

    # Its files

    def copy_ledgers(self, directory):
        """Stops both programs and copies their databases; returns them."""
        self.store.sh("systemctl stop stampd stamphq")
        directory = tempfile.mkdtemp(prefix="ledgers-", dir=directory)
        agent, hq = os.path.join(directory, "agent"), os.path.join(directory, "hq")
        return (
            LedgerCopy(self._copy("/var/lib/stampd/ledger.sqlite", agent)),
            HQCopy(self._copy("/var/lib/stamphq/hq.sqlite", hq)),
        )

    def _copy(self, database, path):
        for suffix in ("", "-wal"):
            if suffix and self.store.run(f"test -s {database}{suffix}").status != 0:
                continue
            with open(path + suffix, "wb") as file:
                file.write(self.store.read_file(database + suffix))
        return path

    def wait_until_drained(self):
        """Waits until HQ has acknowledged every entry."""
        try:
            wait_until(
                "HQ acknowledges every entry",
                lambda: self.status()["queue"]["pendingCount"] == 0,
                every=0.5,
            )
        except StoreError as error:
            raise StoreError(f"{error}; HQ: {self.status()['hq']}") from None
