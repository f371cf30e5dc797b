#pragma once

// The Swift runtime asks this hook, if it is set, where a task's next piece of work is to run. Its
// type has Swift's calling convention, which only C can spell. Referring to it here has the linker
// find it in a runtime library and in a runtime that is linked in alike; looking it up by its name
// at run time finds only the former. Source: Swift's runtime, include/swift/Runtime/Concurrency.h.

typedef __attribute__((swiftcall)) void (*_Nullable ctasks_original)(void *_Nonnull job);
extern __attribute__((swiftcall)) void (*_Nullable swift_task_enqueueGlobal_hook)(
    void *_Nonnull job, ctasks_original original);

/// Takes one piece of work, an `UnownedJob`, and has it run.
typedef void (*ctasks_enqueue)(void *_Nonnull job);

static inline ctasks_enqueue _Nullable *_Nonnull ctasks_ours(void) {
    static ctasks_enqueue _Nullable ours;
    return &ours;
}

static __attribute__((swiftcall)) void ctasks_hook(void *_Nonnull job, ctasks_original original) {
    (void)original;
    (*ctasks_ours())(job);
}

/// Has the runtime hand each piece of work to a function; to be called before the first task runs.
static inline void ctasks_take_over(ctasks_enqueue _Nonnull enqueue) {
    *ctasks_ours() = enqueue;
    swift_task_enqueueGlobal_hook = ctasks_hook;
}
