"""A real `stampd run`, with sales sent to its socket as a POS sends them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

from harness import PATIENCE_S

PROGRAMME = """programme: faults
version: 1
title: {zh-Hant: 集點, en: Stamps}
currency: TWD
utcOffset: "+08:00"
from: 2000-01-01
through: 2099-12-31
amountMax: 100000
receipts: {ageDaysMax: 366}
cards:
  - id: latte
    title: {zh-Hant: 拿鐵集點卡, en: Latte card}
    reward: {zh-Hant: 一杯拿鐵, en: one latte}
    stamps: 10
    perVisit: 1
    stampsEach: visit
    guard: none
  - id: guarded
    title: {zh-Hant: 來店集點卡, en: Visit card}
    reward: {zh-Hant: 一杯茶, en: one tea}
    stamps: 10
    perVisit: 1
    stampsEach: visit
    guard: {hours: 20}
rules:
  - {id: base, per: 35, give: 1}
"""
DATABASE = "ledger.sqlite"
# As under systemd: the ledger's housekeeping then runs each half of it, checkpoints among it.
WATCHDOG_S = 0.2


def card(member):
    """A printed member card: kind 4, 14 digits, two digits of ISO 7064 MOD 97-10."""
    digits = f"4{member:014}"
    return f"{digits}{98 - int(digits) * 100 % 97:02}"


class Unanswered(Exception):
    """The agent went away before it answered."""


class Socket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Agent:
    """An agent that can be started again and again on one state directory."""

    def __init__(self, work, state=None):
        self.work = work
        self.directory = work.place("agent")
        self.state = state or os.path.join(self.directory, "state")
        self.database = os.path.join(self.state, DATABASE)
        self.socket = os.path.join(self.directory, "sock")
        self.log = os.path.join(self.directory, "log")
        self.process = self.line = None
        self.acknowledged = {}
        self.sent_count = 0
        self.configure()

    def configure(self):
        programme = os.path.join(self.directory, "programme.yaml")
        with open(programme, "w") as file:
            file.write(PROGRAMME)
        self.configuration = os.path.join(self.directory, "stampd.yaml")
        with open(self.configuration, "w") as file:
            file.write(
                "store: faults\nstoreTitle: {zh-Hant: 青田咖啡, en: Faults}\n"
                f"state: {self.state}\nprogramme: {programme}\ntills: [\"1\"]\n"
                f"listen: {{address: 127.0.0.1, port: 0, socket: {self.socket}}}\n"
            )
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        # The device's key is made once, before anything goes wrong.
        self.work.run(self.work.stampd, "identity", "--config", self.configuration)

    def launch(self, **environment):
        """Starts the agent and does not wait for it."""
        with open(self.log, "w") as log:
            self.process = self.work.start(
                # By env: what is preloaded may change the environment, and a Swift program that
                # is started with it moved finds no arguments. env moves it, and starts the agent.
                ["env", self.work.stampd, "run", "--config", self.configuration],
                env={
                    **os.environ, "SWIFT_BACKTRACE": "enable=no",
                    "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)), **environment,
                },
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def start(self, **environment):
        """Starts the agent and waits until it answers."""
        self.launch(**environment)
        self.await_answer()
        return self

    def await_answer(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                return self.get("/v1/status")
            except Unanswered:
                if self.process.poll() is not None:
                    break
                time.sleep(0.005)
        raise RuntimeError(f"stampd did not start: {self.said()}")

    def said(self):
        with open(self.log) as log:
            return log.read()[-2000:]

    @property
    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """Stops the agent in order; raises if it does not end well."""
        self.hang_up()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE_S)
        finally:
            self.kill()
        if status != 0:
            raise RuntimeError(f"stampd ended with status {status}: {self.said()}")

    def kill(self):
        self.hang_up()
        self.work.end(self.process)

    def hang_up(self):
        if self.line:
            self.line.close()
        self.line = None

    # What a POS does

    def sell(self, key=None, member=None):
        """Sends one sale, a new one or one that was sent before; returns status and answer.

        Notes an acknowledgement, and raises if a sale gets another entry than before.
        """
        if key is None:
            key = f"pos/{self.sent_count}"
            self.sent_count += 1
        if member is None:
            member = int(key.split("/")[1]) * 7919 % 97
        status, answer = self.ask(
            "POST", "/v1/sales", {"key": key, "member": card(member), "amount": 350}
        )
        if status == 200 and answer["decision"] == "award":
            first = self.acknowledged.setdefault(key, answer["entry"])
            if first != answer["entry"]:
                raise RuntimeError(f"{key} was entry {first} and is {answer['entry']} now")
        return status, answer

    def get(self, path):
        status, answer = self.ask("GET", path)
        if status != 200:
            raise RuntimeError(f"{path}: status {status}: {answer}")
        return answer

    def ask(self, method, path, body=None):
        try:
            if self.line is None:
                self.line = Socket(self.socket)
            text = None if body is None else json.dumps(body)
            self.line.request(method, path, text, {"Content-Type": "application/json"})
            response = self.line.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.hang_up()
            raise Unanswered(str(error)) from None
