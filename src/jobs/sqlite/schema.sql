-- Version 2 of the stored format, which docs/jobs-format.md describes. Times are microseconds, since 1970 where they are moments.
PRAGMA application_id = 1701077113;
CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        queue TEXT NOT NULL,
        state INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        payload BLOB NOT NULL,
        key TEXT,
        has_turn INTEGER NOT NULL DEFAULT 0,
        yields_key INTEGER NOT NULL DEFAULT 0,
        uniq TEXT,
        has_unique INTEGER NOT NULL DEFAULT 0,
        unique_until INTEGER NOT NULL DEFAULT 0,
        attempt INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL,
        fence INTEGER NOT NULL DEFAULT 0,
        timeout INTEGER NOT NULL,
        backoff INTEGER NOT NULL,
        max_backoff INTEGER NOT NULL,
        created INTEGER NOT NULL,
        due INTEGER NOT NULL,
        started INTEGER NOT NULL DEFAULT 0,
        finished INTEGER NOT NULL DEFAULT 0,
        lease INTEGER NOT NULL DEFAULT 0,
        worker TEXT,
        worker_turn INTEGER NOT NULL DEFAULT 0,
        verdict INTEGER NOT NULL DEFAULT -1,
        is_cancelling INTEGER NOT NULL DEFAULT 0,
        progress REAL NOT NULL DEFAULT -1,
        note TEXT,
        result BLOB,
        history TEXT NOT NULL DEFAULT ''
);
-- What is counted is in the indexes, so that no job is read for it.
CREATE INDEX scheduled ON jobs (due, queue) WHERE state = 0;
CREATE INDEX held ON jobs (key, priority DESC, seq, queue) WHERE state = 1;
CREATE INDEX ready ON jobs (queue, priority DESC, seq) WHERE state = 2;
CREATE INDEX running ON jobs (lease, queue) WHERE state = 3;
CREATE INDEX finished ON jobs (queue, state, finished) WHERE state >= 4;
CREATE INDEX dead ON jobs (seq) WHERE state = 5;
CREATE UNIQUE INDEX turns ON jobs (key) WHERE has_turn = 1;
CREATE UNIQUE INDEX uniques ON jobs (uniq) WHERE has_unique = 1;
CREATE TABLE queues (
        name TEXT PRIMARY KEY,
        is_paused INTEGER NOT NULL DEFAULT 0,
        most_running INTEGER NOT NULL DEFAULT 0,
        rate INTEGER NOT NULL DEFAULT 0,
        period INTEGER NOT NULL DEFAULT 1000000,
        keep_done INTEGER NOT NULL DEFAULT 86400000000,
        keep_dead INTEGER NOT NULL DEFAULT 2592000000000,
        finished INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        begun TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE crons (
        name TEXT NOT NULL PRIMARY KEY,
        definition BLOB NOT NULL,
        digest INTEGER NOT NULL,
        next INTEGER NOT NULL,
        last INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX crons_next ON crons (next);
PRAGMA user_version = 2;
