"""A disk that forgets what was not flushed, as a real one does when the power goes.

The emulator's own disk image outlives a killed emulator whatever the guest flushed, because the
host holds what was written. So the virtual store's disk is a network block device served by
this file: a write stays in memory until the guest flushes (or marks the write with FUA), and a
power cut keeps, drops or tears each of the writes still in memory.
"""

import os
import random
import socket
import struct
import threading

SECTOR = 512

# The NBD protocol: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
NBD_MAGIC, OPTION_MAGIC, OPTION_REPLY_MAGIC = (
    0x4E42444D41474943,
    0x49484156454F5054,
    0x0003E889045565A9,
)
REQUEST_MAGIC, REPLY_MAGIC = 0x25609513, 0x67446698
FLAG_FIXED_NEWSTYLE, FLAG_NO_ZEROES = 1, 2
OPTION_EXPORT_NAME, OPTION_ABORT, OPTION_INFO, OPTION_GO = 1, 2, 6, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, (1 << 31) + 1
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
COMMAND_FUA = 1


class VolatileDisk:
    """Serves one image file over a Unix socket; thread-safe between one emulator and the test."""

    def __init__(self, image, address, seed):
        self.file = os.open(image, os.O_RDWR)
        self.length = os.fstat(self.file).st_size
        self.address = address
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.cached = {}  # sector -> newest bytes not yet flushed
        self.pending = []  # (sector, bytes) in the order they were written
        self.flushes = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(address)
        self.listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self):
        """The power goes: each write not flushed survives, is lost, or is torn at a sector.

        Returns the three counts.
        """
        kept = lost = torn = 0
        with self.lock:
            for sector, data in self.pending:
                fate = self.random.random()
                count = len(data) // SECTOR
                if fate < 0.5:
                    lost += 1
                    continue
                if fate < 0.65 and count > 1:
                    torn += 1
                    data = data[: SECTOR * self.random.randrange(1, count)]
                else:
                    kept += 1
                os.pwrite(self.file, data, sector * SECTOR)
            self.pending.clear()
            self.cached.clear()
        return kept, lost, torn

    def close(self):
        self.listener.close()
        os.unlink(self.address)
        with self.lock:
            self._flush()
            os.close(self.file)
            self.file = -1

    def _serve(self):
        while True:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self._handshake(wire):
                    self._answer(wire)
            except (ConnectionError, EOFError, OSError):
                pass  # the emulator was killed: that is what this disk is for
            finally:
                wire.close()

    def _handshake(self, wire):
        wire.sendall(
            struct.pack(">QQH", NBD_MAGIC, OPTION_MAGIC, FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES)
        )
        receive(wire, 4)
        export = struct.pack(">QH", self.length, HAS_FLAGS | SEND_FLUSH | SEND_FUA)
        while True:
            _, option, length = struct.unpack(">QII", receive(wire, 16))
            receive(wire, length)

            def reply(kind, data=b""):
                wire.sendall(
                    struct.pack(">QIII", OPTION_REPLY_MAGIC, option, kind, len(data)) + data
                )

            if option == OPTION_EXPORT_NAME:
                wire.sendall(export)
                return True
            if option in (OPTION_GO, OPTION_INFO):
                reply(REPLY_INFO, struct.pack(">H", 0) + export)
                reply(REPLY_ACK)
                if option == OPTION_GO:
                    return True
            elif option == OPTION_ABORT:
                reply(REPLY_ACK)
                return False
            else:
                reply(REPLY_UNSUPPORTED)

    def _answer(self, wire):
        while True:
            _, flags, command, handle, offset, length = struct.unpack(">IHHQQI", receive(wire, 28))
            data = b""
            if command == READ:
                with self.lock:
                    data = self._read(offset, length)
            elif command == WRITE:
                written = receive(wire, length)
                with self.lock:
                    self._write(offset, written, through=flags & COMMAND_FUA)
            elif command == FLUSH:
                with self.lock:
                    self._flush()
            elif command == DISCONNECT:
                return
            wire.sendall(struct.pack(">IIQ", REPLY_MAGIC, 0, handle) + data)

    def _read(self, offset, length):
        data = os.pread(self.file, length, offset)
        if not self.cached:
            return data
        parts = bytearray(data)
        first = offset // SECTOR
        for index in range(length // SECTOR):
            newer = self.cached.get(first + index)
            if newer is not None:
                parts[index * SECTOR : (index + 1) * SECTOR] = newer
        return bytes(parts)

    def _write(self, offset, data, through):
        first = offset // SECTOR
        if through:
            # FUA covers this write alone; older ones of the same sectors must not come back over
            # it.
            os.pwrite(self.file, data, offset)
        else:
            self.pending.append((first, data))
        for index in range(len(data) // SECTOR):
            sector = data[index * SECTOR : (index + 1) * SECTOR]
            if not through:
                self.cached[first + index] = sector
            elif first + index in self.cached:
                self.cached[first + index] = sector
                self.pending.append((first + index, sector))

    def _flush(self):
        for sector, data in self.pending:
            os.pwrite(self.file, data, sector * SECTOR)
        self.pending.clear()
        self.cached.clear()
        self.flushes += 1


def receive(wire, length):
    """Reads exactly `length` bytes, or raises EOFError."""
    data = bytearray()
    while len(data) < length:
        part = wire.recv(min(1 << 20, length - len(data)))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
