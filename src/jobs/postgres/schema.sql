-- Where jobs lie, as of format 2. "@" stands for the schema's name. docs/jobs-format.md says what each column means. What is changed here
-- is a new format, with a step to it from the one before: migrate_2.sql.
CREATE TABLE @.format (version int NOT NULL);

CREATE TABLE @.job (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created bigint NOT NULL,
    due bigint NOT NULL,
    started bigint NOT NULL DEFAULT 0,
    finished bigint NOT NULL DEFAULT 0,
    lease bigint NOT NULL DEFAULT 0,
    timeout bigint NOT NULL,
    backoff bigint NOT NULL,
    max_backoff bigint NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    turn bigint NOT NULL DEFAULT 0,
    progress float8 NOT NULL DEFAULT -1,
    attempt int NOT NULL DEFAULT 0,
    attempts int NOT NULL,
    state smallint NOT NULL,
    priority smallint NOT NULL,
    verdict smallint NOT NULL DEFAULT -1,
    yields_key boolean NOT NULL,
    has_turn boolean NOT NULL DEFAULT false,
    is_cancelling boolean NOT NULL DEFAULT false,
    is_followed boolean NOT NULL DEFAULT false,
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    unique_name text COLLATE "C",
    worker text,
    note text,
    history text NOT NULL DEFAULT '',
    payload bytea NOT NULL,
    result bytea,
    logged int NOT NULL DEFAULT 0
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.1
);
-- Each statement that is made often has an index of just its rows in just its order, and no other whose rows it could look through
-- instead: a job has a lease exactly while it runs (3), but who asks for the one does not name the other.
CREATE UNIQUE INDEX job_id ON @.job (id);
CREATE INDEX job_scheduled ON @.job (queue, due) WHERE state = 0;
CREATE INDEX job_held ON @.job (key, priority DESC, seq) WHERE state = 1;
CREATE INDEX job_ready ON @.job (queue, priority DESC, seq) WHERE state = 2;
CREATE INDEX job_running ON @.job (queue, lease) WHERE lease > 0;
CREATE INDEX job_finished ON @.job (queue, state, finished) WHERE state >= 4;
-- Whatever the functions do wrong, no two jobs have a key's turn.
CREATE UNIQUE INDEX job_has_turn ON @.job (key) WHERE has_turn;

-- Whose a unique name is.
CREATE TABLE @.unique_name (
    name text COLLATE "C" PRIMARY KEY,
    id text COLLATE "C" NOT NULL,
    until bigint NOT NULL,
    is_finished boolean NOT NULL DEFAULT false
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
-- Which may be forgotten, and when.
CREATE INDEX unique_name_finished ON @.unique_name (until) WHERE is_finished;

-- Queues that somebody set; the others are as the defaults say.
CREATE TABLE @.queue (
    name text COLLATE "C" PRIMARY KEY,
    most_running bigint NOT NULL DEFAULT 0,
    rate bigint NOT NULL DEFAULT 0,
    period bigint NOT NULL DEFAULT 1000000000,
    keep_done bigint NOT NULL DEFAULT 86400000000000,
    keep_dead bigint NOT NULL DEFAULT 2592000000000000,
    is_paused boolean NOT NULL DEFAULT false,
    -- What began of late, where there is a rate: numbers of slots, each a 64th of the period long, and how many jobs in each.
    slots bigint[] NOT NULL DEFAULT '{}',
    begun bigint[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
-- So that queues which are set, however many, cost nothing where these things are not.
CREATE INDEX queue_most_running ON @.queue (name) WHERE most_running > 0;
CREATE INDEX queue_keeps_not ON @.queue (name) WHERE keep_done < 0 OR keep_dead < 0;

-- What each step changed in the counts; their sums are the counts. Only added to, so that no two steps wait for each other.
CREATE TABLE @.step (
    queue text COLLATE "C" NOT NULL,
    scheduled bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    ready bigint NOT NULL DEFAULT 0,
    running bigint NOT NULL DEFAULT 0,
    done bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    finished bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- Queues of which somebody found nothing to take, and wants to be told of work. What a crash forgets of it is marked again.
CREATE UNLOGGED TABLE @.idle (
    queue text COLLATE "C" PRIMARY KEY,
    is_idle boolean NOT NULL
) WITH (fillfactor = 50);

-- Keys of held jobs that came with somebody's transaction, which decided nothing about turns: the next turn does.
CREATE TABLE @.arrived (key text COLLATE "C" NOT NULL) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- What was answered that cannot be seen in the jobs themselves, for who asks again after a lost reply: of a worker's turn, by its name and the
-- turn's number, the jobs that were settled and gone at once; of what somebody had done, by '' and a number that they chose, the answer.
CREATE TABLE @.answered (
    asker text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    answer bigint NOT NULL DEFAULT 0,
    ids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    moment bigint NOT NULL,
    PRIMARY KEY (asker, number)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX answered_moment ON @.answered (moment);

-- Schedules.
CREATE TABLE @.cron (
    name text COLLATE "C" PRIMARY KEY,
    definition bytea NOT NULL,
    digest bigint NOT NULL, -- of the definition
    next bigint NOT NULL,   -- microseconds since 1970, as `last`
    last bigint NOT NULL DEFAULT 0
);
CREATE INDEX cron_next ON @.cron (next);
