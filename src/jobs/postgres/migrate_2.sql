-- From format 1 to 2. What is in the store stays as it is.
--
-- Functions of format 1 do not look at the format. One that is at work right now, and waits for us, fails behind us: it counts in `tally`.
LOCK TABLE @.job, @.unique_name, @.queue, @.tally, @.idle, @.arrived, @.cron IN ACCESS EXCLUSIVE MODE;

ALTER TABLE @.job ADD logged int NOT NULL DEFAULT 0;
DROP INDEX @.job_turn;

ALTER TABLE @.unique_name SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX unique_name_finished ON @.unique_name (until) WHERE is_finished;

ALTER TABLE @.tally RENAME TO step;
ALTER TABLE @.step SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

ALTER TABLE @.arrived SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- What is used up of a rate counts as begun now.
ALTER TABLE @.queue ADD slots bigint[] NOT NULL DEFAULT '{}', ADD begun bigint[] NOT NULL DEFAULT '{}';
UPDATE @.queue q SET slots = ARRAY[used.now_us / greatest((q.period + 63999) / 64000, 1)], begun = ARRAY[used.n]
FROM (
    SELECT s.name, m.now_us,
           least((s.spent_until - m.now_us * 1000 + greatest(s.period / s.rate, 1) - 1) / greatest(s.period / s.rate, 1), s.rate) AS n
    FROM @.queue s, (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us) m
    WHERE s.rate > 0 AND s.spent_until > m.now_us * 1000) used
WHERE q.name = used.name;
ALTER TABLE @.queue DROP spent_until;
CREATE INDEX queue_most_running ON @.queue (name) WHERE most_running > 0;
CREATE INDEX queue_keeps_not ON @.queue (name) WHERE keep_done < 0 OR keep_dead < 0;

CREATE TABLE @.answered (
    asker text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    answer bigint NOT NULL DEFAULT 0,
    ids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    moment bigint NOT NULL,
    PRIMARY KEY (asker, number)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX answered_moment ON @.answered (moment);

-- Who may work may do so still.
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN SELECT a.privilege_type, a.grantee FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
                 WHERE c.oid = '@.step'::regclass LOOP
        EXECUTE format('GRANT %s ON @.answered TO %s', given.privilege_type,
                       CASE WHEN given.grantee = 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END);
    END LOOP;
END $$;
