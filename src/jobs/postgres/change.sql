-- What those who look after jobs and queues do.

-- Have the turn of a job's key, and the job, to oneself.
CREATE FUNCTION @.lock_job(wanted text) RETURNS @.job LANGUAGE plpgsql AS $$
DECLARE
    j @.job;
BEGIN
    PERFORM @.lock_keys(ARRAY[(SELECT s.key FROM @.job s WHERE s.id = wanted)]);
    SELECT * INTO j FROM @.job s WHERE s.id = wanted FOR UPDATE;
    RETURN j;
END $$;

-- Count a job out of one state and into another, or nowhere.
CREATE FUNCTION @.count_change(of_queue text, from_state int, to_state int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO @.step (queue, scheduled, held, ready, running, done, dead, cancelled, finished)
    SELECT of_queue, d[1], d[2], d[3], d[4], d[5], d[6], d[7], CASE WHEN to_state >= 4 AND from_state < 4 THEN 1 ELSE 0 END
    FROM (SELECT array_agg((s = to_state)::int - (s = from_state)::int ORDER BY s) AS d FROM generate_series(0, 6) AS s) c
$$;

-- Each of these has the job to itself, which is there, and gives 0, or 1: it is in a state in which that cannot be done.

CREATE FUNCTION @.retry_job(j @.job, now_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF j.state = 2 THEN -- a worker that looks now passes over it, for it is locked until we commit
        PERFORM @.wake(ARRAY[j.queue]);
    END IF;
    IF j.state IN (1, 2, 3) THEN
        RETURN 1;
    END IF;
    IF j.state >= 4 AND j.unique_name IS NOT NULL THEN
        INSERT INTO @.unique_name AS u (name, id, until) VALUES (j.unique_name, j.id, now_us)
        ON CONFLICT (name) DO UPDATE SET is_finished = false WHERE u.id = j.id;
    END IF;
    UPDATE @.job s SET state = CASE WHEN j.key IS NULL OR j.has_turn THEN 2 ELSE 1 END, due = now_us, finished = 0,
        attempts = greatest(j.attempts, j.attempt + 1), is_cancelling = false, result = NULL, note = NULL, progress = -1,
        history = @.remember(j.history, now_us || ' ' || j.attempt || E' retried\n')
    WHERE s.seq = j.seq;
    PERFORM @.count_change(j.queue, j.state, CASE WHEN j.key IS NULL OR j.has_turn THEN 2 ELSE 1 END);
    PERFORM @.wake(@.pass_on(ARRAY[j.key], false) || j.queue);
    RETURN 0;
END $$;

CREATE FUNCTION @.cancel_job(j @.job, now_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF j.state >= 4 THEN
        RETURN 1;
    ELSIF j.state = 3 THEN
        UPDATE @.job s SET is_cancelling = true WHERE s.seq = j.seq;
        PERFORM pg_notify('@@', 'c' || j.id);
        RETURN 0;
    END IF;
    UPDATE @.job s SET state = 6, has_turn = false, finished = now_us,
        history = @.remember(j.history, now_us || ' ' || j.attempt || E' cancelled\n')
    WHERE s.seq = j.seq;
    PERFORM @.count_change(j.queue, j.state, 6);
    PERFORM @.see_off(ARRAY[j.id], CASE WHEN j.is_followed THEN ARRAY[j.id] END, ARRAY[j.id], ARRAY[j.unique_name], now_us);
    PERFORM @.wake(@.pass_on(ARRAY[j.key], false));
    RETURN 0;
END $$;

CREATE FUNCTION @.discard_job(j @.job) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF j.state = 3 THEN
        RETURN 1;
    END IF;
    DELETE FROM @.job s WHERE s.seq = j.seq;
    PERFORM @.count_change(j.queue, j.state, -1);
    DELETE FROM @.unique_name u WHERE u.name = j.unique_name AND u.id = j.id;
    IF j.is_followed AND j.state < 4 THEN
        PERFORM pg_notify('@@', 'f' || j.id);
    END IF;
    PERFORM @.wake(@.pass_on(ARRAY[j.key], false));
    RETURN 0;
END $$;

-- 'retry', 'cancel' or 'discard' a job: 0, 1: it is in a state in which that cannot be done, or 2: there is none. Who may ask again after a lost
-- reply gives a `token`, any number but 0, which nobody else gives, and is answered as the first time.
CREATE FUNCTION @.act(action text, wanted text, token bigint, for_format bigint) RETURNS bigint LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    now_us bigint;
    before bigint;
    j @.job;
BEGIN
    SELECT @.now_us() INTO STRICT now_us FROM @.format f WHERE f.version = for_format AND current_setting('transaction_isolation') = 'read committed';
    j := @.lock_job(wanted); -- where the first one still goes on, in a session that nobody hears any more, it is waited for
    before := @.answer_before(token);
    IF before IS NOT NULL THEN
        RETURN before;
    END IF;
    RETURN @.answer(token, CASE
        WHEN j.id IS NULL THEN 2
        WHEN action = 'retry' THEN @.retry_job(j, now_us)
        WHEN action = 'cancel' THEN @.cancel_job(j, now_us)
        WHEN action = 'discard' THEN @.discard_job(j) END);
END $$;

-- Have the channel told when a job is finished: 0, or 2: there is none.
CREATE FUNCTION @.follow(wanted text, for_format bigint) RETURNS bigint LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    passed_over text;
BEGIN
    PERFORM @.check_format(for_format);
    IF NOT EXISTS (SELECT 1 FROM @.job s WHERE s.id = wanted) THEN
        RETURN 2;
    END IF;
    UPDATE @.job s SET is_followed = true WHERE s.id = wanted AND s.state < 4 AND NOT s.is_followed
    RETURNING CASE WHEN s.state = 2 THEN s.queue END INTO passed_over;
    IF passed_over IS NOT NULL THEN -- by a worker that looks now, for the job is locked until we commit
        PERFORM @.wake(ARRAY[passed_over]);
    END IF;
    RETURN 0;
END $$;

-- How a queue is to be: NULL leaves a thing as it is.
CREATE FUNCTION @.set_queue(
    of_name text, new_most bigint, new_rate bigint, new_period bigint, new_done bigint, new_dead bigint, pauses boolean,
    for_format bigint
) RETURNS bigint LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
BEGIN
    PERFORM @.check_format(for_format);
    INSERT INTO @.queue AS q (name, most_running, rate, period, keep_done, keep_dead, is_paused)
    VALUES (of_name, coalesce(new_most, 0), coalesce(new_rate, 0), coalesce(new_period, 1000000000),
            coalesce(new_done, 86400000000000), coalesce(new_dead, 2592000000000000), coalesce(pauses, false))
    ON CONFLICT (name) DO UPDATE SET
        most_running = coalesce(new_most, q.most_running), rate = coalesce(new_rate, q.rate),
        period = coalesce(new_period, q.period), keep_done = coalesce(new_done, q.keep_done),
        keep_dead = coalesce(new_dead, q.keep_dead), is_paused = coalesce(pauses, q.is_paused),
        -- What was used up of another rate is forgotten.
        slots = CASE WHEN (new_rate, new_period) <> (q.rate, q.period) THEN '{}' ELSE q.slots END,
        begun = CASE WHEN (new_rate, new_period) <> (q.rate, q.period) THEN '{}' ELSE q.begun END;
    PERFORM @.wake(ARRAY[of_name]);
    RETURN 0;
END $$;

-- The queues, and their counts. `age_us`: since when the oldest of the ready jobs has been due, or nearly so;
-- NULL: there is none.
CREATE FUNCTION @.queues(for_format bigint) RETURNS TABLE (
    name text, most_running bigint, rate bigint, period bigint, keep_done bigint, keep_dead bigint, is_paused boolean,
    scheduled bigint, held bigint, ready bigint, running bigint, done bigint, dead bigint, cancelled bigint, finished bigint,
    failed bigint, age_us bigint
) LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    PERFORM @.check_format(for_format);
    RETURN QUERY
    WITH t AS (
        SELECT c.queue, sum(c.scheduled) AS scheduled, sum(c.held) AS held, sum(c.ready) AS ready, sum(c.running) AS running,
               sum(c.done) AS done, sum(c.dead) AS dead, sum(c.cancelled) AS cancelled, sum(c.finished) AS finished,
               sum(c.failed) AS failed
        FROM @.step c GROUP BY c.queue
    )
    SELECT n.queue, coalesce(q.most_running, 0), coalesce(q.rate, 0), coalesce(q.period, 1000000000),
           coalesce(q.keep_done, 86400000000000), coalesce(q.keep_dead, 2592000000000000), coalesce(q.is_paused, false), coalesce(n.scheduled, 0)::bigint,
           coalesce(n.held, 0)::bigint, coalesce(n.ready, 0)::bigint, coalesce(n.running, 0)::bigint,
           coalesce(n.done, 0)::bigint, coalesce(n.dead, 0)::bigint, coalesce(n.cancelled, 0)::bigint,
           coalesce(n.finished, 0)::bigint, coalesce(n.failed, 0)::bigint, @.now_us() - r.since
    FROM (SELECT coalesce(t.queue, s.name) AS queue, t.scheduled, t.held, t.ready, t.running, t.done, t.dead, t.cancelled,
                 t.finished, t.failed
          FROM t FULL JOIN @.queue s ON s.name = t.queue) n
    LEFT JOIN @.queue q ON q.name = n.queue
    LEFT JOIN LATERAL (
        -- The first of each priority, by a walk from one to the next.
        WITH RECURSIVE first AS (
            (SELECT j.priority, j.due FROM @.job j WHERE j.state = 2 AND j.queue = n.queue
             ORDER BY j.priority DESC, j.seq LIMIT 1)
            UNION ALL
            SELECT b.priority, b.due FROM first f CROSS JOIN LATERAL (
                SELECT j.priority, j.due FROM @.job j
                WHERE j.state = 2 AND j.queue = n.queue AND j.priority < f.priority
                ORDER BY j.priority DESC, j.seq LIMIT 1) b
        )
        SELECT min(f.due) AS since FROM first f) r ON true
    ORDER BY n.queue;
END $$;

