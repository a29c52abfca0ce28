-- From version 1: what of a queue's rate is used up was a bucket that filled evenly. Of it, as much as was missing then began in one slot.
ALTER TABLE queues ADD COLUMN begun TEXT NOT NULL DEFAULT '';
UPDATE queues SET begun = (tokens_at / max((period + 63) / 64, 1)) || ' ' || (rate - CAST(tokens AS INTEGER))
        WHERE rate > 0 AND tokens_at > 0 AND tokens < rate;
ALTER TABLE queues DROP COLUMN tokens;
ALTER TABLE queues DROP COLUMN tokens_at;
PRAGMA user_version = 2;
