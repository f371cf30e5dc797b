// Records what a program writes to the files of one directory, in order, for crash.py to replay.
//
//   cc -shared -fPIC -O2 -o recorder.so recorder.c -ldl
//   RECORD_DIR=/tmp/x RECORD_LOG=/tmp/x.log LD_PRELOAD=./recorder.so ledgerprobe record ...
//
// One record: kind (1 byte), file (u32), offset (u64), length (u32), then the bytes.
//   o open (bytes: path)   w write   t truncate (offset: new size)   s sync   u unlink (path)
//   a what the program said on its standard output: the acknowledgements
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
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

ssize_t write(int fd, const void *bytes, size_t length) {
    off_t offset = is_watched(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    // Said before it is written: what a customer may have seen counts as acknowledged.
    if (fd == 1) put('a', 1, 0, bytes, length);
    ssize_t count = REAL(write)(fd, bytes, length);
    if (count > 0 && is_watched(fd)) put('w', fd, offset, bytes, count);
    return count;
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

int fsync(int fd) {
    int code = REAL(fsync)(fd);
    if (code == 0 && is_watched(fd)) put('s', fd, 0, 0, 0);
    return code;
}

int fdatasync(int fd) {
    int code = REAL(fdatasync)(fd);
    if (code == 0 && is_watched(fd)) put('s', fd, 0, 0, 0);
    return code;
}

int unlink(const char *path) {
    int code = REAL(unlink)(path);
    const char *directory = getenv("RECORD_DIR");
    if (code == 0 && directory && strncmp(path, directory, strlen(directory)) == 0) {
        put('u', 0, 0, path, strlen(path));
    }
    return code;
}
