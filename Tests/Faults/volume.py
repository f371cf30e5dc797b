"""A small ext4 file system in a file; needs root."""

import errno
import fcntl
import os
import struct

# Source: linux/fs/ext4/ext4.h, EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH.
EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


class Volume:
    """Mounted from its making until the run's end."""

    def __init__(self, work, byte_count, block_byte_count=4096):
        self.work = work
        self.path = work.place("volume")
        self.image = self.path + ".img"
        with open(self.image, "wb") as image:
            image.truncate(byte_count)
        work.run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", str(block_byte_count), self.image)
        self.filler = os.path.join(self.path, "filler")
        self.mount()

    def mount(self):
        self.work.run("mount", "-o", "loop,errors=remount-ro", self.image, self.path)
        self.work.volumes.add(self)

    def unmount(self):
        self.work.run("umount", self.path)
        self.work.volumes.discard(self)

    def drop(self):
        """Gives it up whatever its state."""
        self.work.run("umount", "--lazy", self.path, is_checked=False)
        self.work.volumes.discard(self)
        os.unlink(self.image)

    def shut_down(self):
        """Stops the file system as a crash of the kernel does: nothing more reaches the disk."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(directory)

    def abort(self):
        """Has the kernel take the file system for broken: it is read-only at once."""
        self.work.run("mount", "-o", "remount,abort", self.path)

    def sync(self):
        self.work.run("sync", "--file-system", self.path)

    def fill(self, spare_byte_count):
        """Takes what room there is, but for some bytes."""
        descriptor = os.open(self.filler, os.O_RDWR | os.O_CREAT, 0o600)
        byte_count = 0
        try:
            for piece in (16 << 20, 1 << 20, 64 << 10, 4 << 10, 1 << 10):
                try:
                    while True:
                        os.posix_fallocate(descriptor, byte_count, piece)
                        byte_count += piece
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
            os.ftruncate(descriptor, max(0, byte_count - spare_byte_count))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.sync()

    def free(self):
        os.unlink(self.filler)
        self.sync()  # ext4 gives blocks back with its journal's next commit
