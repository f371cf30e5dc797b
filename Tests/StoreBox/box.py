"""The virtual store: an emulated machine with real USB ports and a power plug to pull."""

import base64
import collections
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time

from disk import VolatileDisk
from keys import emulator_keys, keyboard_reports

# Longest any single step may take: software emulation on a busy machine can be ten times slower
# than on an idle one.
STEP_SECONDS = 180

Result = collections.namedtuple("Result", "status output")


class StoreError(AssertionError):
    """The store did not do what a step waited for."""


def wait_until(what, condition, seconds=STEP_SECONDS, every=0.1):
    """Waits until `condition()` is truthy and returns its value; fails with the sentence `what`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise StoreError(f"not within {seconds} s: {what}")
        time.sleep(every)


class Lines:
    """What comes down one of the guest's wires, line by line, as it comes."""

    def __init__(self, wire):
        self.lines = []
        self.wire = wire
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        rest = b""
        while True:
            try:
                data = self.wire.recv(65536)
            except OSError:
                return
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            self.lines.extend(line.decode(errors="replace").rstrip("\r") for line in whole)


class Control:
    """The emulator's own control wire (QMP)."""

    def __init__(self, path):
        self.file = connect(path).makefile("rw")
        self.file.readline()
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise StoreError("the emulator is gone")
            answer = json.loads(line)
            if "error" in answer:
                raise StoreError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]


class Store:
    """One machine: its disk lasts as long as this object, its power comes and goes."""

    def __init__(self, system, image, directory, seed=1):
        """Takes the kernel's directory, the disk (changed in place), a directory for sockets."""
        self.system, self.directory = system, directory
        os.makedirs(directory, exist_ok=True)
        self.disk = VolatileDisk(image, self._path("disk.sock"), seed)
        self.emulator = None

    # Power

    def boot(self):
        """Turns the power on and returns when the guest takes commands; the seconds it took."""
        started = time.monotonic()
        for name in ("box.sock", "events.sock", "qmp.sock", "serial.sock"):
            if os.path.exists(self._path(name)):
                os.unlink(self._path(name))
        log = open(self._path("emulator.log"), "ab")
        self.emulator = subprocess.Popen(
            self._emulator_command(),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        self.control = Control(self._path("qmp.sock"))
        self.box = connect(self._path("box.sock"))
        self.events = Lines(connect(self._path("events.sock")))
        self.serial = connect(self._path("serial.sock"))
        self.box_rest = b""
        self.control("cont")
        while self._box_line(STEP_SECONDS) != b"ready":
            pass
        return time.monotonic() - started

    def cut_power(self):
        """Kills the emulator and loses what the guest had not flushed.

        Returns (kept, lost, torn) writes.
        """
        self.emulator.send_signal(signal.SIGKILL)
        self.emulator.wait()
        return self.disk.cut()

    def power_off(self):
        """Ends the emulator, keeping every write; for a test's end."""
        if self.emulator and self.emulator.poll() is None:
            self.emulator.kill()
            self.emulator.wait()

    def close(self):
        self.power_off()
        self.disk.close()

    # The guest's shell

    def run(self, command, seconds=STEP_SECONDS):
        """Runs a shell command in the guest."""
        self.box.sendall(base64.b64encode(command.encode()) + b"\n")
        status, _, output = self._box_line(seconds, command).partition(b" ")
        return Result(int(status), base64.b64decode(output).decode(errors="replace").rstrip("\n"))

    def sh(self, command, seconds=STEP_SECONDS):
        """Runs a shell command in the guest that must succeed; returns its output."""
        result = self.run(command, seconds)
        if result.status != 0:
            raise StoreError(f"`{command}` ended with {result.status}: {result.output}")
        return result.output

    def read_file(self, path):
        """A file's bytes, out of the guest."""
        return base64.b64decode(self.sh(f"base64 -w0 {path}"))

    def write_file(self, path, data):
        """Puts bytes into a file of the guest."""
        self.sh(f"base64 -d >{path} <<<'{base64.b64encode(data).decode()}'")

    def wait_for(self, what, command, seconds=STEP_SECONDS):
        """Waits until a shell command succeeds in the guest; returns its output."""
        result = []

        def succeeds():
            result[:] = [self.run(command)]
            return result[0].status == 0

        try:
            wait_until(what, succeeds, seconds, every=0.3)
        except StoreError as error:
            raise StoreError(f"{error}; last: {result[0].output}") from None
        return result[0].output

    # The USB ports

    def plug_keyboard(self, name, port, serial):
        """Plugs a keyboard scanner (QEMU's 0627:0001) into a port.

        What is typed goes to the last one plugged.
        """
        self.control(
            "device_add", driver="usb-kbd", bus="xhci.0", port=str(port), id=name, serial=serial
        )

    def plug_serial(self, name, port):
        """Plugs an FTDI serial scanner (0403:6001) into a port; its wire is `serial`."""
        self.control(
            "device_add",
            driver="usb-serial",
            bus="xhci.0",
            port=str(port),
            id=name,
            chardev="serial",
            **{"always-plugged": True},
        )

    def unplug(self, name):
        self.control("device_del", id=name)

    def type(self, text, gap=0.02):
        """Types a text on the keyboard scanner; the emulator holds 16 events, hence the gap."""
        for character in text:
            self.control("send-key", keys=emulator_keys(character), **{"hold-time": 1})
            time.sleep(gap)

    def send_serial(self, text):
        """Sends a text from the serial scanner."""
        self.serial.sendall(text.encode())

    # Scanners made in the guest

    def gadget(self, words):
        """Runs the guest's gadget maker; see guest/gadget.sh."""
        return self.sh(f"/usr/lib/storebox/gadget.sh {words}")

    def type_gadget(self, name, text):
        """Types a text on a keyboard gadget, paced by the guest."""
        reports = "\n".join(
            "".join(f"\\x{byte:02x}" for byte in report) for report in keyboard_reports(text)
        )
        self.sh(f"/usr/lib/storebox/gadget.sh report {name} <<'END'\n{reports}\nEND")

    def report_gadget(self, name, report):
        """Sends one HID report from a gadget."""
        text = "".join(f"\\x{byte:02x}" for byte in report)
        self.sh(f"/usr/lib/storebox/gadget.sh report {name} <<'END'\n{text}\nEND")

    def send_gadget(self, name, text):
        """Sends a text down a serial gadget."""
        data = "".join(f"\\x{byte:02x}" for byte in text.encode())
        self.sh(f"printf '{data}' | /usr/lib/storebox/gadget.sh send {name}")

    # Inside

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _box_line(self, seconds, command="boot"):
        end = time.monotonic() + seconds
        while b"\n" not in self.box_rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.box], [], [], left)[0]:
                raise StoreError(
                    f"no answer in {seconds} s to `{command}`; console: {self._console_tail()}"
                )
            data = self.box.recv(1 << 16)
            if not data:
                raise StoreError(
                    f"the store went away during `{command}`; console: {self._console_tail()}"
                )
            self.box_rest += data
        line, _, self.box_rest = self.box_rest.partition(b"\n")
        return line

    def _console_tail(self):
        with open(self._path("console.log"), "rb") as file:
            return file.read()[-600:].decode(errors="replace")

    def _emulator_command(self):
        def wire(name):
            return [
                "-chardev",
                f"socket,id={name},path={self._path(name + '.sock')},server=on,wait=off",
            ]

        return [
            "qemu-system-x86_64",
            "-S",
            "-machine",
            "q35",
            "-accel",
            "tcg,thread=multi,tb-size=256",
            "-cpu",
            "max",
            "-smp",
            "2",
            "-m",
            "768",
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-kernel",
            os.path.join(self.system, "vmlinuz"),
            "-initrd",
            os.path.join(self.system, "initrd.gz"),
            "-append",
            "console=ttyS0 quiet rw panic=-1 systemd.show_status=no mitigations=off",
            "-chardev",
            f"file,id=console,path={self._path('console.log')},append=on",
            "-serial",
            "chardev:console",
            "-qmp",
            f"unix:{self._path('qmp.sock')},server=on,wait=off",
            "-blockdev",
            f"driver=nbd,node-name=disk,server.type=unix,server.path={self._path('disk.sock')}",
            "-device",
            "virtio-blk-pci,drive=disk,write-cache=on",
            "-device",
            "virtio-serial-pci",
            *wire("box"),
            "-device",
            "virtserialport,chardev=box,name=box",
            *wire("events"),
            "-device",
            "virtserialport,chardev=events,name=events",
            "-device",
            "qemu-xhci,id=xhci,p2=8,p3=8,addr=0x10",
            *wire("serial"),
        ]


def die_with_parent():
    """Ends the emulator with the test, however the test ends; Ctrl-C is for the test alone."""
    os.setsid()
    # PR_SET_PDEATHSIG of prctl(2).
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def connect(path):
    """Connects to a Unix socket that may not be there yet."""
    wire = socket.socket(socket.AF_UNIX)

    def connected():
        try:
            wire.connect(path)
            return True
        except OSError:
            return False

    wait_until(f"the emulator opens {os.path.basename(path)}", connected)
    return wire
