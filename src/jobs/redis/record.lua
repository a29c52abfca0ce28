-- What jobs are stored as: docs/jobs-format.md.

-- 2^44: a job's place is -priority * BAND + its number.
local BAND <const> = 17592186044416
local HISTORY <const> = 65536

-- A job's record: these numbers, then texts, whose sizes are among them.
local HEAD <const> = '<BHxxBIIIi8i8i8i8i8i8BBBBBBI'
local HEAD_SIZE <const> = 76
local STATE <const>, FLAGS <const>, VERDICT <const>, VERDICT_FENCE <const>, FENCE <const>, ATTEMPT <const> = 1, 2, 3, 4, 5, 6
local PLACE <const>, DUE <const>, CREATED <const>, UNTIL <const>, BEGUN <const>, ENDED <const> = 7, 8, 9, 10, 11, 12
local QUEUE_SIZE <const>, KEY_SIZE <const>, UNIQUE_SIZE <const>, KIND_SIZE <const>, OPTIONS_SIZE <const> = 13, 14, 15, 16, 17
local WORKER_SIZE <const>, PAYLOAD_SIZE <const> = 18, 19
local SCHEDULED <const>, HELD <const>, READY <const>, RUNNING <const>, DONE <const>, DEAD <const>, CANCELLED <const> = 0, 1, 2, 3, 4, 5, 6
-- Flags: what lies beside the record, that its end is waited for, that it is to be cancelled, and that a result is behind it.
local PAYLOAD_BESIDE <const>, RESULT_BESIDE <const>, LOG <const>, WORDS <const>, FOLLOWED <const> = 1, 2, 4, 8, 16
local CANCELLING <const>, RESULT <const> = 32, 64
-- What is answered of a job.
local OK <const>, LOST <const>, NONE <const>, IS_CANCELLING <const>, STATE_WRONG <const> = 0, 1, 2, 3, 4
-- Bytes of a payload or result that is in a record.
local SHORT <const> = 1024
