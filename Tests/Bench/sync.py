"""The rows about what goes between stores and HQ: real programs, real HTTP (issue 3)."""

import base64
import gzip
import json
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

import agent
import devices

# What a batch of 500 adds to a file, in bytes: entries of some 400.
BATCH_BYTE_COUNT = 500 * 400
# Part of the cached ledgers' name: raise it with LedgerDB's schema or what stampbench fills in.
BACKLOG_VERSION = 3


def drain(bench):
    """A real agent that was offline, and a real HQ that comes back."""
    counts = [10_000, 100_000] if bench.short else [10_000, 100_000, 1_000_000]
    rates = []
    for count in counts:
        # The small ones take half a second: often, and the median.
        repeats = bench.size(3, 1) if count < 1_000_000 else 1
        runs = [drain_once(bench, count, turn) for turn in range(repeats)]
        rate, memory = sorted(runs, key=lambda run: run[0])[len(runs) // 2]
        rates.append(rate)
        bench.row(
            f"backlog of {count:,} entries drained to HQ, durable at both ends",
            f"{rate:,.0f} entries per second", "≥ 20,000 per second", rate >= 20_000,
        )
    bench.row(
        f"the same, flat in the backlog's length ({', '.join(f'{n:,}' for n in counts)})",
        f"slowest {min(rates) / max(rates):.2f} of the fastest",
        "≥ 0.8 of it", min(rates) / max(rates) >= 0.8,
    )
    more = memory["VmHWM"] - memory["before"]
    bench.row(
        f"agent's memory while draining {counts[-1]:,}",
        f"{memory['before']:.1f} MB before, {memory['VmHWM']:.1f} MB at most, {more:+.1f} MB",
        "+ ≤ 8 MB", more <= 8,
    )
    bench.note(
        "stampd run, HQ in another process on the same cores, one batch of 500 in flight; HQ's"
        " database was read afterwards: every entry is there once, none without effect."
        f" The agent's anonymous memory grew by {memory['RssAnon'] - memory['anonymous']:+.1f} MB"
    )
    tell_sync(bench)


def drain_once(bench, count, turn):
    """Drains a copy of a backlog; returns entries per second and the agent's memory."""
    name = f"drain-{count}-{turn}"
    state = os.path.join(bench.path(name), "state")
    shutil.copytree(backlog(bench, count), state)
    headquarters = agent.Headquarters(bench, state, name=f"{name}-hq")
    with headquarters as hq:
        # HQ is away while the agent starts and verifies its log: only the drain is measured.
        headquarters.halt()
        with agent.Agent(bench, name, state=state, hq=hq) as stampd:
            stampd.rest()
            before = stampd.memory()
            stampd.forget_peak()
            headquarters.go_on()
            stampd.log.wait_acknowledged(stampd.head, Progress("drained", stampd.head))
            memory = stampd.memory()
            acknowledged = stampd.log.acknowledged()
    memory |= {"before": before["VmRSS"], "anonymous": before["RssAnon"]}
    check_held(headquarters.database, stampd.head)
    for directory in (name, f"{name}-hq"):
        shutil.rmtree(bench.path(directory))
    # From the first acknowledgement on: before it, the agent waits for an HQ that is away.
    (began, first), (ended, last) = acknowledged[0], acknowledged[-1]
    return (last - first) / (ended - began), memory


def backlog(bench, count):
    """A state directory whose ledger HQ has nothing of; made once and kept."""
    path = os.path.abspath(os.path.join(bench.work, f"backlog-{BACKLOG_VERSION}-{count}"))
    if not os.path.exists(os.path.join(path, "complete")):
        shutil.rmtree(path, ignore_errors=True)
        print(f"  making a backlog of {count:,} entries, once", flush=True)
        agent.make_state(bench, f"backlog-{count}", path)
        bench.ask("fill", path, count, count, "--unknown")
        open(os.path.join(path, "complete"), "w").close()
    return path


def check_held(database, head):
    """Whether HQ holds every entry of a log, booked; HQ has ended."""
    with sqlite3.connect(database) as db:
        held = db.execute("SELECT count(*), min(sequence), max(sequence) FROM entry").fetchone()
        without_effect = db.execute("SELECT count(*) FROM quarantine").fetchone()[0]
        sales = db.execute("SELECT count(*) FROM sale").fetchone()[0]
    db.close()
    # An anchor may have followed the last award, and a boot went before the first.
    if held[0] != held[2] or held[1] != 1 or held[2] < head or without_effect or sales < head - 9:
        raise RuntimeError(f"HQ holds {held}, {without_effect} without effect, of {head}")


class Progress:
    """Tells how far something has come, every tenth of it."""

    def __init__(self, what, whole):
        self.what, self.whole, self.told = what, whole, 0

    def __call__(self, done):
        if done * 10 // self.whole > self.told:
            self.told = done * 10 // self.whole
            print(f"  {self.what} {done:,} of {self.whole:,}", flush=True)


def ingest(bench):
    """HQ alone: the requests are ready beforehand."""
    runs = [
        bench.ask("ingest", bench.path(f"hq-ingest-{turn}"), bench.size(120, 20))
        for turn in range(bench.size(3, 2))
    ]
    f = {name: sorted(run[name] for run in runs)[len(runs) // 2] for name in runs[0]}
    bench.row(
        "HQ takes entries in, batches of 500, embedded SQLite",
        f"{f['per_s']:,.0f} per second", "≥ 25,000 per second", f["per_s"] >= 25_000,
    )
    bench.note(
        "from one device over HTTP, one batch in flight, both ends in one process;"
        f" {f['processor_us_per_entry']:.0f} µs of processor time per entry, whatever else the"
        " machine does"
    )
    tell_sync(bench)


def wire(bench):
    """Bytes of real POSTs, as they arrive."""
    count = bench.size(200, 20)
    coded = wire_sizes(bench, 1, count, "--coded")[1:]  # the first has no entry before it
    plain = wire_sizes(bench, 1, count)[1:]
    bodies = [len(body) for _, body in coded]
    mean = sum(bodies) / len(bodies)
    bench.row(
        "bytes per entry on the wire, single",
        f"{mean:.0f} in the body ({min(bodies)} to {max(bodies)}),"
        f" {mean + sum(len(head) for head, _ in coded) / len(coded):.0f} with the request's header"
        " fields",
        "≤ 200 in the body", max(bodies) <= 200,
    )
    for size in 50, 500:
        head, body = wire_sizes(bench, size, 1, "--coded")[0]
        each = len(body) / size
        bench.row(
            f"bytes per entry on the wire, batch of {size}",
            f"{each:.0f} in the body, {(len(head) + len(body)) / size:.0f} with the request's"
            " header fields",
            "≤ 45 in the body", each <= 45,
        )
    lines = gzip.decompress(plain[-1][1]).splitlines()
    bench.note(
        f"{len(bodies)} single awards, each behind another one, in the coding for an HQ that holds"
        f" the entry before; as gzip such a batch has {len(plain[-1][1])} bytes:"
        f" {random_byte_count(lines)} of them are hashes, keys' names, the signature and the"
        " device's name"
    )


def wire_sizes(bench, size, count, *options):
    """Head and body of each push of some batches."""
    with Listener() as listener:
        subprocess.run(
            [bench.stampbench, "wire", str(listener.port), str(size), str(count), *options],
            check=True,
        )
    return listener.requests


def random_byte_count(lines):
    """The bytes that look drawn by chance, as many as they are before base64 and hexadecimal."""
    found = set()

    def look(value):
        if isinstance(value, dict):
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)
        elif isinstance(value, str) and re.fullmatch("[0-9a-f]{16,}", value.replace("-", "")):
            found.add(bytes.fromhex(value.replace("-", "")))
        elif isinstance(value, str) and re.fullmatch("[A-Za-z0-9+/]{40,}=*", value):
            found.add(base64.b64decode(value))

    for line in lines:
        look(json.loads(line))
    return sum(map(len, found))


class Listener:
    """A server that keeps what is posted to it, and answers that it is busy."""

    ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def __enter__(self):
        self.requests = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def serve(self):
        try:
            while True:
                connection = self.socket.accept()[0]
                with connection, connection.makefile("rb") as file:
                    self.take(connection, file)
        except OSError:
            pass  # closed

    def take(self, connection, file):
        head, length = b"", 0
        for line in file:
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if line == b"\r\n":
                self.requests.append((head, file.read(length)))
                connection.sendall(self.ANSWER)
                return


def posted(bench):
    """From the last byte of a scan until HQ's word that it is booked is on the agent's disk."""
    count = bench.size(240, 60)
    # The same each time; spaced so that scans fall anywhere into the pause that gathers a batch.
    pauses = random.Random(3)
    with (
        agent.Headquarters(bench, agent.make_state(bench, "posted"), name="posted-hq") as hq,
        agent.Agent(bench, "posted", hq=hq) as stampd,
    ):
        stampd.attach()
        stampd.rest()
        progress, times = Progress("scanned", count), []
        for index in range(count):
            times.append(time.monotonic())
            stampd.scan(index)
            progress(index + 1)
            time.sleep(pauses.uniform(0.1, 1.1))
        stampd.rest()
        acknowledged = stampd.log.acknowledged()
    delays = sorted(
        next(at for at, last in acknowledged if last >= entry) - scanned_at
        for scanned_at, entry in zip(times, awards(stampd.state), strict=True)
    )
    p50, p99 = (delays[len(delays) * share // 100] for share in (50, 99))
    bench.row(
        "agent commit → HQ posted, online",
        f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms", "p99 ≤ 1 s", p99 <= 1,
    )
    bench.note(
        f"{count} awards of distinct members 0.1 to 1.1 s apart, from before the last byte of each"
        " scan until HQ's signed acknowledgement is in the agent's log, so an upper bound;"
        f" longest {delays[-1] * 1000:.0f} ms; 200 ms of it gather a batch"
    )
    tell_sync(bench)


def awards(state):
    """The numbers of a log's awards; the agent has ended."""
    with sqlite3.connect(os.path.join(state, "ledger.sqlite")) as db:
        lines = db.execute("SELECT sequence, body FROM log ORDER BY sequence").fetchall()
    db.close()
    return [sequence for sequence, body in lines if json.loads(body)["type"] == "award"]


def snapshot(bench):
    """A new store gets all members; another one's line and machine fail half-way."""
    count = bench.size(1_000_000, 100_000)
    states = [agent.make_state(bench, name) for name in ("new", "cut")]
    headquarters = agent.Headquarters(bench, *states, name="snapshot-hq", members=count)
    print(f"  HQ imports {count:,} members", flush=True)
    with headquarters, CuttingProxy(headquarters.port) as proxy:
        hq = (f"http://127.0.0.1:{proxy.port}", headquarters.key)
        with agent.Agent(bench, "new", state=states[0], hq=hq) as stampd:
            ready_s = wait_loaded(stampd, count)
        whole = proxy.byte_count
        print(f"  a new store was ready after {ready_s:.1f} s, {whole:,} bytes", flush=True)
        proxy.cut_after(whole // 2)
        with agent.Agent(bench, "cut", state=states[1], hq=hq) as stampd:
            proxy.wait_cut()
            stampd.kill()
        proxy.mend()
        with agent.Agent(bench, "cut", state=states[1], hq=hq) as stampd:
            resumed_s = wait_loaded(stampd, count)
        repeated = proxy.byte_count - 2 * whole
    limit = 30 * count / 1_000_000
    bench.row(
        f"snapshot of {count:,} members → agent ready",
        f"{ready_s:.1f} s from the agent's start", "≤ 30 s for a million", ready_s <= limit,
    )
    bench.row(
        "resumed after a cut half-way: line cut, agent killed",
        f"{resumed_s:.1f} s from the second start, {repeated / (1 << 20):.2f} MiB repeated",
        "≤ 30 s for a million, ≤ 4 MiB repeated", resumed_s <= limit and repeated <= 4 << 20,
    )
    bench.note(
        f"stampd run, HQ in another process, {whole:,} bytes counted between them; HQ made the"
        " snapshot meanwhile, for the first agent"
    )
    tell_sync(bench)


def wait_loaded(stampd, count):
    """Seconds from the agent's start until it uses a snapshot with all members."""
    return stampd.log.wait(f"snapshot in use members={count} ", 600) - stampd.started


class CuttingProxy:
    """Hands connections on to HQ, counts what HQ sends, and cuts all of them at a byte."""

    def __init__(self, target):
        self.target = target
        self.byte_count = 0
        self.limit = None
        self.is_cut = threading.Event()
        self.lock = threading.Lock()
        self.open = set()

    def __enter__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()
        self.close_all()

    def cut_after(self, byte_count):
        with self.lock:
            self.limit = self.byte_count + byte_count

    def wait_cut(self):
        if not self.is_cut.wait(600):
            raise RuntimeError("the snapshot did not come to where it was to be cut")

    def mend(self):
        self.is_cut.clear()

    def accept(self):
        try:
            while True:
                near = self.server.accept()[0]
                if self.is_cut.is_set():
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
                self.open |= {near, far}
                for source, drain in ((near, far), (far, near)):
                    threading.Thread(
                        target=self.pump, args=(source, drain, source is far), daemon=True
                    ).start()
        except OSError:
            pass  # closed

    def pump(self, source, drain, counts):
        try:
            while data := source.recv(65_536):
                if counts and not self.count(data):
                    return
                drain.sendall(data)
            drain.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut, or the other end is gone

    def count(self, data):
        """Counts bytes; cuts every connection if these reach the limit, and says so."""
        with self.lock:
            self.byte_count += len(data)
            if self.limit is None or self.byte_count < self.limit:
                return True
            self.limit = None
        self.is_cut.set()
        self.close_all()
        return False

    def close_all(self):
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed by its peer
            connection.close()
        self.open.clear()


def fleet(bench):
    """Many stores' real sync code against one HQ, by stamphq's own simulator, on a good line."""
    agents, minutes = bench.size(2_000, 200), bench.size(10, 1)
    command = [
        os.path.join(bench.binaries, "stamphq"), "simulate", "--agents", str(agents),
        "--rate", "1/min", "--minutes", str(minutes), "--json",
    ]
    # It tells its progress by itself; Ctrl-C reaches it too, and it stops its HQ.
    simulator = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    try:
        f = json.loads(simulator.stdout)
    except ValueError:
        raise RuntimeError(
            f"this stamphq has no 'simulate', or it failed: status {simulator.returncode}"
        ) from None
    broken = [check["name"] for check in f["invariants"] if not check["ok"]]
    if broken or simulator.returncode:
        raise RuntimeError(f"promises are broken: {', '.join(broken)}")
    p50, p99 = f["ackP50Us"] / 1000, f["ackP99Us"] / 1000
    start, end, peak = (f[f"hqMemory{when}KB"] / 1024 for when in ("Start", "End", "Peak"))
    bench.row(
        f"{agents:,} simulated stores, 1 batch a minute each",
        f"acknowledged p50 {p50:.0f} ms, p99 {p99:.0f} ms", "p99 ≤ 250 ms", p99 <= 250,
    )
    bench.row(
        f"HQ's memory over these {minutes} min",
        f"{start:.0f} MiB, then {end:.0f} MiB, at most {peak:.0f} MiB",
        "flat: + ≤ 10 % at the end", end <= 1.1 * start,
    )
    bench.note(f"{f['entries']:,} entries in {f['acks']:,} pushes, no promise broken")
    tell_sync(bench)


def tell_sync(bench):
    p50, p99 = devices.sync_ms(bench.directory, BATCH_BYTE_COUNT)
    bench.note(
        f"fdatasync of a batch's {BATCH_BYTE_COUNT // 1000} KB in the same directory, just after:"
        f" p50 {p50:.2f} ms, p99 {p99:.1f} ms"
    )
