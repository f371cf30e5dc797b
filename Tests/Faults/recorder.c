// Records what a program writes to the files of one directory, in order, for power.py to replay.
//
//   cc -shared -fPIC -O2 -o recorder.so recorder.c -ldl
//   RECORD_DIR=/tmp/x RECORD_LOG=/tmp/x.log LD_PRELOAD=./recorder.so stampd run ...
//
// One record: kind (1 byte), file (u32), offset (u64), length (u32), then the bytes.
//   o open (bytes: path)   w write   t truncate (offset: new size)   s sync   u unlink (path)
//   a what the program says, on its standard output or a socket: the acknowledgements
//   f a sync that failed: what was written before it may never reach the disk
//
// With RECORD_NO_SYNC=1 syncs do nothing and say that they did: the control that must lose. With
// RECORD_AT_SYNC=N the N-th sync of a file does not happen: RECORD_DO=kill kills the program there,
// =fail has the call fail, =hide has it fail and say that it did not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char watched[FILES];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

static void put(char kind, uint32_t file, uint64_t offset, const void *bytes, uint32_t length) {
    ssize_t (*write_)(int, const void *, size_t) = real("write");
    int (*open_)(const char *, int, ...) = real("open");
    pthread_mutex_lock(&lock);
    if (journal < 0) {
        journal = open_(getenv("RECORD_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    unsigned char head[17];
    head[0] = kind;
    memcpy(head + 1, &file, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &length, 4);
    if (write_(journal, head, 17) != 17) abort();
    if (length && write_(journal, bytes, length) != (ssize_t)length) abort();
    pthread_mutex_unlock(&lock);
}

static int is_watched(int fd) {
    return fd >= 0 && fd < FILES && watched[fd];
}

static int opened(int fd, const char *path) {
    const char *directory = getenv("RECORD_DIR");
    if (fd >= 0 && fd < FILES) {
        watched[fd] = directory && strncmp(path, directory, strlen(directory)) == 0;
        if (watched[fd]) put('o', fd, 0, path, strlen(path));
    }
    return fd;
}

#define OPEN(name)                                             \
    int name(const char *path, int flags, ...) {               \
        va_list rest;                                          \
        va_start(rest, flags);                                 \
        mode_t mode = va_arg(rest, mode_t);                    \
        va_end(rest);                                          \
        return opened(REAL(name)(path, flags, mode), path);    \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (is_watched(fd)) watched[fd] = 0;
    return REAL(close)(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    ssize_t count = REAL(pwrite)(fd, bytes, length, offset);
    if (count > 0 && is_watched(fd)) put('w', fd, offset, bytes, count);
    return count;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    ssize_t count = REAL(pwrite64)(fd, bytes, length, offset);
    if (count > 0 && is_watched(fd)) put('w', fd, offset, bytes, count);
    return count;
}

static int is_heard(int fd) {
    struct stat status;
    return fd == 1 || (fd > 2 && !is_watched(fd) && fstat(fd, &status) == 0
                       && S_ISSOCK(status.st_mode));
}

// Said before it is written: what a customer may have seen counts as acknowledged.
static void say(int fd, const struct iovec *pieces, int count) {
    if (!is_heard(fd)) return;
    for (int i = 0; i < count; i++) put('a', fd, 0, pieces[i].iov_base, pieces[i].iov_len);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    off_t offset = is_watched(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    say(fd, &(struct iovec){(void *)bytes, length}, 1);
    ssize_t count = REAL(write)(fd, bytes, length);
    if (count > 0 && is_watched(fd)) put('w', fd, offset, bytes, count);
    return count;
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    say(fd, pieces, count);
    return REAL(writev)(fd, pieces, count);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    say(fd, &(struct iovec){(void *)bytes, length}, 1);
    return REAL(send)(fd, bytes, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    say(fd, message->msg_iov, message->msg_iovlen);
    return REAL(sendmsg)(fd, message, flags);
}

int ftruncate(int fd, off_t length) {
    int code = REAL(ftruncate)(fd, length);
    if (code == 0 && is_watched(fd)) put('t', fd, length, 0, 0);
    return code;
}

int ftruncate64(int fd, off64_t length) {
    int code = REAL(ftruncate64)(fd, length);
    if (code == 0 && is_watched(fd)) put('t', fd, length, 0, 0);
    return code;
}

// Whether a sync is left to the kernel; if not, *code is what it returns.
static int is_real_sync(int fd, int *code) {
    static int count;
    const char *at = getenv("RECORD_AT_SYNC");
    *code = 0;
    if (getenv("RECORD_NO_SYNC")) return 0;
    if (!at || !is_watched(fd) || __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != atoi(at)) {
        return 1;
    }
    const char *what = getenv("RECORD_DO");
    if (strcmp(what, "kill") == 0) kill(getpid(), SIGKILL);
    put('f', fd, 0, 0, 0);
    if (strcmp(what, "hide") == 0) return 0;
    errno = EIO;
    *code = -1;
    return 0;
}

#define SYNC(name)                                             \
    int name(int fd) {                                         \
        int code;                                              \
        if (!is_real_sync(fd, &code)) return code;             \
        code = REAL(name)(fd);                                 \
        if (code == 0 && is_watched(fd)) put('s', fd, 0, 0, 0);\
        return code;                                           \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    int code = REAL(unlink)(path);
    const char *directory = getenv("RECORD_DIR");
    if (code == 0 && directory && strncmp(path, directory, strlen(directory)) == 0) {
        put('u', 0, 0, path, strlen(path));
    }
    return code;
}
