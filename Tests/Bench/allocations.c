// Counts what a program allocates, and writes it at the program's end; engine.py asks.
//
//   cc -shared -fPIC -O2 -o allocations.so allocations.c
//   ALLOCATIONS=/tmp/x LD_PRELOAD=./allocations.so stampbench decisions 1000 --rules 10
//
// The file then has two numbers: how many times, and how many bytes were asked for.
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

// glibc's own, under the names it keeps for whoever takes the others.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_ullong times, bytes;

static void count(size_t size) {
    atomic_fetch_add_explicit(&times, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    count(size);
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("ALLOCATIONS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%llu %llu\n", atomic_load(&times), atomic_load(&bytes));
    fclose(file);
}
