// Preloaded by EndToEndTests: the wall clock stands WALL_CLOCK_SHIFT_S seconds off, all other
// clocks go on. libfaketime moves the environment, and a Swift program then loses its arguments.
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    const char *shift = getenv("WALL_CLOCK_SHIFT_S");
    if (!failed && clock == CLOCK_REALTIME && shift) now->tv_sec += atoll(shift);
    return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
