"""A real stampd with a scanner on a pty and one display connected, and an HQ for it."""

import base64
import http.client
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
import tty

PROGRAMME = """programme: bench
version: 1
title: {zh-Hant: 青田咖啡集點, en: Qingtian Coffee rewards}
currency: TWD
utcOffset: "+08:00"
from: 2020-01-01
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
rules:
  - {id: base, per: 35, give: 1}
"""
WAIT_S = 60


def card(member):
    """The printed card of a member: kind 4, 14 digits, two digits of ISO 7064 MOD 97-10."""
    digits = f"4{member:014}"
    return f"{digits}{98 - int(digits) * 100 % 97:02}"


def make_state(bench, name, state=None):
    """Makes a state directory with a device's key; returns it."""
    state = state or os.path.join(bench.path(name), "state")
    config = write_configuration(bench, name, state, None, "/dev/null")
    os.makedirs(state, mode=0o700, exist_ok=True)
    subprocess.run(
        [bench.stampd, "identity", "--config", config], check=True, stdout=subprocess.DEVNULL
    )
    return state


def write_configuration(bench, name, state, hq, scanner, port=0):
    directory = bench.path(name)
    programme = os.path.join(directory, "programme.yaml")
    with open(programme, "w") as file:
        file.write(PROGRAMME)
    # An HQ that is away: nothing listens on port 9 of this machine.
    url, key = hq or ("http://127.0.0.1:9", base64.b64encode(bytes([7] * 32)).decode())
    config = os.path.join(directory, "stampd.yaml")
    with open(config, "w") as file:
        file.write(
            f"store: bench\nstoreTitle: {{zh-Hant: 青田咖啡, en: Bench}}\n"
            f"state: {state}\nprogramme: {programme}\ntills: [\"1\"]\n"
            f"listen: {{address: 127.0.0.1, port: {port}, socket: {directory}/sock}}\n"
            f"hq: {{url: \"{url}\", key: \"{key}\"}}\n"
            f"scanners:\n  adoptKnown: true\n  adopt:\n"
            f"    - {{match: {scanner}, transport: serial, till: \"1\"}}\n"
        )
    return config


class Headquarters:
    """An HQ that knows the devices of some state directories; `members` is how many it has."""

    def __init__(self, bench, *states, name="hq", members=0):
        self.database = os.path.join(bench.path(name), "hq.sqlite")
        self.command = [
            bench.stampbench, "hq", bench.path(name), *states, "--members", str(members)
        ]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        try:
            answer = json.loads(self.process.stdout.readline())
        except BaseException:
            self.__exit__()
            raise
        self.port, self.key = answer["port"], answer["key"]
        return f"http://127.0.0.1:{self.port}", self.key

    def halt(self):
        """Falls silent: connections are taken, and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()


class Agent:
    """A running stampd; it is ready, and a display follows its till."""

    def __init__(self, bench, name, state=None, hq=None):
        self.directory = bench.path(name)
        self.bench, self.hq = bench, hq
        self.state = state or os.path.join(self.directory, "state")
        self.name = name
        self.pending_count = 0
        self.sequence = 0

    def __enter__(self):
        self.scanner, line = pty.openpty()
        tty.setraw(line)
        port = free_port()
        # By a link in a directory of its own: the agent watches the directory that a node named by
        # its path will appear in, and other programs' terminals come and go in /dev/pts.
        node = os.path.join(self.bench.path(f"{self.name}-line"), "scanner")
        if os.path.lexists(node):
            os.unlink(node)
        os.symlink(os.ttyname(line), node)
        config = write_configuration(self.bench, self.name, self.state, self.hq, node, port)
        os.close(line)
        notify_path = os.path.join(self.directory, "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(notify_path)
        self.notify.settimeout(WAIT_S)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [self.bench.stampd, "run", "--config", config],
            env={**os.environ, "NOTIFY_SOCKET": notify_path},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.log = Log(self.process.stdout)
        try:
            while b"READY=1" not in self.notify.recv(4096):
                pass
            self.ready_after = time.monotonic() - self.started
            self.events = Events(port)
        except (OSError, RuntimeError) as error:
            self.__exit__()
            raise RuntimeError(f"stampd did not start: {self.log.text()}") from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.finish()
        self.notify.close()
        os.close(self.scanner)
        os.unlink(os.path.join(self.directory, "notify"))

    def kill(self):
        """Ends it as a power cut does, as far as the process is concerned."""
        self.process.kill()
        self.process.wait()

    def attach(self):
        """Waits until the scanner is read."""
        return self.events.wait(
            "status", lambda status: any(s["isAttached"] for s in status["scanners"])
        )

    def scan(self, member):
        os.write(self.scanner, card(member).encode() + b"\r")

    def first_scan(self):
        """Scans a card as soon as the scanner is read.

        Returns the seconds from the start to READY=1, to the scanner being read, and to the
        award on the event stream.
        """
        status = self.attach()
        attached_after = time.monotonic() - self.started
        self.scan(int(status["queue"]["headSequence"]) % 1000)
        self.events.wait("till", lambda view: view["phase"] == "award")
        answered_after = time.monotonic() - self.started
        return self.ready_after, attached_after, answered_after

    def rest(self):
        """Waits until the process has used no more than a trace of processor time for 5 s."""
        status = self.events.wait("status", lambda status: True)
        self.pending_count = int(status["queue"]["pendingCount"])
        self.head = int(status["queue"]["headSequence"])
        quiet, last = 0, self.ticks()
        while quiet < 5:
            time.sleep(1)
            now = self.ticks()
            quiet = quiet + 1 if now - last <= 1 else 0
            last = now

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def memory(self):
        """What /proc/PID/status says of memory, in MB of 1,000,000 bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return {
                line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6
                for line in status
                if re.match("(VmRSS|VmHWM|RssAnon):", line)
            }

    def forget_peak(self):
        """Has VmHWM begin again from what is resident now (kernel: proc(5), clear_refs)."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def voluntary_switches(self, seconds):
        """How often threads that had gone to sleep were woken; threads that ended are left out."""
        before = self.switches()
        time.sleep(seconds)
        after = self.switches()
        return sum(count - before.get(thread, 0) for thread, count in after.items())

    def switches(self):
        directory = f"/proc/{self.process.pid}/task"
        counts = {}
        for thread in os.listdir(directory):
            with open(f"{directory}/{thread}/status") as status:
                match = re.search(
                    r"^voluntary_ctxt_switches:\s*(\d+)", status.read(), re.MULTILINE
                )
            counts[thread] = int(match.group(1))
        return counts

    def blocking_returns(self, seconds):
        """Returns of system calls that can block, over all threads, by strace."""
        calls = "epoll_wait,epoll_pwait,epoll_pwait2,poll,ppoll,select,pselect6,futex,nanosleep," \
            "clock_nanosleep,rt_sigtimedwait,accept4,recvmsg,read"
        output = os.path.join(self.directory, "strace")
        tracer = subprocess.Popen(
            ["strace", "--follow-forks", "--relative-timestamps", "--output", output,
             "--trace", calls, "--attach", str(self.process.pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        tracer.stderr.readline()  # strace says when it has attached
        time.sleep(seconds + 1)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(WAIT_S)
        tracer.stderr.close()
        with open(output) as lines:
            return sum(map(is_blocking_return, whole_calls(lines)))


def whole_calls(lines):
    """strace's calls, each in one piece: it splits those that another thread's call comes into."""
    begun = {}
    for line in lines:
        thread = line.split(maxsplit=1)[0]
        if "<unfinished" in line:
            begun[thread] = line.split("<unfinished")[0]
        elif " resumed>" in line:
            yield begun.pop(thread, "") + line.split(" resumed>", 1)[1]
        else:
            yield line
    # What is still unfinished at the end has not returned.


def is_blocking_return(call):
    """Whether a call waited: a time-out of 0 and waking another thread do not, and a read after a
    wake-up is no other one."""
    return bool(re.search(r" = -?\d", call)) and not re.search(
        r"ERESTART|EAGAIN|FUTEX_WAKE|epoll_wait.*, 0\) = |\bread\(", call
    )


class Log:
    """A program's log as it comes, each line with the time at which it was read."""

    ACKNOWLEDGED = re.compile(r"acknowledged entry=(\d+)")

    def __init__(self, stream):
        self.stream = stream
        self.condition = threading.Condition()
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.stream:
            with self.condition:
                self.lines.append((time.monotonic(), line.rstrip("\n")))
                self.condition.notify_all()

    def finish(self):
        """Takes what is left of a program that has ended."""
        self.thread.join(WAIT_S)
        self.stream.close()

    def text(self):
        return "\n".join(line for _, line in self.lines)

    def wait(self, text, patience_s=WAIT_S):
        """Waits for a line that has a text in it, read before or not; returns when it was read."""
        deadline = time.monotonic() + patience_s
        seen = 0
        with self.condition:
            while True:
                for at, line in self.lines[seen:]:
                    if text in line:
                        return at
                seen = len(self.lines)
                if not self.condition.wait(deadline - time.monotonic()):
                    raise RuntimeError(f"no such line came: {text}")

    def acknowledged(self):
        """When each acknowledgement was on the agent's disk, and the last entry that it covers."""
        found = ((at, self.ACKNOWLEDGED.search(line)) for at, line in list(self.lines))
        return [(at, int(match.group(1))) for at, match in found if match]

    def wait_acknowledged(self, entry, tell=lambda entry: None):
        """Waits until an entry is acknowledged, as long as some entry is every now and then."""
        last, news_at = 0, time.monotonic()
        while last < entry:
            with self.condition:
                self.condition.wait(0.2)
            acknowledged = self.acknowledged()
            now = acknowledged[-1][1] if acknowledged else 0
            if now > last:
                last, news_at = now, time.monotonic()
                tell(last)
            elif time.monotonic() > news_at + 2 * WAIT_S:
                raise RuntimeError(f"HQ acknowledged up to {last} of {entry}, then no more")


class Events:
    """A display's connection: Server-Sent Events of till 1, read by a thread."""

    def __init__(self, port):
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
                self.connection.request("GET", "/v1/events?till=1")
                self.response = self.connection.getresponse()
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
        if self.response.status != 200:
            raise RuntimeError(f"events: HTTP status {self.response.status}")
        self.condition = threading.Condition()
        self.news = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        name = ""
        try:
            for line in self.response:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text[7:]
                elif text.startswith("data: "):
                    with self.condition:
                        self.news.append((name, json.loads(text[6:])))
                        self.condition.notify()
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the agent stops

    def wait(self, name, is_awaited):
        """Waits for an event; those seen before count for `status`, which is a whole picture."""
        deadline = time.monotonic() + WAIT_S
        seen = 0 if name == "status" else len(self.news)
        with self.condition:
            while True:
                for kind, value in self.news[seen:]:
                    if kind == name and is_awaited(value):
                        return value
                seen = len(self.news)
                if not self.condition.wait(deadline - time.monotonic()):
                    raise RuntimeError(f"no such event came: {name}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
