"""A disk whose writes can be counted, how long it takes to sync, and the cache of a file."""

import os
import subprocess
import time


def forget(path):
    """Drops a file from the kernel's cache, as after a start of the machine."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def sync_ms(directory, byte_count, samples=100):
    """How long an fdatasync of some bytes takes here that make a file longer: p50 and p99."""
    path = os.path.join(directory, "sync")
    times = []
    with open(path, "wb", buffering=0) as file:
        data = bytes([0xA5]) * byte_count
        for _ in range(samples):
            file.write(data)
            started = time.monotonic()
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - started) * 1000)
    os.unlink(path)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


class LoopDisk:
    """An ext4 file system of its own on a loop device; needs root."""

    BYTE_COUNT = 512 << 20

    def __init__(self, directory):
        self.image = os.path.join(directory, "disk.img")
        self.path = os.path.join(directory, "disk")
        self.node = None

    def __enter__(self):
        os.makedirs(self.path)
        with open(self.image, "wb") as image:
            image.truncate(self.BYTE_COUNT)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.node = run("losetup", "--find", "--show", self.image).strip()
        try:
            run("mount", "-o", "noatime", self.node, self.path)
        except Exception:
            run("losetup", "--detach", self.node)
            raise
        return self

    def __exit__(self, *_):
        run("umount", self.path)
        run("losetup", "--detach", self.node)

    def written_bytes(self):
        """Everything that reached the device, once all is synced.

        Sectors have 512 bytes here, whatever the device says (kernel: block/stat.rst).
        """
        run("sync", "--file-system", self.path)
        with open(f"/sys/block/{os.path.basename(self.node)}/stat") as stat:
            return int(stat.read().split()[6]) * 512


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
