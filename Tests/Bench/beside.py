"""What others do with the same entries: brokers and logs, one server each, in the same run as HQ.

Each is spoken to in its own protocol over a bare socket, with everything encoded beforehand: the
client costs next to nothing, which favours them. As many entries are in flight as a batch of ours
has; the next ones follow when all are acknowledged, as our agent does it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import agent
import devices

WINDOW = 500
# Windows written while strace counts.
TRACED_COUNT = 4
WAIT_S = 60
SYNC_CALLS = "fsync,fdatasync,msync"


class Missing(Exception):
    """A server is not installed."""


class Server:
    """One server on a free port, in a directory of its own."""

    # What `apt-get install` takes, and the program.
    package = program = name = ""
    # What a power cut takes after a yes, by the server's own documentation.
    loses = ""

    def __init__(self, directory, tracer=()):
        self.directory, self.tracer = directory, list(tracer)
        self.port = agent.free_port()
        self.received = b""

    @classmethod
    def path(cls):
        path = shutil.which(cls.program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if not path:
            raise Missing(f"{cls.name}: {cls.program} is missing: apt-get install {cls.package}")
        return path

    @classmethod
    def version(cls):
        output = subprocess.run(
            [cls.path(), *cls.version_options], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ).stdout
        return re.search(r"\d+\.\d+\.\d+", output).group()

    version_options = ("--version",)

    def __enter__(self):
        os.makedirs(self.directory, exist_ok=True)
        self.log = open(os.path.join(self.directory, "log"), "w+")
        self.process = subprocess.Popen(
            [*self.tracer, self.path(), *self.arguments()],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, cwd=self.directory,
        )
        try:
            self.connect()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def connect(self):
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)
                break
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.log.seek(0)
                    raise RuntimeError(f"{self.program}: {self.log.read()[-400:]}") from None
                time.sleep(0.02)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __exit__(self, *_):
        if hasattr(self, "socket"):
            self.socket.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def kill(self):
        """Ends it without a chance to write anything more."""
        self.process.kill()
        self.process.wait()

    def prepare(self):
        """Makes what entries go to."""

    def kept_count(self):
        """How many entries it still has, after it was started again; `prepare` has run."""
        raise NotImplementedError

    def take(self, is_whole):
        """Reads until an answer is whole; returns it."""
        while not is_whole(self.received):
            data = self.socket.recv(1 << 20)
            if not data:
                raise RuntimeError(f"{self.program} hung up after {self.received[-200:]}")
            self.received += data
        answer, self.received = self.received, b""
        return answer

    def write(self, window):
        """Sends a window, and waits until each entry is acknowledged."""
        self.socket.sendall(window)
        self.take(self.is_acknowledged)


class Mosquitto(Server):
    name, package, program = "mosquitto, QoS 1, persistence", "mosquitto", "mosquitto"
    version_options = ("-h",)
    loses = (
        "everything since the last save of its memory: up to `autosave_interval`, half an hour"
        " by default (mosquitto.conf(5))"
    )

    def arguments(self):
        path = os.path.join(self.directory, "conf")
        with open(path, "w") as file:
            file.write(
                f"user root\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n"
                f"persistence true\npersistence_location {self.directory}/\n"
                "max_queued_messages 0\nset_tcp_nodelay true\n"
            )
        return ["-c", path]

    def prepare(self):
        # A session that stays: without one, a broker has nobody to keep entries for.
        self.say(0x10, text("MQTT") + b"\x04\x00\x00\x00" + text("hq"), 4)
        self.say(0x82, b"\x00\x01" + text("log") + b"\x01", 5)
        self.socket.sendall(b"\xe0\x00")
        self.socket.close()
        self.connect()
        self.say(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text("till"), 4)

    def kept_count(self):
        # Whoever follows the session that stays is sent what it missed: 20 entries, and then the
        # next ones as these are acknowledged, which is more than none.
        self.socket.close()
        self.connect()
        self.socket.sendall(packet(0x10, text("MQTT") + b"\x04\x00\x00\x00" + text("hq")))
        self.socket.settimeout(2)
        count = 0
        try:
            while data := self.socket.recv(1 << 20):
                count += data.count(b'{"seq":')
        except TimeoutError:
            pass
        return count

    def say(self, kind, content, answer_byte_count):
        self.socket.sendall(packet(kind, content))
        self.take(lambda answer: len(answer) == answer_byte_count)

    def window(self, lines):
        return b"".join(
            packet(0x32, text("log") + (number + 1).to_bytes(2, "big") + line)
            for number, line in enumerate(lines)
        )

    def is_acknowledged(self, answer):
        return len(answer) == 4 * WINDOW and answer[::4] == b"\x40" * WINDOW


class NATS(Server):
    name, package, program = "nats JetStream, file storage", "nats-server", "nats-server"
    loses = ""

    def __init__(self, directory, tracer=()):
        super().__init__(directory, tracer)
        self.is_syncing = self.takes_sync_always(directory)
        NATS.loses = (
            "nothing: `sync_interval: always`" if self.is_syncing else
            "up to two minutes: this version cannot sync before it answers (`sync_interval` came"
            " with 2.10, nats-server #4483; docs.nats.io, JetStream, Syncing data to disk)"
        )

    def takes_sync_always(self, directory):
        os.makedirs(directory, exist_ok=True)
        self.is_syncing = True
        return subprocess.run(
            [self.path(), "-t", *self.arguments()], check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode == 0

    def arguments(self):
        path = os.path.join(self.directory, "conf")
        with open(path, "w") as file:
            sync = "sync_interval: always" if self.is_syncing else ""
            file.write(
                f'listen: "127.0.0.1:{self.port}"\n'
                f'jetstream {{ store_dir: "{self.directory}"\n {sync}\n}}\n'
            )
        return ["-c", path]

    def prepare(self):
        self.take(lambda answer: answer.endswith(b"\r\n"))
        self.socket.sendall(b'CONNECT {"verbose":false}\r\nSUB acks.* 1\r\n')
        config = json.dumps(
            {"name": "log", "subjects": ["log"], "storage": "file", "retention": "limits"}
        )
        self.socket.sendall(
            f"PUB $JS.API.STREAM.CREATE.log acks.0 {len(config)}\r\n{config}\r\n".encode()
        )
        answer = self.take(lambda answer: b"stream_create_response" in answer)
        if b'"error"' in answer:
            raise RuntimeError(f"nats-server: {answer}")

    def kept_count(self):
        self.socket.sendall(b"PUB $JS.API.STREAM.INFO.log acks.0 0\r\n\r\n")
        answer = self.take(lambda answer: b"stream_info_response" in answer)
        return int(re.search(rb'"messages":(\d+)', answer).group(1))

    def window(self, lines):
        return b"".join(
            b"PUB log acks.%d %d\r\n%s\r\n" % (number, len(line), line)
            for number, line in enumerate(lines)
        )

    def is_acknowledged(self, answer):
        if b'"error"' in answer:
            raise RuntimeError(f"nats-server: {answer[-300:]}")
        return answer.count(b'"seq":') == WINDOW and answer.endswith(b"\r\n")


class Redis(Server):
    name, package, program = "redis XADD, appendfsync always", "redis-server", "redis-server"
    loses = "nothing: it syncs before it answers (redis.conf, `appendfsync always`)"

    def arguments(self):
        return [
            "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.directory, "--save", "",
            "--appendonly", "yes", "--appendfsync", "always",
        ]

    def kept_count(self):
        self.socket.sendall(b"*2\r\n$4\r\nXLEN\r\n$3\r\nlog\r\n")
        return int(self.take(lambda answer: answer.endswith(b"\r\n"))[1:])

    def window(self, lines):
        return b"".join(
            b"*5\r\n$4\r\nXADD\r\n$3\r\nlog\r\n$1\r\n*\r\n$1\r\ne\r\n$%d\r\n%s\r\n"
            % (len(line), line)
            for line in lines
        )

    def is_acknowledged(self, answer):
        if answer.startswith(b"-"):
            raise RuntimeError(f"redis-server: {answer[:200]}")
        return answer.count(b"\r\n") == 2 * WINDOW


class Rsyslog(Server):
    name, package, program = "rsyslog, disk queue, RELP", "rsyslog rsyslog-relp", "rsyslogd"
    version_options = ("-v",)
    loses = (
        "nothing that is in the queue: `queue.syncQueueFiles`, `queue.checkpointInterval` 1, and"
        " its output synced too (rsyslog's queue parameters); repeats are possible"
    )

    def arguments(self):
        path = os.path.join(self.directory, "conf")
        with open(path, "w") as file:
            file.write(
                f'global(workDirectory="{self.directory}" maxMessageSize="64k")\n'
                'main_queue(queue.type="Disk" queue.filename="main" queue.syncqueuefiles="on"'
                ' queue.checkpointinterval="1" queue.saveonshutdown="on")\n'
                'module(load="imrelp")\n'
                f'input(type="imrelp" port="{self.port}" address="127.0.0.1" maxdatasize="64k")\n'
                'template(name="raw" type="string" string="%msg%\\n")\n'
                f'action(type="omfile" file="{self.directory}/out" sync="on" asyncwriting="off"'
                ' template="raw")\n'
            )
        return ["-n", "-f", path, "-i", os.path.join(self.directory, "pid")]

    def prepare(self):
        offer = b"relp_version=0\nrelp_software=bench\ncommands=syslog"
        self.socket.sendall(b"1 open %d %s\n" % (len(offer), offer))
        self.take(lambda answer: b"commands=syslog" in answer and answer.endswith(b"\n"))
        self.frame_count = 1

    def kept_count(self):
        # It works off its queue into the file; entries that it wrote before are written again.
        path, kept, deadline = os.path.join(self.directory, "out"), set(), time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            with open(path, "rb") as file:
                now = {line for line in file if line.endswith(b"\n")}
            if len(now) >= WINDOW:
                return len(now)
            kept = now
            time.sleep(0.2)
        return len(kept)

    def window(self, lines):
        messages = [b"<13>Nov 25 10:00:00 store stampd: " + line for line in lines]
        return [b" syslog %d %s\n" % (len(message), message) for message in messages]

    def write(self, window):
        # Each frame of a connection has the next number, or librelp hangs up.
        first = self.frame_count + 1
        self.frame_count += len(window)
        frames = (b"%d%s" % (number, frame) for number, frame in enumerate(window, first))
        super().write(b"".join(frames))

    def is_acknowledged(self, answer):
        return answer.count(b" rsp 6 200 OK\n") == WINDOW


SERVERS = [Mosquitto, NATS, Redis, Rsyslog]


def beside(bench):
    """HQ and the others in turns on the same disk."""
    lines_path = os.path.join(bench.path("beside"), "lines")
    subprocess.run([bench.stampbench, "lines", lines_path, str(WINDOW)], check=True)
    with open(lines_path, "rb") as file:
        lines = file.read().split(b"\n")
    rates, missing = {}, {}
    for turn in range(bench.size(3, 1)):
        f = bench.ask("ingest", bench.path(f"beside/hq-{turn}"), bench.size(120, 20))
        rates.setdefault("HQ", []).append(f["per_s"])
        print(f"  HQ: {f['per_s']:,.0f} per second", flush=True)
        for kind in SERVERS:
            if kind in missing:
                continue
            try:
                rate = measure(kind, bench.path(f"beside/{kind.program}-{turn}"), lines, bench)
            except Missing as error:
                missing[kind] = str(error)
                print(f"  {error}", flush=True)
                continue
            rates.setdefault(kind, []).append(rate)
            print(f"  {kind.name}: {rate:,.0f} per second", flush=True)
    tell(bench, rates, missing, lines)
    if missing:
        raise RuntimeError("; ".join(missing.values()))


def measure(kind, directory, lines, bench):
    """Entries per second that a server acknowledges."""
    seconds = bench.size(10, 3)
    with kind(directory) as server:
        window = server.window(lines)
        server.write(window)
        count, started = 0, time.monotonic()
        while (passed := time.monotonic() - started) < seconds:
            server.write(window)
            count += WINDOW
    return count / passed


def syncs(kind, directory, lines):
    """Syncs of one window, counted by strace."""
    trace = os.path.join(directory, "trace")
    os.makedirs(directory, exist_ok=True)
    # As a grandchild, so that the process that is stopped is the server.
    tracer = ["strace", "--daemonize", "--follow-forks", "--output", trace, "--trace", SYNC_CALLS]
    with kind(directory, tracer) as server:
        window = server.window(lines)
        server.write(window)
        before = count_syncs(trace)
        for _ in range(TRACED_COUNT):
            server.write(window)
        return (count_syncs(trace) - before) / TRACED_COUNT


def syncs_of_hq(bench):
    """The same of HQ: what ten batches more take."""
    counts = []
    for count in (2, 12):
        directory = bench.path(f"beside/hq-traced-{count}")
        trace = os.path.join(bench.path("beside"), f"hq-trace-{count}")
        subprocess.run(
            ["strace", "--follow-forks", "--output", trace, "--trace", SYNC_CALLS,
             bench.stampbench, "ingest", directory, str(count)],
            check=True, stdout=subprocess.DEVNULL,
        )
        counts.append(count_syncs(trace))
    return (counts[1] - counts[0]) / 10


def count_syncs(path):
    with open(path) as file:
        return sum(1 for line in file if re.search(r"(fsync|fdatasync|msync)\(", line))


def kept(kind, directory, lines):
    """How many entries of one acknowledged window a server still has after `kill -9`."""
    with kind(directory) as server:
        server.write(server.window(lines))
        server.kill()
    with kind(directory) as server:
        return server.kept_count()


def tell(bench, rates, missing, lines):
    ours = middle(rates["HQ"])
    table = [[
        "HQ: batches of 500, chain and signatures checked, booked", f"{ours:,.0f}",
        f"{syncs_of_hq(bench):.0f}", "all (`make faults`)", "nothing: it syncs before it answers",
    ]]
    for kind in SERVERS:
        if kind in missing:
            table.append([kind.name, "not measured", "", "", missing[kind]])
            continue
        each = syncs(kind, bench.path(f"beside/{kind.program}-traced"), lines)
        left = kept(kind, bench.path(f"beside/{kind.program}-killed"), lines)
        table.append([
            f"{kind.name} ({kind.version()})", f"{middle(rates[kind]):,.0f}", f"{each:.0f}",
            {0: "none", WINDOW: "all"}.get(left, f"at least {left}"), kind.loses,
        ])
    names = [
        "what", "entries per second", "syncs per 500 (strace)", "kept of 500 after `kill -9`",
        "what a power cut loses",
    ]
    bench.table(names, table)
    byte_count = sum(map(len, lines)) // len(lines)
    p50, p99 = devices.sync_ms(bench.directory, byte_count * WINDOW)
    bench.note(
        f"beside: the same entries, {byte_count} bytes each, {WINDOW} in flight, medians of"
        f" {len(rates['HQ'])} turns; fdatasync of that much in the same directory p50 {p50:.2f} ms,"
        f" p99 {p99:.1f} ms. The others keep bytes; HQ also verifies and books them"
    )


def middle(values):
    return sorted(values)[len(values) // 2]


def text(value):
    """A text as MQTT writes it (MQTT 3.1.1 section 1.5.3)."""
    return len(value).to_bytes(2, "big") + value.encode()


def packet(kind, content):
    """An MQTT control packet (MQTT 3.1.1 section 2.2)."""
    head, rest = bytes([kind]), len(content)
    while True:
        rest, digit = divmod(rest, 128)
        head += bytes([digit | (128 if rest else 0)])
        if not rest:
            return head + content
