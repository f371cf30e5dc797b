#pragma once

// Swift cannot see function-like macros, variadic functions, or packed unions, so every system
// call the scanner layer needs has one typed function here. Each returns 0, a count, or a
// descriptor on success and a negated errno on failure, as the kernel does: the Swift side then
// never reads `errno`, which ARC traffic may have overwritten by then.

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <linux/hidraw.h>
#include <linux/input.h>
#include <linux/serial.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/timex.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// --- Descriptors ---------------------------------------------------------------------------

/// Opens a node; `O_CLOEXEC` is always added. Returns the descriptor.
static inline int cdevices_open(const char *path, int flags) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

/// Reads at most `size` bytes. Returns how many; 0 is the end of the file.
static inline long cdevices_read(int fd, void *bytes, size_t size) {
    ssize_t count;
    do {
        count = read(fd, bytes, size);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

/// Writes at most `size` bytes. Returns how many.
static inline long cdevices_write(int fd, const void *bytes, size_t size) {
    ssize_t count;
    do {
        count = write(fd, bytes, size);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

/// Takes an advisory lock on the node without waiting, `-EWOULDBLOCK` if another holds it.
///
/// `TIOCEXCL` does not stop root; this stops every program that asks, root or not.
static inline int cdevices_lock(int fd) {
    return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

/// Names the calling thread, as `top -H` shows it; at most 15 bytes count.
static inline void cdevices_name_thread(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// The clock's time in nanoseconds.
static inline int64_t cdevices_clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) < 0) return -errno;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// --- Waiting -------------------------------------------------------------------------------

/// Makes an epoll set. Returns its descriptor.
static inline int cdevices_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/// Adds a descriptor to watch for input; `token` comes back from `cdevices_epoll_wait`.
static inline int cdevices_epoll_add(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/// Takes a descriptor out of the set.
static inline int cdevices_epoll_remove(int epoll, int fd) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

/// Waits until a descriptor has input, an error, or has been hung up; `timeout_ms` -1 waits on.
///
/// Returns how many tokens were stored, at most `count` and at most 16; 0 after a time-out or a
/// signal.
static inline int cdevices_epoll_wait(int epoll, uint64_t *tokens, int count, int timeout_ms) {
    struct epoll_event events[16];
    if (count > 16) count = 16;
    int ready = epoll_wait(epoll, events, count, timeout_ms);
    if (ready < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < ready; i++) tokens[i] = events[i].data.u64;
    return ready;
}

/// Makes an event counter that another thread can raise. Returns its descriptor.
static inline int cdevices_eventfd_create(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/// Raises an event counter; safe from any thread.
static inline int cdevices_eventfd_raise(int fd) {
    return eventfd_write(fd, 1) < 0 ? -errno : 0;
}

/// Makes a watcher of directories. Returns its descriptor.
static inline int cdevices_inotify_create(void) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/// Watches a directory for names that appear or whose permissions change.
static inline int cdevices_inotify_watch(int fd, const char *directory) {
    int watch = inotify_add_watch(fd, directory, IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
    return watch < 0 ? -errno : 0;
}

// --- Keyboards (evdev) ---------------------------------------------------------------------

/// One input event, free of the kernel's two layouts of time.
struct cdevices_key_event {
    int64_t at_us;
    uint16_t type;
    uint16_t code;
    int32_t value;
};

/// Reads at most `count` input events, at most 64. Returns how many.
static inline int cdevices_evdev_read(int fd, struct cdevices_key_event *events, int count) {
    struct input_event buffer[64];
    if (count > 64) count = 64;
    long size = cdevices_read(fd, buffer, (size_t)count * sizeof buffer[0]);
    if (size < 0) return (int)size;
    // No node of a keyboard ends; whatever does is gone, and would else be ready for ever.
    if (size == 0) return -ENODEV;
    int got = (int)(size / (long)sizeof buffer[0]);
    for (int i = 0; i < got; i++) {
        events[i].at_us =
            (int64_t)buffer[i].input_event_sec * 1000000 + (int64_t)buffer[i].input_event_usec;
        events[i].type = buffer[i].type;
        events[i].code = buffer[i].code;
        events[i].value = buffer[i].value;
    }
    return got;
}

/// Makes the node stamp its events with the monotonic clock.
///
/// It empties the node's queue and may leave a SYN_DROPPED in it, so call it before reading.
static inline int cdevices_evdev_use_monotonic_clock(int fd) {
    int clock = CLOCK_MONOTONIC;
    return ioctl(fd, EVIOCSCLOCKID, &clock) < 0 ? -errno : 0;
}

/// Keeps scan codes (EV_MSC) out of the node's queue, so that it holds 15 characters, not 10.
///
/// `codes_size` must be a multiple of `sizeof(long)`, though one byte would do: else `-EINVAL`.
static inline int cdevices_evdev_mask_scan_codes(int fd) {
    uint64_t none = 0;
    struct input_mask mask = {
        .type = EV_MSC, .codes_size = sizeof none, .codes_ptr = (uint64_t)(uintptr_t)&none};
    return ioctl(fd, EVIOCSMASK, &mask) < 0 ? -errno : 0;
}

/// Takes the node for this process alone, so that a scan is not also typed into the till.
///
/// The kernel gives it back when the descriptor closes, also after a crash.
static inline int cdevices_evdev_grab(int fd) {
    return ioctl(fd, EVIOCGRAB, (void *)1) < 0 ? -errno : 0;
}

/// Bytes that `cdevices_evdev_keys` fills: one bit for each key code.
enum { cdevices_keys_size = KEY_MAX / 8 + 1 };

/// Copies which keys are down, one bit each, into `cdevices_keys_size` bytes.
static inline int cdevices_evdev_keys(int fd, uint8_t *keys) {
    return ioctl(fd, EVIOCGKEY(cdevices_keys_size), keys) < 0 ? -errno : 0;
}

/// Switches one of the node's lights.
static inline int cdevices_evdev_set_light(int fd, uint16_t light, int on) {
    struct input_event events[2];
    memset(events, 0, sizeof events);
    events[0].type = EV_LED;
    events[0].code = light;
    events[0].value = on;
    events[1].type = EV_SYN;
    events[1].code = SYN_REPORT;
    return write(fd, events, sizeof events) < 0 ? -errno : 0;
}

// --- HID-POS (hidraw) ----------------------------------------------------------------------

/// Reads a node's report descriptor. Returns its length in bytes, at most `size`.
static inline int cdevices_hidraw_descriptor(int fd, uint8_t *bytes, size_t size) {
    int length = 0;
    if (ioctl(fd, HIDIOCGRDESCSIZE, &length) < 0) return -errno;
    struct hidraw_report_descriptor descriptor;
    memset(&descriptor, 0, sizeof descriptor);
    if (length < 0 || length > HID_MAX_DESCRIPTOR_SIZE) return -EINVAL;
    descriptor.size = (uint32_t)length;
    if (ioctl(fd, HIDIOCGRDESC, &descriptor) < 0) return -errno;
    if ((size_t)length > size) return -EMSGSIZE;
    memcpy(bytes, descriptor.value, (size_t)length);
    return length;
}

/// Reads the bus, vendor, and product that the node's device reports.
static inline int cdevices_hidraw_info(int fd, struct hidraw_devinfo *info) {
    return ioctl(fd, HIDIOCGRAWINFO, info) < 0 ? -errno : 0;
}

/// Sends a feature report; its first byte is the report's number.
static inline int cdevices_hidraw_send_feature(int fd, const uint8_t *report, size_t size) {
    uint8_t copy[64];
    if (size > sizeof copy) return -EMSGSIZE;
    memcpy(copy, report, size);
    return ioctl(fd, HIDIOCSFEATURE(size), copy) < 0 ? -errno : 0;
}

// --- Serial lines (tty) --------------------------------------------------------------------

/// How a serial line is set; every field has a plain number, so that Swift fills it.
struct cdevices_tty_settings {
    /// Bits per second, one of the standard rates.
    uint32_t baud;
    /// 7 or 8.
    uint8_t data_bits;
    /// 1 or 2.
    uint8_t stop_bits;
    /// 0 none, 1 odd, 2 even.
    uint8_t parity;
    /// 0 none, 1 RTS/CTS, 2 XON/XOFF.
    uint8_t flow;
};

/// The termios constant of a rate; 0 if the rate is not a standard one.
static inline speed_t cdevices_tty_speed(uint32_t baud) {
    switch (baud) {
    case 1200: return B1200;
    case 2400: return B2400;
    case 4800: return B4800;
    case 9600: return B9600;
    case 19200: return B19200;
    case 38400: return B38400;
    case 57600: return B57600;
    case 115200: return B115200;
    case 230400: return B230400;
    case 460800: return B460800;
    case 921600: return B921600;
    default: return B0;
    }
}

/// Makes a line raw: no echo, no line editing, no signals, no translation.
///
/// A fresh ttyACM echoes a scan back to the scanner, which may take it for a command, so this
/// comes before anything else. Modem lines are ignored (CLOCAL) and DTR stays up on close
/// (-HUPCL), since some scanners reset when it drops. With parity, a damaged byte arrives marked
/// as `FF 00 byte` and a real `FF` as `FF FF` (PARMRK, termios(3)).
static inline int cdevices_tty_make_raw(int fd, const struct cdevices_tty_settings *settings) {
    struct termios line;
    speed_t speed = cdevices_tty_speed(settings->baud);
    if (speed == B0) return -EINVAL;
    if (tcgetattr(fd, &line) < 0) return -errno;
    cfmakeraw(&line);
    line.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY | INPCK | PARMRK | IGNPAR | ISTRIP);
    line.c_iflag |= IGNBRK;
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cflag &= ~(tcflag_t)(HUPCL | CRTSCTS | CSTOPB | PARENB | PARODD | CSIZE);
    line.c_cflag |= settings->data_bits == 7 ? CS7 : CS8;
    if (settings->stop_bits == 2) line.c_cflag |= CSTOPB;
    if (settings->parity != 0) {
        line.c_cflag |= PARENB | (settings->parity == 1 ? PARODD : 0);
        line.c_iflag |= INPCK | PARMRK;
    }
    if (settings->flow == 1) line.c_cflag |= CRTSCTS;
    if (settings->flow == 2) line.c_iflag |= IXON | IXOFF;
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    if (cfsetspeed(&line, speed) < 0) return -errno;
    return tcsetattr(fd, TCSANOW, &line) < 0 ? -errno : 0;
}

/// Keeps later opens of the line out, except root's.
static inline int cdevices_tty_make_exclusive(int fd) {
    return ioctl(fd, TIOCEXCL) < 0 ? -errno : 0;
}

/// Whether the line is marked exclusive: 1 or 0.
static inline int cdevices_tty_is_exclusive(int fd) {
    int exclusive = 0;
    return ioctl(fd, TIOCGEXCL, &exclusive) < 0 ? -errno : exclusive;
}

/// Raises DTR and RTS: some scanners are powered or gated by them. A pty has none.
static inline int cdevices_tty_raise_lines(int fd) {
    int lines = TIOCM_DTR | TIOCM_RTS;
    return ioctl(fd, TIOCMBIS, &lines) < 0 ? -errno : 0;
}

/// Asks the driver to pass bytes on at once: an FTDI chip else holds them for up to 16 ms.
static inline int cdevices_tty_lower_latency(int fd) {
    struct serial_struct serial;
    memset(&serial, 0, sizeof serial);
    if (ioctl(fd, TIOCGSERIAL, &serial) < 0) return -errno;
    serial.flags |= ASYNC_LOW_LATENCY;
    return ioctl(fd, TIOCSSERIAL, &serial) < 0 ? -errno : 0;
}

/// How many bytes have arrived and not been read.
static inline int cdevices_tty_waiting(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) < 0 ? -errno : count;
}

/// Throws away what has arrived and not been read, and what has not been sent.
static inline int cdevices_tty_flush(int fd) {
    return tcflush(fd, TCIOFLUSH) < 0 ? -errno : 0;
}

/// Makes a serial line without hardware: a pty. Writes the path of its other end into `path`.
///
/// Returns the descriptor of the scanner's end.
static inline int cdevices_pty_open(char *path, size_t size) {
    int unlocked = 0;
    unsigned number = 0;
    int fd = cdevices_open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return fd;
    if (ioctl(fd, TIOCSPTLCK, &unlocked) < 0 || ioctl(fd, TIOCGPTN, &number) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    snprintf(path, size, "/dev/pts/%u", number);
    return fd;
}

// --- udev ----------------------------------------------------------------------------------

/// Takes the next event off a udev monitor.
///
/// Returns 1 and a device to unref, 0 if none is waiting, or a negated errno; `-ENOBUFS` means
/// that events were lost and the caller must enumerate again.
static inline int cdevices_udev_receive(struct udev_monitor *monitor, struct udev_device **device) {
    errno = 0;
    *device = udev_monitor_receive_device(monitor);
    if (*device != NULL) return 1;
    return errno == 0 || errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

// --- Clock ---------------------------------------------------------------------------------

/// Whether a daemon keeps the wall clock by NTP: 1 or 0.
static inline int cdevices_clock_is_synchronised(void) {
    struct timex state = {0};
    return adjtimex(&state) != TIME_ERROR && !(state.status & STA_UNSYNC);
}
