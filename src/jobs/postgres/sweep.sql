-- What keeps a store small.

-- Many steps become one: how many are left. Nobody else removes them, nor waits.
CREATE FUNCTION @.fold(for_format bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    PERFORM @.check_format(for_format);
    IF NOT pg_try_advisory_xact_lock(hashtext('@.fold'), 0) THEN
        RETURN NULL;
    END IF;
    WITH old AS (
        DELETE FROM @.step s RETURNING s.*
    )
    INSERT INTO @.step
    SELECT queue, sum(scheduled), sum(held), sum(ready), sum(running), sum(done), sum(dead), sum(cancelled), sum(finished), sum(failed)
    FROM old GROUP BY queue;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- What is no longer needed beside jobs, but for what somebody's transaction has to itself.
CREATE FUNCTION @.forget(now_us bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM @.unique_name u WHERE u.ctid = ANY (ARRAY(
        SELECT o.ctid FROM @.unique_name o WHERE o.is_finished AND o.until <= now_us
        ORDER BY o.until LIMIT 100000 FOR UPDATE SKIP LOCKED));
    -- Who asks for a lost reply does so while their patience lasts: a day is more than that.
    DELETE FROM @.answered a WHERE a.ctid = ANY (ARRAY(
        SELECT o.ctid FROM @.answered o WHERE o.moment <= now_us - 86400000000
        ORDER BY o.moment LIMIT 100000 FOR UPDATE SKIP LOCKED));
END $$;

-- Forget finished jobs whose time to stay is over, a thousand at most: how many. Also what nobody's turn comes across. Nobody's long transaction
-- is waited for.
CREATE FUNCTION @.sweep(for_format bigint) RETURNS bigint LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    now_us bigint;
    swept bigint := 0;
    n bigint;
    q record;
    silent text[];
    keys text[];
    ended record;
BEGIN
    SELECT @.now_us() INTO STRICT now_us FROM @.format f WHERE f.version = for_format AND current_setting('transaction_isolation') = 'read committed';
    PERFORM @.fold(for_format);
    PERFORM @.forget(now_us);
    -- Queues whose workers are all gone may keep a key from others.
    SELECT array_agg(DISTINCT j.queue) INTO silent FROM @.job j WHERE j.lease > 0 AND j.lease <= now_us;
    IF silent IS NOT NULL THEN
        keys := @.lock_turns('{}', silent, true, now_us);
        SELECT * INTO ended FROM @.move_ended(silent, keys, now_us);
        PERFORM @.wake(ended.stirred || @.pass_on(keys, false));
    END IF;
    FOR q IN SELECT c.queue, coalesce(s.keep_done, 86400000000000) AS keep_done,
                    coalesce(s.keep_dead, 2592000000000000) AS keep_dead
             FROM (SELECT DISTINCT queue FROM @.step) c LEFT JOIN @.queue s ON s.name = c.queue LOOP
        WITH old AS MATERIALIZED (
            SELECT d.seq FROM (VALUES (4, q.keep_done), (5, q.keep_dead), (6, q.keep_done)) AS k(state, keep)
            CROSS JOIN LATERAL (
                SELECT j.seq FROM @.job j
                WHERE j.state >= 4 AND j.queue = q.queue AND j.state = k.state
                  AND j.finished <= now_us - greatest(k.keep, 0) / 1000
                ORDER BY j.finished LIMIT 1000 - swept FOR UPDATE SKIP LOCKED) d
            LIMIT 1000 - swept
        ), gone AS (
            DELETE FROM @.job j USING old WHERE j.seq = old.seq RETURNING j.state
        ), counted AS (
            INSERT INTO @.step (queue, done, dead, cancelled)
            SELECT q.queue, -count(*) FILTER (WHERE state = 4), -count(*) FILTER (WHERE state = 5),
                   -count(*) FILTER (WHERE state = 6)
            FROM gone HAVING count(*) > 0
        )
        SELECT count(*) INTO n FROM gone;
        swept := swept + n;
        EXIT WHEN swept >= 1000;
    END LOOP;
    RETURN swept;
END $$;
