-- A worker's turn, step by step; @.turn() at the end is what a worker calls.
--
-- Which plan is right does not depend on how much there is, and what the planner believes of that is old: each function that is
-- called from outside lets it have only nested loops over indexes, once for all calls. "state + 0" keeps it from an index that
-- has all jobs of a state where one job is looked up.

-- What becomes of jobs that were taken. Gives a text for each thing that follows from it: see its use in @.turn().
CREATE FUNCTION @.settle(
    ids text[], fences bigint[], creations bigint[], verdicts bigint[], delays bigint[], errors text[], results bytea[],
    progresses float8[], notes text[], logs text[], log_ats bigint[], now_us bigint,
    OUT settled text[], OUT passed_keys text[], OUT stirred text[], OUT dropped text[]
) LANGUAGE plpgsql AS $$
DECLARE
    finished_ids text[];
    named_ids text[];
    names text[];
    followed text[];
BEGIN
    WITH told AS (
        SELECT * FROM unnest(ids, fences, creations, verdicts, delays, errors, results, progresses, notes, logs, log_ats)
            AS t(id, fence, created, verdict, delay, error, result, progress, note, log, log_at) ORDER BY t.id
    ), changed AS (
        UPDATE @.job j SET
            -- DONE, RETRY, DIE, CANCEL, SNOOZE, RETURN. One that was asked to end does not begin again.
            state = CASE
                WHEN t.verdict = 0 THEN 4
                WHEN t.verdict = 2 THEN 5
                WHEN t.verdict = 3 OR j.is_cancelling THEN 6
                WHEN t.verdict = 1 AND j.attempt >= j.attempts THEN 5
                WHEN t.verdict = 5 THEN 2
                ELSE 0 END,
            has_turn = j.has_turn AND NOT j.is_cancelling
                AND (t.verdict = 5 OR t.verdict = 4 AND NOT j.yields_key
                     OR t.verdict = 1 AND NOT j.yields_key AND j.attempt < j.attempts),
            attempt = CASE WHEN t.verdict IN (4, 5) AND NOT j.is_cancelling THEN j.attempt - 1 ELSE j.attempt END,
            due = CASE WHEN NOT j.is_cancelling AND (t.verdict = 4 OR t.verdict = 1 AND j.attempt < j.attempts)
                THEN @.later(now_us, t.delay) ELSE j.due END,
            finished = CASE WHEN t.verdict IN (0, 2, 3) OR j.is_cancelling OR t.verdict = 1 AND j.attempt >= j.attempts
                THEN now_us ELSE 0 END,
            verdict = t.verdict,
            is_cancelling = false,
            lease = 0,
            result = CASE WHEN t.verdict = 0 THEN t.result ELSE j.result END,
            progress = t.progress,
            note = coalesce(t.note, j.note),
            history = CASE WHEN t.log IS NULL AND t.verdict = 0 THEN j.history ELSE @.remember(j.history,
                @.begin_line(j.logged, j.started, j.attempt, j.worker)
                || @.log_lines(t.log, j.logged - t.log_at, now_us, j.attempt)
                || CASE WHEN t.verdict = 0 THEN '' ELSE now_us || ' ' || j.attempt
                || CASE WHEN t.verdict IN (1, 2) THEN ' failed' WHEN t.verdict = 3 THEN ' cancelled'
                   WHEN t.verdict = 4 THEN ' snoozed' ELSE ' returned' END
                || coalesce(' ' || t.error, '') || E'\n' END
                || CASE WHEN j.is_cancelling AND t.verdict IN (1, 4, 5) THEN now_us || ' ' || j.attempt || E' cancelled\n' ELSE '' END) END
        FROM told t WHERE j.id = t.id AND j.state + 0 = 3 AND j.fence = t.fence AND t.created IN (0, j.created)
        RETURNING j.id, j.queue, j.key, j.has_turn, j.state, j.verdict, j.is_followed, j.unique_name
    ), counted AS (
        INSERT INTO @.step (queue, running, scheduled, ready, done, dead, cancelled, finished, failed)
        SELECT c.queue, -count(*), count(*) FILTER (WHERE c.state = 0), count(*) FILTER (WHERE c.state = 2),
               count(*) FILTER (WHERE c.state = 4), count(*) FILTER (WHERE c.state = 5), count(*) FILTER (WHERE c.state = 6),
               count(*) FILTER (WHERE c.state >= 4), count(*) FILTER (WHERE c.verdict IN (1, 2))
        FROM changed c GROUP BY c.queue
    )
    SELECT array_agg(c.id), array_agg(c.key) FILTER (WHERE c.key IS NOT NULL AND NOT c.has_turn),
           array_agg(DISTINCT c.queue) FILTER (
               WHERE c.state = 2 OR c.queue = ANY (ARRAY(SELECT q.name FROM @.queue q WHERE q.most_running > 0))),
           array_agg(c.id) FILTER (WHERE c.state >= 4), array_agg(c.id) FILTER (WHERE c.state >= 4 AND c.is_followed),
           array_agg(c.id) FILTER (WHERE c.state >= 4 AND c.unique_name IS NOT NULL),
           array_agg(c.unique_name) FILTER (WHERE c.state >= 4 AND c.unique_name IS NOT NULL)
    INTO settled, passed_keys, stirred, finished_ids, followed, named_ids, names FROM changed c;
    IF finished_ids IS NOT NULL THEN
        dropped := @.see_off(finished_ids, followed, named_ids, names, now_us);
    END IF;
END $$;

-- Jobs that are due get ready, or held where they have a key. Only of keys that the caller has locked.
CREATE FUNCTION @.move_due(queues text[], locked_keys text[], now_us bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    stirred text[];
BEGIN
    WITH picked AS MATERIALIZED (
        SELECT d.seq FROM unnest(queues) AS q CROSS JOIN LATERAL (
            SELECT j.seq FROM @.job j
            WHERE j.state = 0 AND j.queue = q AND j.due <= now_us AND (j.key IS NULL OR j.key = ANY (locked_keys))
            ORDER BY j.due LIMIT 200 FOR UPDATE SKIP LOCKED) d
    ), moved AS (
        UPDATE @.job j SET state = CASE WHEN j.key IS NULL OR j.has_turn THEN 2 ELSE 1 END FROM picked p WHERE j.seq = p.seq
        RETURNING j.queue, j.state
    ), counted AS (
        INSERT INTO @.step (queue, scheduled, held, ready)
        SELECT queue, -count(*), count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2) FROM moved GROUP BY queue
        RETURNING step.queue
    )
    SELECT array_agg(queue) INTO stirred FROM counted;
    RETURN stirred;
END $$;

-- Jobs whose worker has lost its lease are ready again, or dead where it was their last attempt, or cancelled where they were
-- asked to end. As above.
CREATE FUNCTION @.move_ended(
    queues text[], locked_keys text[], now_us bigint, OUT stirred text[], OUT passed_keys text[]
) LANGUAGE plpgsql AS $$
DECLARE
    finished_ids text[];
    named_ids text[];
    names text[];
    followed text[];
BEGIN
    WITH picked AS MATERIALIZED (
        SELECT d.seq FROM unnest(queues) AS q CROSS JOIN LATERAL (
            SELECT j.seq FROM @.job j
            WHERE j.lease > 0 AND j.queue = q AND j.lease <= now_us AND (j.key IS NULL OR j.key = ANY (locked_keys))
            ORDER BY j.lease LIMIT 200 FOR UPDATE SKIP LOCKED) d
    ), moved AS (
        UPDATE @.job j SET
            state = CASE WHEN j.is_cancelling THEN 6 WHEN j.attempt >= j.attempts THEN 5 ELSE 2 END,
            has_turn = j.has_turn AND NOT j.is_cancelling AND j.attempt < j.attempts,
            finished = CASE WHEN j.is_cancelling OR j.attempt >= j.attempts THEN now_us ELSE 0 END,
            lease = 0, verdict = -1, is_cancelling = false,
            history = @.remember(j.history, @.begin_line(j.logged, j.started, j.attempt, j.worker)
                || now_us || ' ' || j.attempt || ' lost' || coalesce(' ' || j.worker, '') || E'\n'
                || CASE WHEN j.is_cancelling THEN now_us || ' ' || j.attempt || E' cancelled\n' ELSE '' END)
        FROM picked p WHERE j.seq = p.seq
        RETURNING j.id, j.queue, j.state, j.key, j.has_turn, j.is_followed, j.unique_name
    ), counted AS (
        INSERT INTO @.step (queue, running, ready, dead, cancelled, finished)
        SELECT queue, -count(*), count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 5),
               count(*) FILTER (WHERE state = 6), count(*) FILTER (WHERE state >= 4)
        FROM moved GROUP BY queue
    )
    SELECT array_agg(DISTINCT m.queue), array_agg(m.key) FILTER (WHERE m.key IS NOT NULL AND NOT m.has_turn),
           array_agg(m.id) FILTER (WHERE m.state >= 4), array_agg(m.id) FILTER (WHERE m.state >= 4 AND m.is_followed),
           array_agg(m.id) FILTER (WHERE m.state >= 4 AND m.unique_name IS NOT NULL),
           array_agg(m.unique_name) FILTER (WHERE m.state >= 4 AND m.unique_name IS NOT NULL)
    INTO stirred, passed_keys, finished_ids, followed, named_ids, names FROM moved m;
    IF finished_ids IS NOT NULL THEN
        PERFORM @.see_off(finished_ids, followed, named_ids, names, now_us);
    END IF;
END $$;

-- The keys whose turns a turn may pass on, and have them to oneself.
CREATE FUNCTION @.lock_turns(ids text[], queues text[], looks boolean, now_us bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    keys text[];
    arrived text[];
BEGIN
    SELECT array_agg(j.key) INTO keys FROM @.job j WHERE j.id = ANY (ids) AND j.key IS NOT NULL;
    IF looks THEN
        WITH gone AS (
            DELETE FROM @.arrived a WHERE a.ctid = ANY (ARRAY(SELECT s.ctid FROM @.arrived s LIMIT 200 FOR UPDATE SKIP LOCKED))
            RETURNING a.key)
        SELECT array_agg(DISTINCT g.key) INTO arrived FROM gone g;
        SELECT keys || arrived || array_agg(m.key) INTO keys FROM unnest(queues) AS q CROSS JOIN LATERAL (
            (SELECT j.key FROM @.job j WHERE j.state = 0 AND j.queue = q AND j.due <= now_us ORDER BY j.due LIMIT 200)
            UNION ALL
            (SELECT j.key FROM @.job j WHERE j.lease > 0 AND j.queue = q AND j.lease <= now_us ORDER BY j.lease LIMIT 200)) m
        WHERE m.key IS NOT NULL;
    END IF;
    IF keys IS NOT NULL THEN
        PERFORM @.lock_keys(keys);
    END IF;
    RETURN keys;
END $$;

-- What began in a queue of late is counted in slots of a 64th of its rate's period. A slot counts until all of it is a period ago.
CREATE FUNCTION @.slot_width(period bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT greatest((period + 63999) / 64000, 1) $$;

-- The slots that count still, and when they will no longer, oldest first. Where the clock was set back all is of now.
CREATE FUNCTION @.begun_in(q @.queue, now_us bigint) RETURNS TABLE (slot bigint, n bigint, ends bigint) LANGUAGE sql AS $$
    SELECT * FROM (
        SELECT b.slot, b.n, (b.slot + 1) * @.slot_width(q.period) + (q.period + 999) / 1000 AS ends
        FROM (SELECT least(u.slot, now_us / @.slot_width(q.period)) AS slot, u.n FROM unnest(q.slots, q.begun) AS u(slot, n)) b) e
    WHERE e.ends > now_us ORDER BY e.slot
$$;

-- Jobs of a queue have begun: that is of its rate. The caller has its row.
CREATE FUNCTION @.note_begun(of_queue text, more bigint, now_us bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE @.queue s SET (slots, begun) = (
        SELECT array_agg(b.slot ORDER BY b.slot), array_agg(b.n ORDER BY b.slot) FROM (
            SELECT a.slot, sum(a.n)::bigint AS n
            FROM (SELECT o.slot, o.n FROM @.begun_in(s, now_us) o UNION ALL SELECT now_us / @.slot_width(s.period), more) a
            GROUP BY a.slot) b)
    WHERE s.name = of_queue AND s.rate > 0
$$;

-- How many jobs of a queue a worker may take now, of those that it wants. The caller has the queue's row to itself.
CREATE FUNCTION @.room_in(of_queue text, wanted bigint, now_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    q @.queue;
BEGIN
    SELECT * INTO q FROM @.queue s WHERE s.name = of_queue;
    IF q.is_paused THEN
        RETURN 0;
    END IF;
    IF q.most_running > 0 THEN
        wanted := least(wanted, q.most_running
                        - (SELECT count(*) FROM @.job j WHERE j.lease > 0 AND j.queue = of_queue));
    END IF;
    IF q.rate > 0 THEN
        wanted := least(wanted, q.rate - (SELECT coalesce(sum(b.n), 0) FROM @.begun_in(q, now_us) b));
    END IF;
    RETURN wanted;
END $$;

-- When the first job of these queues is due, and the first lease ends.
CREATE FUNCTION @.first_moments(queues text[], OUT due bigint, OUT ended bigint) LANGUAGE plpgsql AS $$
BEGIN
    SELECT min((SELECT j.due FROM @.job j WHERE j.state = 0 AND j.queue = q ORDER BY j.due LIMIT 1)),
           min((SELECT j.lease FROM @.job j WHERE j.lease > 0 AND j.queue = q ORDER BY j.lease LIMIT 1))
    INTO due, ended FROM unnest(queues) AS q;
END $$;

-- When a queue's rate lets a job begin that is ready.
CREATE FUNCTION @.first_allowed(queues text[], now_us bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT min(b.ends) FROM @.queue s CROSS JOIN LATERAL (
        SELECT o.ends, sum(o.n) OVER (ORDER BY o.slot DESC) AS since, o.n FROM @.begun_in(s, now_us) o) b
    WHERE s.name = ANY (queues) AND s.rate > 0 AND NOT s.is_paused AND b.since >= s.rate AND b.since - b.n < s.rate
      AND EXISTS (SELECT 1 FROM @.job j WHERE j.state = 2 AND j.queue = s.name)
$$;

-- A worker's turn: jobs that it was given are settled, what is due is moved, others are taken, from the first queue that has
-- any, then the next.
--
-- Arrays from `ids` to `log_ats` have an item for each job that is settled; verdicts are 0 DONE, 1 RETRY, 2 DIE, 3 CANCEL, 4 SNOOZE,
-- 5 RETURN; delays are in nanoseconds; `creations` say when the job was enqueued that was taken, for ids may be used again, or 0; before the lines of a log there were so many in this attempt. `looks`: move what is due. `listens`: have
-- the channel told when there is work, where this turn leaves none. `is_again`: the turn of this number may have been done already. Gives a row for each job, and a last one with `id` NULL, which has `outcomes`: NULL where each was
-- settled, else for each 0: it was, 1: it is not this worker's any more, 2: there is none; and `next_us`: NULL: not known.
CREATE FUNCTION @.turn(
    ids text[], fences bigint[], creations bigint[], verdicts bigint[], delays bigint[], errors text[], results bytea[],
    progresses float8[], notes text[], logs text[], log_ats bigint[], queues text[], most bigint, lease_us bigint, worker_name text, number bigint,
    looks boolean, listens boolean, is_again boolean, for_format bigint
) RETURNS TABLE (
    id text, kind text, queue text, key text, payload bytea, fence bigint, timeout bigint, backoff bigint, max_backoff bigint,
    created bigint, due bigint, attempt int, attempts int, outcomes bigint[], next_us bigint
) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    now_us bigint;
    is_limited boolean := false;
    is_due boolean := false;
    first_due bigint;
    first_end bigint;
    keys text[];
    done record;
    ended record;
    free_keys text[];
    stirred text[];
    foreign_ones text[];
    gone_ids text[];
    name text;
    room bigint := most;
    here bigint;
    n bigint;
BEGIN
    -- Where the same turn still goes on, in a session that nobody hears any more, it is waited for.
    SELECT @.now_us() INTO STRICT now_us FROM @.format f WHERE f.version = for_format AND current_setting('transaction_isolation') = 'read committed';
    PERFORM pg_advisory_xact_lock(hashtext('@.worker'), hashtext(worker_name));
    IF is_again THEN
        SELECT a.ids INTO gone_ids FROM @.answered a WHERE a.asker = worker_name AND a.number = turn.number;
        IF FOUND THEN -- others may be there under their ids by now
            ids := ARRAY(SELECT CASE WHEN t.id = ANY (gone_ids) THEN NULL ELSE t.id END FROM unnest(ids) WITH ORDINALITY AS t(id, n) ORDER BY t.n);
        END IF;
    END IF;
    IF looks THEN
        SELECT m.due, m.ended INTO first_due, first_end FROM @.first_moments(queues) m;
        is_due := first_due <= now_us OR first_end <= now_us OR EXISTS (SELECT 1 FROM @.arrived);
    END IF;
    IF is_due OR cardinality(ids) > 0 THEN
        keys := @.lock_turns(ids, queues, is_due, now_us);
    END IF;
    IF cardinality(ids) > 0 THEN
        SELECT * INTO done FROM @.settle(ids, fences, creations, verdicts, delays, errors, results, progresses, notes, logs, log_ats, now_us);
        IF done.dropped IS NOT NULL THEN
            INSERT INTO @.answered (asker, number, ids, moment) VALUES (worker_name, number, done.dropped, now_us)
            ON CONFLICT ON CONSTRAINT answered_pkey DO UPDATE SET ids = answered.ids || done.dropped;
            -- The worker has heard of its turns before this one. Those that are far from it are of another one of its name.
            DELETE FROM @.answered a
            WHERE a.asker = worker_name AND a.number < turn.number AND a.number > turn.number - 1000000;
        END IF;
        stirred := done.stirred;
        free_keys := done.passed_keys;
        IF done.settled IS NULL OR cardinality(done.settled) < cardinality(ids) THEN
            SELECT array_agg(CASE
                WHEN t.id IS NULL OR t.id = ANY (done.settled) THEN 0
                WHEN j.id IS NULL THEN 2
                WHEN j.fence = t.fence AND t.created IN (0, j.created) AND j.verdict = t.verdict AND j.state <> 3 THEN 0
                ELSE 1 END ORDER BY t.n) INTO outcomes
            FROM unnest(ids, fences, creations, verdicts) WITH ORDINALITY AS t(id, fence, created, verdict, n)
            LEFT JOIN @.job j ON j.id = t.id;
        END IF;
    END IF;
    IF free_keys IS NOT NULL THEN -- before those who gave them up may come back
        stirred := stirred || @.pass_on(free_keys, false);
    END IF;
    IF is_due OR 1 = ANY (verdicts) OR 4 = ANY (verdicts) THEN
        SELECT * INTO ended FROM @.move_ended(queues, keys, now_us);
        IF ended.passed_keys IS NOT NULL THEN
            stirred := stirred || @.pass_on(ended.passed_keys, false);
        END IF;
        stirred := stirred || ended.stirred || @.move_due(queues, keys, now_us);
        IF keys IS NOT NULL THEN
            stirred := stirred || @.pass_on(keys, false);
        END IF;
    END IF;

    IF is_again AND EXISTS (
            SELECT 1 FROM @.job j WHERE j.lease > 0 AND j.queue = ANY (queues) AND j.turn = number AND j.worker = worker_name) THEN
        RETURN QUERY
            SELECT j.id, j.kind, j.queue, j.key, j.payload, j.fence, j.timeout, j.backoff, j.max_backoff, j.created, j.due,
                   j.attempt, j.attempts, NULL::bigint[], NULL::bigint
            FROM @.job j WHERE j.lease > 0 AND j.queue = ANY (queues) AND j.turn = number AND j.worker = worker_name
            ORDER BY j.priority DESC, j.seq LIMIT most;
        room := 0;
    ELSIF most > 0 THEN
        is_limited := EXISTS (SELECT 1 FROM @.queue s WHERE s.name = ANY (queues));
        IF is_limited THEN
            PERFORM 1 FROM @.queue s WHERE s.name = ANY (queues) AND (s.most_running > 0 OR s.rate > 0)
            ORDER BY s.name FOR UPDATE;
        END IF;
        FOR pass IN 1 .. 2 LOOP
            FOREACH name IN ARRAY queues LOOP
                here := room;
                IF is_limited THEN
                    here := @.room_in(name, room, now_us);
                    CONTINUE WHEN here <= 0;
                END IF;
                RETURN QUERY
                    WITH picked AS MATERIALIZED (
                        SELECT j.seq FROM @.job j WHERE j.state = 2 AND j.queue = name
                        ORDER BY j.priority DESC, j.seq LIMIT here FOR UPDATE SKIP LOCKED
                    ), taken AS (
                        UPDATE @.job j SET state = 3, attempt = j.attempt + 1, fence = j.fence + 1, turn = number,
                            worker = worker_name, started = now_us, lease = now_us + lease_us, verdict = -1, progress = -1,
                            note = NULL, logged = 0
                        FROM picked p WHERE j.seq = p.seq RETURNING j.*
                    ), counted AS (
                        INSERT INTO @.step (queue, ready, running)
                        SELECT name, -count(*), count(*) FROM taken HAVING count(*) > 0
                    )
                    SELECT t.id, t.kind, t.queue, t.key, t.payload, t.fence, t.timeout, t.backoff, t.max_backoff, t.created,
                           t.due, t.attempt, t.attempts, NULL::bigint[], NULL::bigint
                    FROM taken t ORDER BY t.priority DESC, t.seq;
                GET DIAGNOSTICS n = ROW_COUNT;
                room := room - n;
                IF is_limited AND n > 0 THEN
                    PERFORM @.note_begun(name, n, now_us);
                END IF;
                EXIT WHEN room = 0;
            END LOOP;
            EXIT WHEN room = 0 OR NOT listens OR NOT @.mark_idle(queues);
        END LOOP;
    END IF;

    IF stirred IS NOT NULL AND room = 0 THEN
        PERFORM @.wake(stirred);
    ELSIF stirred IS NOT NULL THEN
        SELECT array_agg(s) INTO foreign_ones FROM unnest(stirred) AS s WHERE s <> ALL (queues);
        FOR name IN SELECT DISTINCT s FROM unnest(foreign_ones) AS s LOOP
            PERFORM pg_notify('@@', 'w' || name);
        END LOOP;
    END IF;
    id := NULL;
    IF room = 0 AND most > 0 THEN
        next_us := 0;
    ELSIF looks THEN
        IF is_due OR cardinality(ids) > 0 THEN
            SELECT m.due, m.ended INTO first_due, first_end FROM @.first_moments(queues) m;
        END IF;
        next_us := least(first_due, first_end, CASE WHEN room < most THEN now_us + lease_us END,
                         CASE WHEN is_limited THEN @.first_allowed(queues, now_us) END) - now_us;
        IF next_us < 1000 THEN -- greatest() would make a number of NULL
            next_us := 1000;
        END IF;
    ELSE
        next_us := 1000; -- look soon
    END IF;
    RETURN NEXT;
END $$;

-- Renew leases, and keep what the handlers said. Gives for each 0: renewed, 1: it is not this worker's any more, 2: there is
-- none, 3: renewed, and asked to end.
CREATE FUNCTION @.renew(
    ids text[], fences bigint[], creations bigint[], progresses float8[], notes text[], logs text[], log_ats bigint[], lease_us bigint,
    for_format bigint
) RETURNS SETOF bigint LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    now_us bigint;
BEGIN
    SELECT @.now_us() INTO STRICT now_us FROM @.format f WHERE f.version = for_format;
    -- None that is ready by now: other workers would pass over it.
    PERFORM 1 FROM @.job j WHERE j.id = ANY (ids) AND j.state + 0 = 3 ORDER BY j.id FOR UPDATE;
    RETURN QUERY
        WITH told AS (
            SELECT * FROM unnest(ids, fences, creations, progresses, notes, logs, log_ats) WITH ORDINALITY
                AS t(id, fence, created, progress, note, log, log_at, n)
        ), renewed AS (
            UPDATE @.job j SET lease = now_us + lease_us, progress = t.progress, note = coalesce(t.note, j.note),
                history = CASE WHEN t.log IS NULL THEN j.history
                          ELSE @.remember(j.history, @.begin_line(j.logged, j.started, j.attempt, j.worker)
                                          || @.log_lines(t.log, j.logged - t.log_at, now_us, j.attempt)) END,
                logged = CASE WHEN t.log IS NULL THEN j.logged ELSE greatest(j.logged, t.log_at + @.line_count(t.log)) END
            FROM told t WHERE j.id = t.id AND j.state + 0 = 3 AND j.fence = t.fence AND t.created IN (0, j.created)
            RETURNING t.n, j.is_cancelling
        )
        SELECT CASE WHEN r.is_cancelling THEN 3 WHEN r.n IS NOT NULL THEN 0 WHEN j.id IS NULL THEN 2 ELSE 1 END::bigint
        FROM told t LEFT JOIN renewed r ON r.n = t.n LEFT JOIN @.job j ON j.id = t.id ORDER BY t.n;
END $$;
