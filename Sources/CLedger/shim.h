// What Swift cannot call by itself: SQLite's variadic sqlite3_db_config() and its SQLITE_TRANSIENT,
// a function pointer of value -1.
#ifndef CLEDGER_SHIM_H
#define CLEDGER_SHIM_H

#include <sqlite3.h>

/// Forbids SQL that could corrupt the file, and leaves checkpoints to the caller, on close too.
static inline int cledger_harden(sqlite3 *db) {
    int code = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    if (code != SQLITE_OK) return code;
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// Leaves the write-ahead log as it is on close: a damaged file is only read.
static inline int cledger_keep_wal(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

static inline int cledger_store_frame_count(void *count, sqlite3 *db, const char *name,
                                            int frames) {
    (void)db;
    (void)name;
    *(int *)count = frames;
    return SQLITE_OK;
}

/// Keeps the number of frames in the write-ahead log in *count after each commit.
///
/// Takes the place of SQLite's own hook, which would checkpoint and swallow its errors.
static inline void cledger_watch_wal(sqlite3 *db, int *count) {
    sqlite3_wal_hook(db, cledger_store_frame_count, count);
}

/// Binds a copy of a text.
static inline int cledger_bind_text(sqlite3_stmt *s, int index, const char *text, int byteCount) {
    return sqlite3_bind_text(s, index, text, byteCount, SQLITE_TRANSIENT);
}

/// Binds a copy of bytes; none of them is an empty blob, not NULL.
static inline int cledger_bind_blob(sqlite3_stmt *s, int index, const void *bytes, int byteCount) {
    if (byteCount == 0) return sqlite3_bind_zeroblob(s, index, 0);
    return sqlite3_bind_blob(s, index, bytes, byteCount, SQLITE_TRANSIENT);
}

#endif
