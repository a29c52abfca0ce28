-- A store of format 1, with jobs in every state, as fill() of ../frozen.h and pg_dump left it: see test_format.c. It is not made again.
-- "@" stands for the schema's name.

SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET client_min_messages = warning;

CREATE SCHEMA @;

CREATE FUNCTION @.cancel(wanted text) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    now_us bigint := "@".now_us();
    j "@".job;
BEGIN
    j := "@".lock_job(wanted);
    IF j.id IS NULL THEN
        RETURN 2;
    ELSIF j.state >= 4 THEN
        RETURN 1;
    ELSIF j.state = 3 THEN
        UPDATE "@".job s SET is_cancelling = true WHERE s.seq = j.seq;
        PERFORM pg_notify('@', 'c' || wanted);
        RETURN 0;
    END IF;
    UPDATE "@".job s SET state = 6, has_turn = false, finished = now_us,
        history = "@".remember(j.history, now_us || ' ' || j.attempt || E' cancelled\n')
    WHERE s.seq = j.seq;
    PERFORM "@".count_change(j.queue, j.state, 6);
    PERFORM "@".see_off(ARRAY[j.id], CASE WHEN j.is_followed THEN ARRAY[j.id] END, ARRAY[j.id], ARRAY[j.unique_name], now_us);
    PERFORM "@".wake("@".pass_on(ARRAY[j.key], false));
    RETURN 0;
END $$;

CREATE FUNCTION @.claim(claimed text, by_id text, until_us bigint, moment bigint) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    owner text;
BEGIN
    LOOP
        -- Nothing is locked that is there, so that nobody's long transaction keeps a worker from finishing its job.
        INSERT INTO "@".unique_name (name, id, until) VALUES (claimed, by_id, until_us) ON CONFLICT (name) DO NOTHING;
        IF FOUND THEN
            RETURN NULL;
        END IF;
        SELECT u.id INTO owner FROM "@".unique_name u
        WHERE u.name = claimed AND (NOT u.is_finished OR u.until > moment);
        IF FOUND THEN
            RETURN owner;
        END IF;
        UPDATE "@".unique_name u SET id = by_id, until = until_us, is_finished = false
        WHERE u.name = claimed AND u.is_finished AND u.until <= moment;
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION @.count_change(of_queue text, from_state integer, to_state integer) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO "@".tally (queue, scheduled, held, ready, running, done, dead, cancelled, finished)
    SELECT of_queue, d[1], d[2], d[3], d[4], d[5], d[6], d[7], CASE WHEN to_state >= 4 AND from_state < 4 THEN 1 ELSE 0 END
    FROM (SELECT array_agg((s = to_state)::int - (s = from_state)::int ORDER BY s) AS d FROM generate_series(0, 6) AS s) c
$$;

CREATE FUNCTION @.discard(wanted text) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    j "@".job;
BEGIN
    j := "@".lock_job(wanted);
    IF j.id IS NULL THEN
        RETURN 2;
    ELSIF j.state = 3 THEN
        RETURN 1;
    END IF;
    DELETE FROM "@".job s WHERE s.seq = j.seq;
    PERFORM "@".count_change(j.queue, j.state, -1);
    DELETE FROM "@".unique_name u WHERE u.name = j.unique_name AND u.id = j.id;
    IF j.is_followed AND j.state < 4 THEN
        PERFORM pg_notify('@', 'f' || wanted);
    END IF;
    PERFORM "@".wake("@".pass_on(ARRAY[j.key], false));
    RETURN 0;
END $$;

CREATE FUNCTION @.drop_at_once(ids text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM "@".queue q WHERE q.keep_done < 0 OR q.keep_dead < 0) THEN
        RETURN;
    END IF;
    WITH gone AS (
        DELETE FROM "@".job j USING "@".queue q
        WHERE j.id = ANY(ids) AND q.name = j.queue AND j.state + 0 >= 4
          AND CASE WHEN j.state = 5 THEN q.keep_dead ELSE q.keep_done END < 0
        RETURNING j.queue, j.state
    )
    INSERT INTO "@".tally (queue, done, dead, cancelled)
    SELECT queue, -count(*) FILTER (WHERE state = 4), -count(*) FILTER (WHERE state = 5), -count(*) FILTER (WHERE state = 6)
    FROM gone GROUP BY queue;
END $$;

CREATE FUNCTION @.enqueue(ids text[], kinds text[], payloads bytea[], queues text[], keys text[], uniques text[], unique_fors bigint[], delays bigint[], moments bigint[], timeouts bigint[], backoffs bigint[], max_backoffs bigint[], priorities bigint[], attempt_counts bigint[], yields bigint[], within boolean) RETURNS TABLE(added_id text, was_there boolean)
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    now_us bigint := "@".now_us();
    count int := cardinality(ids);
    others text[] := array_fill(NULL::text, ARRAY[count]);
    has_keys boolean := array_remove(keys, NULL) <> '{}';
    inserted text[];
    name text;
BEGIN
    IF array_remove(uniques, NULL) <> '{}' THEN
        FOR i IN 1 .. count LOOP
            IF uniques[i] IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "@".job j WHERE j.id = ids[i]) THEN
                others[i] := "@".claim(uniques[i], ids[i], now_us + unique_fors[i] / 1000, now_us);
            END IF;
        END LOOP;
    END IF;
    WITH given AS (
        SELECT *, CASE WHEN t.moment > now_us THEN t.moment ELSE now_us + (t.delay / 1000 + (t.delay % 1000 > 0)::int) END AS due
        FROM unnest(ids, kinds, payloads, queues, keys, uniques, delays, moments, timeouts, backoffs, max_backoffs, priorities,
                    attempt_counts, yields, others) WITH ORDINALITY
            AS t(id, kind, payload, queue, key, uniq, delay, moment, timeout, backoff, max_backoff, priority, attempts, yields,
                 other, n)
    ), added AS (
        INSERT INTO "@".job (id, kind, payload, queue, key, unique_name, created, due, timeout, backoff, max_backoff, priority,
                           attempts, yields_key, state)
        SELECT g.id, g.kind, g.payload, g.queue, g.key, g.uniq, now_us, g.due, g.timeout, g.backoff, g.max_backoff, g.priority,
               g.attempts, g.yields <> 0,
               CASE WHEN g.due > now_us THEN 0 WHEN g.key IS NOT NULL THEN 1 ELSE 2 END
        FROM given g WHERE g.other IS NULL OR g.other = g.id ORDER BY g.n
        ON CONFLICT (id) DO NOTHING
        RETURNING job.id, job.queue, job.state
    ), counted AS (
        INSERT INTO "@".tally (queue, scheduled, held, ready)
        SELECT a.queue, count(*) FILTER (WHERE a.state = 0), count(*) FILTER (WHERE a.state = 1),
               count(*) FILTER (WHERE a.state = 2)
        FROM added a GROUP BY a.queue
    )
    SELECT array_agg(a.id) INTO inserted FROM added a;
    IF array_remove(uniques, NULL) <> '{}' THEN -- what was claimed for a job that was there, or came twice, under another name
        DELETE FROM "@".unique_name u USING unnest(ids, uniques, others) AS t(id, uniq, other)
        WHERE t.other IS NULL AND u.name = t.uniq AND u.id = t.id
          AND NOT EXISTS (SELECT 1 FROM "@".job j WHERE j.id = t.id AND j.unique_name = t.uniq);
    END IF;
    IF within THEN
        INSERT INTO "@".arrived SELECT DISTINCT k FROM unnest(keys) AS k WHERE k IS NOT NULL;
        FOR name IN SELECT DISTINCT q FROM unnest(queues) AS q LOOP
            PERFORM pg_notify('@', 'w' || name);
        END LOOP;
    ELSE
        IF has_keys THEN
            -- Not before: what is above may wait for somebody's transaction, and turns would wait for the keys.
            PERFORM "@".lock_keys(keys);
            PERFORM "@".pass_on(keys, true);
        END IF;
        PERFORM "@".wake(queues);
    END IF;
    IF cardinality(inserted) = count THEN
        RETURN QUERY SELECT id, false FROM unnest(ids) AS id;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT coalesce(t.other, t.id),
               t.other IS NOT NULL OR i.id IS NULL OR row_number() OVER (PARTITION BY t.id ORDER BY t.n) > 1
        FROM unnest(ids, others) WITH ORDINALITY AS t(id, other, n) LEFT JOIN unnest(inserted) AS i(id) ON i.id = t.id
        ORDER BY t.n;
END $$;

CREATE FUNCTION @.fire_cron(of_name text, of_digest bigint, of_next bigint, later bigint, new_last bigint, ids text[], kinds text[], payloads bytea[], queues text[], keys text[], uniques text[], unique_fors bigint[], delays bigint[], moments bigint[], timeouts bigint[], backoffs bigint[], max_backoffs bigint[], priorities bigint[], attempt_counts bigint[], yields bigint[], within boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE "@".cron c SET next = later, last = new_last WHERE c.name = of_name AND c.digest = of_digest AND c.next = of_next;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF cardinality(ids) > 0 THEN
        PERFORM "@".enqueue(ids, kinds, payloads, queues, keys, uniques, unique_fors, delays, moments, timeouts, backoffs, max_backoffs,
                          priorities, attempt_counts, yields, within);
    END IF;
    RETURN 1;
END $$;

CREATE FUNCTION @.first_allowed(queues text[], now_us bigint) RETURNS bigint
    LANGUAGE sql
    AS $$
    SELECT min((s.spent_until - s.period + s.period / s.rate + 999) / 1000) FROM "@".queue s
    WHERE s.name = ANY (queues) AND s.rate > 0 AND NOT s.is_paused
      AND s.spent_until - s.period + s.period / s.rate > now_us * 1000
      AND EXISTS (SELECT 1 FROM "@".job j WHERE j.state = 2 AND j.queue = s.name)
$$;

CREATE FUNCTION @.first_moments(queues text[], OUT due bigint, OUT ended bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
BEGIN
    SELECT min((SELECT j.due FROM "@".job j WHERE j.state = 0 AND j.queue = q ORDER BY j.due LIMIT 1)),
           min((SELECT j.lease FROM "@".job j WHERE j.lease > 0 AND j.queue = q ORDER BY j.lease LIMIT 1))
    INTO due, ended FROM unnest(queues) AS q;
END $$;

CREATE FUNCTION @.fold_tally() RETURNS void
    LANGUAGE sql
    AS $$
    WITH old AS (
        DELETE FROM "@".tally t
        WHERE t.ctid = ANY (ARRAY(SELECT s.ctid FROM "@".tally s LIMIT 100000 FOR UPDATE SKIP LOCKED)) RETURNING t.*
    )
    INSERT INTO "@".tally
    SELECT queue, sum(scheduled), sum(held), sum(ready), sum(running), sum(done), sum(dead), sum(cancelled), sum(finished),
           sum(failed)
    FROM old GROUP BY queue
$$;

CREATE FUNCTION @.follow(wanted text) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM "@".job s WHERE s.id = wanted) THEN
        RETURN 2;
    END IF;
    UPDATE "@".job s SET is_followed = true WHERE s.id = wanted AND s.state < 4 AND NOT s.is_followed;
    RETURN 0;
END $$;

CREATE FUNCTION @.give_names_back(ids text[], names text[], moment bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM 1 FROM "@".unique_name u JOIN unnest(ids, names) AS g(id, name) ON u.name = g.name AND u.id = g.id
    ORDER BY u.name FOR UPDATE OF u;
    DELETE FROM "@".unique_name u USING unnest(ids, names) AS g(id, name)
    WHERE u.name = g.name AND u.id = g.id AND u.until <= moment;
    UPDATE "@".unique_name u SET is_finished = true FROM unnest(ids, names) AS g(id, name)
    WHERE u.name = g.name AND u.id = g.id;
END $$;

CREATE TABLE @.job (
    seq bigint NOT NULL,
    created bigint NOT NULL,
    due bigint NOT NULL,
    started bigint DEFAULT 0 NOT NULL,
    finished bigint DEFAULT 0 NOT NULL,
    lease bigint DEFAULT 0 NOT NULL,
    timeout bigint NOT NULL,
    backoff bigint NOT NULL,
    max_backoff bigint NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    turn bigint DEFAULT 0 NOT NULL,
    progress double precision DEFAULT '-1'::integer NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    attempts integer NOT NULL,
    state smallint NOT NULL,
    priority smallint NOT NULL,
    verdict smallint DEFAULT '-1'::integer NOT NULL,
    yields_key boolean NOT NULL,
    has_turn boolean DEFAULT false NOT NULL,
    is_cancelling boolean DEFAULT false NOT NULL,
    is_followed boolean DEFAULT false NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    queue text NOT NULL COLLATE pg_catalog."C",
    key text COLLATE pg_catalog."C",
    unique_name text COLLATE pg_catalog."C",
    worker text,
    note text,
    history text DEFAULT ''::text NOT NULL,
    payload bytea NOT NULL,
    result bytea
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000', autovacuum_vacuum_insert_scale_factor='0.2', autovacuum_vacuum_cost_delay='0', autovacuum_analyze_scale_factor='0.1');

CREATE FUNCTION @.lock_job(wanted text) RETURNS @.job
    LANGUAGE plpgsql
    AS $$
DECLARE
    j "@".job;
BEGIN
    PERFORM "@".lock_keys(ARRAY[(SELECT s.key FROM "@".job s WHERE s.id = wanted)]);
    SELECT * INTO j FROM "@".job s WHERE s.id = wanted FOR UPDATE;
    RETURN j;
END $$;

CREATE FUNCTION @.lock_keys(keys text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    bucket int;
BEGIN
    FOR bucket IN SELECT DISTINCT hashtext(k) & 1023 FROM unnest(keys) AS k WHERE k IS NOT NULL ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(hashtext('"@".key'), bucket);
    END LOOP;
END $$;

CREATE FUNCTION @.lock_turns(ids text[], queues text[], looks boolean, now_us bigint) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    keys text[];
    arrived text[];
BEGIN
    SELECT array_agg(j.key) INTO keys FROM "@".job j WHERE j.id = ANY (ids) AND j.key IS NOT NULL;
    IF looks THEN
        WITH gone AS (
            DELETE FROM "@".arrived a WHERE a.ctid = ANY (ARRAY(SELECT s.ctid FROM "@".arrived s LIMIT 200 FOR UPDATE SKIP LOCKED))
            RETURNING a.key)
        SELECT array_agg(DISTINCT g.key) INTO arrived FROM gone g;
        SELECT keys || arrived || array_agg(m.key) INTO keys FROM unnest(queues) AS q CROSS JOIN LATERAL (
            (SELECT j.key FROM "@".job j WHERE j.state = 0 AND j.queue = q AND j.due <= now_us ORDER BY j.due LIMIT 200)
            UNION ALL
            (SELECT j.key FROM "@".job j WHERE j.lease > 0 AND j.queue = q AND j.lease <= now_us ORDER BY j.lease LIMIT 200)) m
        WHERE m.key IS NOT NULL;
    END IF;
    IF keys IS NOT NULL THEN
        PERFORM "@".lock_keys(keys);
    END IF;
    RETURN keys;
END $$;

CREATE FUNCTION @.log_lines(log text, moment bigint, attempt integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT coalesce(string_agg(moment || ' ' || attempt || ' log ' || line || E'\n', '' ORDER BY n), '')
    FROM regexp_split_to_table(rtrim(log, E'\n'), E'\n') WITH ORDINALITY AS t(line, n)
    WHERE log IS NOT NULL AND log <> ''
$$;

CREATE FUNCTION @.look_at_crons(of_name text, only_due boolean) RETURNS TABLE(now_us bigint, soonest bigint, name text, definition bytea, digest bigint, next bigint, last bigint)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    moment bigint := "@".now_us();
BEGIN
    IF only_due THEN
        RETURN QUERY
        SELECT moment, (SELECT min(s.next) FROM "@".cron s WHERE s.next > moment), c.name, c.definition, c.digest, c.next, c.last
        FROM (SELECT 1) one LEFT JOIN "@".cron c ON c.next <= moment AND (of_name IS NULL OR c.name = of_name) ORDER BY c.next;
    ELSE
        RETURN QUERY
        SELECT moment, NULL::bigint, c.name, c.definition, c.digest, c.next, c.last
        FROM (SELECT 1) one LEFT JOIN "@".cron c ON of_name IS NULL OR c.name = of_name;
    END IF;
END $$;

CREATE FUNCTION @.mark_idle(queues text[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    name text;
    is_new boolean := false;
BEGIN
    FOR name IN SELECT DISTINCT q FROM unnest(queues) AS q
                WHERE NOT EXISTS (SELECT 1 FROM "@".idle i WHERE i.queue = q AND i.is_idle) ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(hashtext('"@".idle'), hashtext(name));
        INSERT INTO "@".idle VALUES (name, true) ON CONFLICT (queue) DO UPDATE SET is_idle = true;
        is_new := true;
    END LOOP;
    RETURN is_new;
END $$;

CREATE FUNCTION @.move_due(queues text[], locked_keys text[], now_us bigint) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    stirred text[];
BEGIN
    WITH picked AS MATERIALIZED (
        SELECT d.seq FROM unnest(queues) AS q CROSS JOIN LATERAL (
            SELECT j.seq FROM "@".job j
            WHERE j.state = 0 AND j.queue = q AND j.due <= now_us AND (j.key IS NULL OR j.key = ANY (locked_keys))
            ORDER BY j.due LIMIT 200 FOR UPDATE SKIP LOCKED) d
    ), moved AS (
        UPDATE "@".job j SET state = CASE WHEN j.key IS NULL OR j.has_turn THEN 2 ELSE 1 END FROM picked p WHERE j.seq = p.seq
        RETURNING j.queue, j.state
    ), counted AS (
        INSERT INTO "@".tally (queue, scheduled, held, ready)
        SELECT queue, -count(*), count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2) FROM moved GROUP BY queue
        RETURNING tally.queue
    )
    SELECT array_agg(queue) INTO stirred FROM counted;
    RETURN stirred;
END $$;

CREATE FUNCTION @.move_ended(queues text[], locked_keys text[], now_us bigint, OUT stirred text[], OUT passed_keys text[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    finished_ids text[];
    named_ids text[];
    names text[];
    followed text[];
BEGIN
    WITH picked AS MATERIALIZED (
        SELECT d.seq FROM unnest(queues) AS q CROSS JOIN LATERAL (
            SELECT j.seq FROM "@".job j
            WHERE j.lease > 0 AND j.queue = q AND j.lease <= now_us AND (j.key IS NULL OR j.key = ANY (locked_keys))
            ORDER BY j.lease LIMIT 200 FOR UPDATE SKIP LOCKED) d
    ), moved AS (
        UPDATE "@".job j SET
            state = CASE WHEN j.is_cancelling THEN 6 WHEN j.attempt >= j.attempts THEN 5 ELSE 2 END,
            has_turn = j.has_turn AND NOT j.is_cancelling AND j.attempt < j.attempts,
            finished = CASE WHEN j.is_cancelling OR j.attempt >= j.attempts THEN now_us ELSE 0 END,
            lease = 0, verdict = -1,
            history = "@".remember(j.history, now_us || ' ' || j.attempt || ' lost' || coalesce(' ' || j.worker, '') || E'\n')
        FROM picked p WHERE j.seq = p.seq
        RETURNING j.id, j.queue, j.state, j.key, j.has_turn, j.is_followed, j.unique_name
    ), counted AS (
        INSERT INTO "@".tally (queue, running, ready, dead, cancelled, finished)
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
        PERFORM "@".see_off(finished_ids, followed, named_ids, names, now_us);
    END IF;
END $$;

CREATE FUNCTION @.now_us() RETURNS bigint
    LANGUAGE sql
    AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;

CREATE FUNCTION @.pass_on(keys text[], by_age boolean) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    queues text[];
BEGIN
    WITH best AS MATERIALIZED (
        SELECT CASE WHEN by_age THEN (SELECT min(h.seq) FROM "@".job h WHERE h.state = 1 AND h.key = k.key)
               ELSE (SELECT h.seq FROM "@".job h WHERE h.state = 1 AND h.key = k.key ORDER BY h.priority DESC, h.seq LIMIT 1)
               END AS seq
        FROM (SELECT DISTINCT unnest(keys) AS key) k
        WHERE NOT EXISTS (SELECT 1 FROM "@".job j WHERE j.has_turn AND j.key = k.key)
    ), moved AS (
        UPDATE "@".job j SET state = 2, has_turn = true FROM best WHERE j.seq = best.seq RETURNING j.queue
    ), counted AS (
        INSERT INTO "@".tally (queue, held, ready) SELECT queue, -count(*), count(*) FROM moved GROUP BY queue RETURNING queue
    )
    SELECT array_agg(queue) INTO queues FROM counted;
    RETURN queues;
END $$;

CREATE FUNCTION @.queues() RETURNS TABLE(name text, most_running bigint, rate bigint, period bigint, keep_done bigint, keep_dead bigint, is_paused boolean, scheduled bigint, held bigint, ready bigint, running bigint, done bigint, dead bigint, cancelled bigint, finished bigint, failed bigint, age_us bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    WITH t AS (
        SELECT c.queue, sum(c.scheduled) AS scheduled, sum(c.held) AS held, sum(c.ready) AS ready, sum(c.running) AS running,
               sum(c.done) AS done, sum(c.dead) AS dead, sum(c.cancelled) AS cancelled, sum(c.finished) AS finished,
               sum(c.failed) AS failed
        FROM "@".tally c GROUP BY c.queue
    )
    SELECT n.queue, coalesce(q.most_running, 0), coalesce(q.rate, 0), coalesce(q.period, 1000000000),
           coalesce(q.keep_done, 86400000000000), coalesce(q.keep_dead, 2592000000000000), coalesce(q.is_paused, false), coalesce(n.scheduled, 0)::bigint,
           coalesce(n.held, 0)::bigint, coalesce(n.ready, 0)::bigint, coalesce(n.running, 0)::bigint,
           coalesce(n.done, 0)::bigint, coalesce(n.dead, 0)::bigint, coalesce(n.cancelled, 0)::bigint,
           coalesce(n.finished, 0)::bigint, coalesce(n.failed, 0)::bigint, "@".now_us() - r.since
    FROM (SELECT coalesce(t.queue, s.name) AS queue, t.scheduled, t.held, t.ready, t.running, t.done, t.dead, t.cancelled,
                 t.finished, t.failed
          FROM t FULL JOIN "@".queue s ON s.name = t.queue) n
    LEFT JOIN "@".queue q ON q.name = n.queue
    LEFT JOIN LATERAL (
        -- The first of each priority, by a walk from one to the next.
        WITH RECURSIVE first AS (
            (SELECT j.priority, j.due FROM "@".job j WHERE j.state = 2 AND j.queue = n.queue
             ORDER BY j.priority DESC, j.seq LIMIT 1)
            UNION ALL
            SELECT b.priority, b.due FROM first f CROSS JOIN LATERAL (
                SELECT j.priority, j.due FROM "@".job j
                WHERE j.state = 2 AND j.queue = n.queue AND j.priority < f.priority
                ORDER BY j.priority DESC, j.seq LIMIT 1) b
        )
        SELECT min(f.due) AS since FROM first f) r ON true
    ORDER BY n.queue;
END $$;

CREATE FUNCTION @.remember(history text, lines text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    bytes bytea;
BEGIN
    IF octet_length(history) + octet_length(lines) <= 65536 THEN
        RETURN history || lines;
    END IF;
    bytes := convert_to(history || lines, 'UTF8');
    bytes := substring(bytes FROM octet_length(bytes) - 65535);
    RETURN convert_from(substring(bytes FROM position('\x0a'::bytea IN bytes) + 1), 'UTF8');
END $$;

CREATE FUNCTION @.remove_cron(of_name text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM "@".cron c WHERE c.name = of_name;
    RETURN CASE WHEN FOUND THEN 0 ELSE 2 END;
END $$;

CREATE FUNCTION @.renew(ids text[], fences bigint[], progresses double precision[], notes text[], logs text[], lease_us bigint) RETURNS SETOF bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    now_us bigint := "@".now_us();
BEGIN
    PERFORM 1 FROM "@".job j WHERE j.id = ANY (ids) ORDER BY j.id FOR UPDATE;
    RETURN QUERY
        WITH told AS (
            SELECT * FROM unnest(ids, fences, progresses, notes, logs) WITH ORDINALITY AS t(id, fence, progress, note, log, n)
        ), renewed AS (
            UPDATE "@".job j SET lease = now_us + lease_us, progress = t.progress, note = coalesce(t.note, j.note),
                history = CASE WHEN t.log IS NULL THEN j.history
                          ELSE "@".remember(j.history, "@".log_lines(t.log, now_us, j.attempt)) END
            FROM told t WHERE j.id = t.id AND j.state + 0 = 3 AND j.fence = t.fence
            RETURNING t.n, j.is_cancelling
        )
        SELECT CASE WHEN r.is_cancelling THEN 3 WHEN r.n IS NOT NULL THEN 0 WHEN j.id IS NULL THEN 2 ELSE 1 END::bigint
        FROM told t LEFT JOIN renewed r ON r.n = t.n LEFT JOIN "@".job j ON j.id = t.id ORDER BY t.n;
END $$;

CREATE FUNCTION @.retry(wanted text) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    now_us bigint := "@".now_us();
    j "@".job;
BEGIN
    j := "@".lock_job(wanted);
    IF j.id IS NULL THEN
        RETURN 2;
    ELSIF j.state IN (1, 2, 3) THEN
        RETURN 1;
    END IF;
    IF j.state >= 4 AND j.unique_name IS NOT NULL THEN
        INSERT INTO "@".unique_name AS u (name, id, until) VALUES (j.unique_name, j.id, now_us)
        ON CONFLICT (name) DO UPDATE SET is_finished = false WHERE u.id = j.id;
    END IF;
    UPDATE "@".job s SET state = CASE WHEN j.key IS NULL OR j.has_turn THEN 2 ELSE 1 END, due = now_us, finished = 0,
        attempts = greatest(j.attempts, j.attempt + 1), is_cancelling = false,
        history = "@".remember(j.history, now_us || ' ' || j.attempt || E' retried\n')
    WHERE s.seq = j.seq;
    PERFORM "@".count_change(j.queue, j.state, CASE WHEN j.key IS NULL OR j.has_turn THEN 2 ELSE 1 END);
    PERFORM "@".wake("@".pass_on(ARRAY[j.key], false) || j.queue);
    RETURN 0;
END $$;

CREATE FUNCTION @.room_in(of_queue text, wanted bigint, now_us bigint) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    q "@".queue;
BEGIN
    SELECT * INTO q FROM "@".queue s WHERE s.name = of_queue;
    IF q.is_paused THEN
        RETURN 0;
    END IF;
    IF q.most_running > 0 THEN
        wanted := least(wanted, q.most_running
                        - (SELECT count(*) FROM "@".job j WHERE j.lease > 0 AND j.queue = of_queue));
    END IF;
    IF q.rate > 0 THEN -- a bucket of that many, filled evenly
        wanted := least(wanted, (now_us * 1000 + q.period - greatest(q.spent_until, now_us * 1000))
                                / greatest(q.period / q.rate, 1));
    END IF;
    RETURN wanted;
END $$;

CREATE FUNCTION @.see_off(ids text[], followed text[], named_ids text[], names text[], moment bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT unnest(followed) LOOP
        PERFORM pg_notify('@', 'f' || one);
    END LOOP;
    IF names IS NOT NULL THEN
        PERFORM "@".give_names_back(named_ids, names, moment);
    END IF;
    PERFORM "@".drop_at_once(ids);
END $$;

CREATE FUNCTION @.set_cron(of_name text, new_definition bytea, new_digest bigint, new_next bigint, keeps_next boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO "@".cron AS c (name, definition, digest, next) VALUES (of_name, new_definition, new_digest, new_next)
    ON CONFLICT (name) DO UPDATE SET definition = new_definition, digest = new_digest,
        next = CASE WHEN keeps_next THEN c.next ELSE new_next END
    WHERE c.digest <> new_digest;
    IF FOUND THEN
        PERFORM pg_notify('@', 's');
    END IF;
    RETURN 0;
END $$;

CREATE FUNCTION @.set_queue(of_name text, new_most bigint, new_rate bigint, new_period bigint, new_done bigint, new_dead bigint, pauses boolean) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
BEGIN
    INSERT INTO "@".queue AS q (name, most_running, rate, period, keep_done, keep_dead, is_paused)
    VALUES (of_name, coalesce(new_most, 0), coalesce(new_rate, 0), coalesce(new_period, 1000000000),
            coalesce(new_done, 86400000000000), coalesce(new_dead, 2592000000000000), coalesce(pauses, false))
    ON CONFLICT (name) DO UPDATE SET
        most_running = coalesce(new_most, q.most_running), rate = coalesce(new_rate, q.rate),
        period = coalesce(new_period, q.period), keep_done = coalesce(new_done, q.keep_done),
        keep_dead = coalesce(new_dead, q.keep_dead), is_paused = coalesce(pauses, q.is_paused),
        spent_until = CASE WHEN new_rate IS NULL THEN q.spent_until ELSE 0 END; -- what was used up of another rate is forgotten
    PERFORM "@".wake(ARRAY[of_name]);
    RETURN 0;
END $$;

CREATE FUNCTION @.settle(ids text[], fences bigint[], verdicts bigint[], delays bigint[], errors text[], results bytea[], progresses double precision[], notes text[], logs text[], now_us bigint, OUT settled text[], OUT passed_keys text[], OUT stirred text[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    finished_ids text[];
    named_ids text[];
    names text[];
    followed text[];
BEGIN
    WITH told AS (
        SELECT * FROM unnest(ids, fences, verdicts, delays, errors, results, progresses, notes, logs)
            AS t(id, fence, verdict, delay, error, result, progress, note, log) ORDER BY t.id
    ), changed AS (
        UPDATE "@".job j SET
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
            attempt = CASE WHEN t.verdict IN (4, 5) THEN j.attempt - 1 ELSE j.attempt END,
            due = CASE WHEN t.verdict IN (1, 4) THEN now_us + (t.delay / 1000 + (t.delay % 1000 > 0)::int) ELSE j.due END,
            finished = CASE WHEN t.verdict IN (0, 2, 3) OR j.is_cancelling OR t.verdict = 1 AND j.attempt >= j.attempts
                THEN now_us ELSE 0 END,
            verdict = t.verdict,
            lease = 0,
            result = CASE WHEN t.verdict = 0 THEN t.result ELSE j.result END,
            progress = t.progress,
            note = coalesce(t.note, j.note),
            history = CASE WHEN t.log IS NULL AND t.verdict = 0 THEN j.history ELSE "@".remember(j.history,
                "@".log_lines(t.log, now_us, j.attempt)
                || CASE WHEN t.verdict = 0 THEN '' ELSE now_us || ' ' || j.attempt
                || CASE WHEN t.verdict IN (1, 2) THEN ' failed' WHEN t.verdict = 3 THEN ' cancelled'
                   WHEN t.verdict = 4 THEN ' snoozed' ELSE ' returned' END
                || coalesce(' ' || t.error, '') || E'\n' END) END
        FROM told t WHERE j.id = t.id AND j.state + 0 = 3 AND j.fence = t.fence
        RETURNING j.id, j.queue, j.key, j.has_turn, j.state, j.verdict, j.is_followed, j.unique_name
    ), counted AS (
        INSERT INTO "@".tally (queue, running, scheduled, ready, done, dead, cancelled, finished, failed)
        SELECT c.queue, -count(*), count(*) FILTER (WHERE c.state = 0), count(*) FILTER (WHERE c.state = 2),
               count(*) FILTER (WHERE c.state = 4), count(*) FILTER (WHERE c.state = 5), count(*) FILTER (WHERE c.state = 6),
               count(*) FILTER (WHERE c.state >= 4), count(*) FILTER (WHERE c.verdict IN (1, 2))
        FROM changed c GROUP BY c.queue
    )
    SELECT array_agg(c.id), array_agg(c.key) FILTER (WHERE c.key IS NOT NULL AND NOT c.has_turn),
           array_agg(DISTINCT c.queue) FILTER (
               WHERE c.state = 2 OR c.queue = ANY (ARRAY(SELECT q.name FROM "@".queue q WHERE q.most_running > 0))),
           array_agg(c.id) FILTER (WHERE c.state >= 4), array_agg(c.id) FILTER (WHERE c.state >= 4 AND c.is_followed),
           array_agg(c.id) FILTER (WHERE c.state >= 4 AND c.unique_name IS NOT NULL),
           array_agg(c.unique_name) FILTER (WHERE c.state >= 4 AND c.unique_name IS NOT NULL)
    INTO settled, passed_keys, stirred, finished_ids, followed, named_ids, names FROM changed c;
    IF finished_ids IS NOT NULL THEN
        PERFORM "@".see_off(finished_ids, followed, named_ids, names, now_us);
    END IF;
END $$;

CREATE FUNCTION @.spend(of_queue text, begun bigint, now_us bigint) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE "@".queue s
    SET spent_until = greatest(s.spent_until, now_us * 1000) + begun * greatest(s.period / s.rate, 1)
    WHERE s.name = of_queue AND s.rate > 0
$$;

CREATE FUNCTION @.sweep() RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    now_us bigint := "@".now_us();
    swept bigint := 0;
    n bigint;
    q record;
    silent text[];
    keys text[];
    ended record;
BEGIN
    -- Queues whose workers are all gone may keep a key from others.
    SELECT array_agg(DISTINCT j.queue) INTO silent FROM "@".job j WHERE j.lease > 0 AND j.lease <= now_us;
    IF silent IS NOT NULL THEN
        keys := "@".lock_turns('{}', silent, true, now_us);
        SELECT * INTO ended FROM "@".move_ended(silent, keys, now_us);
        PERFORM "@".wake(ended.stirred || "@".pass_on(keys, false));
    END IF;
    FOR q IN SELECT c.queue, coalesce(s.keep_done, 86400000000000) AS keep_done,
                    coalesce(s.keep_dead, 2592000000000000) AS keep_dead
             FROM (SELECT DISTINCT queue FROM "@".tally) c LEFT JOIN "@".queue s ON s.name = c.queue LOOP
        WITH old AS MATERIALIZED (
            SELECT d.seq FROM (VALUES (4, q.keep_done), (5, q.keep_dead), (6, q.keep_done)) AS k(state, keep)
            CROSS JOIN LATERAL (
                SELECT j.seq FROM "@".job j
                WHERE j.state >= 4 AND j.queue = q.queue AND j.state = k.state
                  AND j.finished <= now_us - greatest(k.keep, 0) / 1000
                ORDER BY j.finished LIMIT 1000 - swept FOR UPDATE SKIP LOCKED) d
            LIMIT 1000 - swept
        ), gone AS (
            DELETE FROM "@".job j USING old WHERE j.seq = old.seq RETURNING j.state
        ), counted AS (
            INSERT INTO "@".tally (queue, done, dead, cancelled)
            SELECT q.queue, -count(*) FILTER (WHERE state = 4), -count(*) FILTER (WHERE state = 5),
                   -count(*) FILTER (WHERE state = 6)
            FROM gone HAVING count(*) > 0
        )
        SELECT count(*) INTO n FROM gone;
        swept := swept + n;
        EXIT WHEN swept >= 1000;
    END LOOP;
    DELETE FROM "@".unique_name u WHERE u.is_finished AND u.until <= now_us;
    PERFORM "@".fold_tally();
    RETURN swept;
END $$;

CREATE FUNCTION @.turn(ids text[], fences bigint[], verdicts bigint[], delays bigint[], errors text[], results bytea[], progresses double precision[], notes text[], logs text[], queues text[], most bigint, lease_us bigint, worker_name text, number bigint, looks boolean, listens boolean) RETURNS TABLE(id text, kind text, queue text, key text, payload bytea, fence bigint, timeout bigint, backoff bigint, max_backoff bigint, created bigint, due bigint, attempt integer, attempts integer, outcomes bigint[], next_us bigint)
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    now_us bigint := "@".now_us();
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
    name text;
    room bigint := most;
    here bigint;
    n bigint;
BEGIN
    -- Where the same turn still goes on, in a session that nobody hears any more, it is waited for.
    PERFORM pg_advisory_xact_lock(hashtext('"@".worker'), hashtext(worker_name));
    IF looks THEN
        SELECT m.due, m.ended INTO first_due, first_end FROM "@".first_moments(queues) m;
        is_due := first_due <= now_us OR first_end <= now_us OR EXISTS (SELECT 1 FROM "@".arrived);
    END IF;
    IF is_due OR cardinality(ids) > 0 THEN
        keys := "@".lock_turns(ids, queues, is_due, now_us);
    END IF;
    IF cardinality(ids) > 0 THEN
        SELECT * INTO done FROM "@".settle(ids, fences, verdicts, delays, errors, results, progresses, notes, logs, now_us);
        stirred := done.stirred;
        free_keys := done.passed_keys;
        IF done.settled IS NULL OR cardinality(done.settled) < cardinality(ids) THEN
            SELECT array_agg(CASE
                WHEN t.id = ANY (done.settled) THEN 0
                WHEN j.id IS NULL THEN 2
                WHEN j.fence = t.fence AND j.verdict = t.verdict AND j.state <> 3 THEN 0
                ELSE 1 END ORDER BY t.n) INTO outcomes
            FROM unnest(ids, fences, verdicts) WITH ORDINALITY AS t(id, fence, verdict, n)
            LEFT JOIN "@".job j ON j.id = t.id;
        END IF;
    END IF;
    IF free_keys IS NOT NULL THEN -- before those who gave them up may come back
        stirred := stirred || "@".pass_on(free_keys, false);
    END IF;
    IF is_due OR 1 = ANY (verdicts) OR 4 = ANY (verdicts) THEN
        SELECT * INTO ended FROM "@".move_ended(queues, keys, now_us);
        IF ended.passed_keys IS NOT NULL THEN
            stirred := stirred || "@".pass_on(ended.passed_keys, false);
        END IF;
        stirred := stirred || ended.stirred || "@".move_due(queues, keys, now_us);
        IF keys IS NOT NULL THEN
            stirred := stirred || "@".pass_on(keys, false);
        END IF;
    END IF;

    IF most > 0 AND EXISTS (SELECT 1 FROM "@".job j WHERE j.state = 3 AND j.turn = number AND j.worker = worker_name) THEN
        RETURN QUERY
            SELECT j.id, j.kind, j.queue, j.key, j.payload, j.fence, j.timeout, j.backoff, j.max_backoff, j.created, j.due,
                   j.attempt, j.attempts, NULL::bigint[], NULL::bigint
            FROM "@".job j WHERE j.state = 3 AND j.turn = number AND j.worker = worker_name
            ORDER BY j.priority DESC, j.seq LIMIT most;
        room := 0;
    ELSIF most > 0 THEN
        is_limited := EXISTS (SELECT 1 FROM "@".queue s WHERE s.name = ANY (queues));
        IF is_limited THEN
            PERFORM 1 FROM "@".queue s WHERE s.name = ANY (queues) AND (s.most_running > 0 OR s.rate > 0)
            ORDER BY s.name FOR UPDATE;
        END IF;
        FOR pass IN 1 .. 2 LOOP
            FOREACH name IN ARRAY queues LOOP
                here := room;
                IF is_limited THEN
                    here := "@".room_in(name, room, now_us);
                    CONTINUE WHEN here <= 0;
                END IF;
                RETURN QUERY
                    WITH picked AS MATERIALIZED (
                        SELECT j.seq FROM "@".job j WHERE j.state = 2 AND j.queue = name
                        ORDER BY j.priority DESC, j.seq LIMIT here FOR UPDATE SKIP LOCKED
                    ), taken AS (
                        UPDATE "@".job j SET state = 3, attempt = j.attempt + 1, fence = j.fence + 1, turn = number,
                            worker = worker_name, started = now_us, lease = now_us + lease_us, verdict = -1, progress = -1,
                            note = NULL
                        FROM picked p WHERE j.seq = p.seq RETURNING j.*
                    ), counted AS (
                        INSERT INTO "@".tally (queue, ready, running)
                        SELECT name, -count(*), count(*) FROM taken HAVING count(*) > 0
                    )
                    SELECT t.id, t.kind, t.queue, t.key, t.payload, t.fence, t.timeout, t.backoff, t.max_backoff, t.created,
                           t.due, t.attempt, t.attempts, NULL::bigint[], NULL::bigint
                    FROM taken t ORDER BY t.priority DESC, t.seq;
                GET DIAGNOSTICS n = ROW_COUNT;
                room := room - n;
                IF is_limited AND n > 0 THEN
                    PERFORM "@".spend(name, n, now_us);
                END IF;
                EXIT WHEN room = 0;
            END LOOP;
            EXIT WHEN room = 0 OR NOT listens OR NOT "@".mark_idle(queues);
        END LOOP;
    END IF;

    IF stirred IS NOT NULL AND room = 0 THEN
        PERFORM "@".wake(stirred);
    ELSIF stirred IS NOT NULL THEN
        SELECT array_agg(s) INTO foreign_ones FROM unnest(stirred) AS s WHERE s <> ALL (queues);
        FOR name IN SELECT DISTINCT s FROM unnest(foreign_ones) AS s LOOP
            PERFORM pg_notify('@', 'w' || name);
        END LOOP;
    END IF;
    id := NULL;
    IF room = 0 AND most > 0 THEN
        next_us := 0;
    ELSIF looks THEN
        IF is_due OR cardinality(ids) > 0 THEN
            SELECT m.due, m.ended INTO first_due, first_end FROM "@".first_moments(queues) m;
        END IF;
        next_us := least(first_due, first_end, CASE WHEN room < most THEN now_us + lease_us END,
                         CASE WHEN is_limited THEN "@".first_allowed(queues, now_us) END) - now_us;
        IF next_us < 1000 THEN -- greatest() would make a number of NULL
            next_us := 1000;
        END IF;
    ELSE
        next_us := 1000; -- look soon
    END IF;
    RETURN NEXT;
END $$;

CREATE FUNCTION @.wake(queues text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT DISTINCT q FROM unnest(queues) AS q ORDER BY 1 LOOP
        -- Whoever marks the queue waits for us to commit, and then looks again; or has done so, and then we see the mark.
        PERFORM pg_advisory_xact_lock_shared(hashtext('"@".idle'), hashtext(name));
        PERFORM 1 FROM "@".idle i WHERE i.queue = name AND i.is_idle FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE "@".idle i SET is_idle = false WHERE i.queue = name;
            PERFORM pg_notify('@', 'w' || name);
        END IF;
    END LOOP;
END $$;

CREATE TABLE @.arrived (
    key text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE @.cron (
    name text NOT NULL COLLATE pg_catalog."C",
    definition bytea NOT NULL,
    digest bigint NOT NULL,
    next bigint NOT NULL,
    last bigint DEFAULT 0 NOT NULL
);

CREATE TABLE @.format (
    version integer NOT NULL
);

CREATE UNLOGGED TABLE @.idle (
    queue text NOT NULL COLLATE pg_catalog."C",
    is_idle boolean NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE @.job ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME @.job_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE @.queue (
    name text NOT NULL COLLATE pg_catalog."C",
    most_running bigint DEFAULT 0 NOT NULL,
    rate bigint DEFAULT 0 NOT NULL,
    period bigint DEFAULT 1000000000 NOT NULL,
    keep_done bigint DEFAULT '86400000000000'::bigint NOT NULL,
    keep_dead bigint DEFAULT '2592000000000000'::bigint NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    spent_until bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE @.tally (
    queue text NOT NULL COLLATE pg_catalog."C",
    scheduled bigint DEFAULT 0 NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    ready bigint DEFAULT 0 NOT NULL,
    running bigint DEFAULT 0 NOT NULL,
    done bigint DEFAULT 0 NOT NULL,
    dead bigint DEFAULT 0 NOT NULL,
    cancelled bigint DEFAULT 0 NOT NULL,
    finished bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL
);

CREATE TABLE @.unique_name (
    name text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    until bigint NOT NULL,
    is_finished boolean DEFAULT false NOT NULL
);

INSERT INTO @.cron VALUES
	('nightly', '\x65787072657373696f6e2033302032202a202a202a0a7a6f6e65205554430a6d6973736564206f6e63650a6b696e6420636c65616e0a71756575652064656661756c740a6261636b6f66662031303030303030300a6d61785f6261636b6f666620333630303030303030300a617474656d7074732032300a7061796c6f61640a', 4254125718070987724, 1796092200000000, 0);

INSERT INTO @.format VALUES
	(1);

INSERT INTO @.job OVERRIDING SYSTEM VALUE VALUES
	(1, 1700049451024515, 1700049451024515, 1700049451033421, 1700049451037706, 0, 0, 10000000000, 3600000000000, 1, 1, 0.5, 1, 20, 4, 0, 0, false, false, false, false, 'done', 'work', 'default', NULL, 'weekly', 'old', 'half', '1700049451037706 1 log one
1700049451037706 1 log two
', '\x612e6a7067', '\x3432'),
	(2, 1700049451045975, 1700049451045975, 1700049451047023, 1700049451048231, 0, 0, 10000000000, 3600000000000, 1, 3, 0, 1, 20, 4, 0, 0, false, false, false, false, 'large', 'work', 'default', NULL, NULL, 'old', NULL, '', '\x7878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878', '\x797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979'),
	(3, 1700049451049242, 1700049451050696, 1700049451049873, 1700049451050696, 0, 0, 10000000000, 3600000000000, 1, 5, 0, 1, 1, 5, 0, 1, false, false, false, false, 'dead', 'work', 'default', NULL, NULL, 'old', NULL, '1700049451050696 1 failed no
', '\x', NULL),
	(4, 1700049451054917, 1700049451054917, 0, 1700049451055686, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 6, 0, -1, false, false, false, false, 'cancelled', 'work', 'default', NULL, NULL, NULL, NULL, '1700049451055686 0 cancelled
', '\x', NULL),
	(5, 1700049451062454, 1700049451069581, 1700049451073997, 1700049451078590, 0, 0, 10000000000, 3600000000000, 2, 9, 0, 2, 20, 4, 0, 0, false, false, false, false, 'twice', 'work', 'default', NULL, NULL, 'old', NULL, '1700049451069581 1 retried
', '\x', NULL),
	(6, 1700049451080575, 1700049451080575, 1700049451081171, 0, 4949649451081934, 0, 10000000000, 3600000000000, 1, 11, 0.25, 1, 20, 3, 0, -1, false, false, false, false, 'running', 'work', 'default', NULL, NULL, 'old', NULL, '1700049451081934 1 log said
', '\x', NULL),
	(7, 1700049451085703, 1700049451085703, 1700049451086168, 0, 4949649451086168, 0, 10000000000, 3600000000000, 1, 12, -1, 1, 20, 3, 0, -1, false, false, true, false, 'asked', 'work', 'default', NULL, NULL, 'old', NULL, '', '\x', NULL),
	(8, 1700049451089899, 4949649451095082, 1700049451090514, 0, 0, 0, 10000000000, 3600000000000, 1, 13, 0, 1, 20, 0, 0, 1, false, false, false, false, 'failed', 'work', 'default', NULL, NULL, 'old', NULL, '1700049451095082 1 failed no
', '\x', NULL),
	(9, 1700049451096842, 1700049451096842, 1700049451097408, 0, 1700049452097408, 0, 10000000000, 3600000000000, 1, 15, -1, 1, 20, 3, 0, -1, false, false, false, false, 'lost', 'work', 'default', NULL, NULL, 'old', NULL, '', '\x', NULL),
	(10, 1700049451098113, 4949649451098113, 0, 0, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 0, 0, -1, false, false, false, false, 'later', 'work', 'default', NULL, NULL, NULL, NULL, '', '\x', NULL),
	(11, 1700049451098421, 1700049452098421, 0, 0, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 0, 0, -1, false, false, false, false, 'due', 'work', 'default', NULL, NULL, NULL, NULL, '', '\x', NULL),
	(12, 1700049451098770, 1700049451098770, 0, 0, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 2, 0, -1, false, true, false, false, 'first', 'work', 'default', 'ada', NULL, NULL, NULL, '', '\x', NULL),
	(13, 1700049451101475, 1700049451101475, 0, 0, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 1, 0, -1, false, false, false, false, 'second', 'work', 'default', 'ada', NULL, NULL, NULL, '', '\x', NULL),
	(14, 1700049451102328, 1700049451102328, 0, 0, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 2, 0, -1, false, false, false, false, 'one', 'work', 'default', NULL, 'mail', NULL, NULL, '', '\x', NULL),
	(15, 1700049451103280, 1700049451103280, 0, 0, 0, 9000000000, 10000000000, 3600000000000, 0, 0, -1, 0, 7, 2, 5, -1, false, false, false, false, 'urgent', 'work', 'default', NULL, NULL, NULL, NULL, '', '\x', NULL),
	(16, 1700049451104071, 1700049451104071, 1700049451104555, 0, 4949649451104555, 0, 10000000000, 3600000000000, 1, 16, -1, 1, 20, 3, 0, -1, false, false, false, false, 'slow', 'work', 'limited', NULL, NULL, 'old', NULL, '', '\x', NULL),
	(17, 1700049451105592, 1700049451105592, 0, 0, 0, 0, 10000000000, 3600000000000, 0, 0, -1, 0, 20, 2, 0, -1, false, false, false, false, 'rare', 'work', 'paused', NULL, NULL, NULL, NULL, '', '\x', NULL);

INSERT INTO @.queue VALUES
	('default', 0, 0, 1000000000, 3153600000000000000, 3153600000000000000, false, 0),
	('limited', 5, 2, 3153600000000000000, 86400000000000, 2592000000000000, false, 3372849451104555000),
	('paused', 0, 0, 1000000000, 86400000000000, 2592000000000000, true, 0);

INSERT INTO @.tally VALUES
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 0, -1, 1, 0, 0, 1, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 0, -1, 1, 0, 0, 1, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 0, -1, 0, 1, 0, 1, 1),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 0, 0, 0, 1, 1, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 0, -1, 1, 0, 0, 1, 0),
	('default', 0, 0, 1, 0, -1, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 0, -1, 1, 0, 0, 1, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 1, 0, 0, -1, 0, 0, 0, 0, 1),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('default', 1, 0, 0, 0, 0, 0, 0, 0, 0),
	('default', 1, 0, 0, 0, 0, 0, 0, 0, 0),
	('default', 0, 1, 0, 0, 0, 0, 0, 0, 0),
	('default', 0, -1, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 1, 0, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('default', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('limited', 0, 0, 1, 0, 0, 0, 0, 0, 0),
	('limited', 0, 0, -1, 1, 0, 0, 0, 0, 0),
	('paused', 0, 0, 1, 0, 0, 0, 0, 0, 0);

INSERT INTO @.unique_name VALUES
	('weekly', 'done', 4949649451024515, true),
	('mail', 'one', 1700049451102328, false);

SELECT pg_catalog.setval('@.job_seq_seq', 17, true);

ALTER TABLE ONLY @.cron
    ADD CONSTRAINT cron_pkey PRIMARY KEY (name);

ALTER TABLE ONLY @.idle
    ADD CONSTRAINT idle_pkey PRIMARY KEY (queue);

ALTER TABLE ONLY @.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY @.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (name);

ALTER TABLE ONLY @.unique_name
    ADD CONSTRAINT unique_name_pkey PRIMARY KEY (name);

CREATE INDEX cron_next ON @.cron USING btree (next);

CREATE INDEX job_finished ON @.job USING btree (queue, state, finished) WHERE (state >= 4);

CREATE UNIQUE INDEX job_has_turn ON @.job USING btree (key) WHERE has_turn;

CREATE INDEX job_held ON @.job USING btree (key, priority DESC, seq) WHERE (state = 1);

CREATE UNIQUE INDEX job_id ON @.job USING btree (id);

CREATE INDEX job_ready ON @.job USING btree (queue, priority DESC, seq) WHERE (state = 2);

CREATE INDEX job_running ON @.job USING btree (queue, lease) WHERE (lease > 0);

CREATE INDEX job_scheduled ON @.job USING btree (queue, due) WHERE (state = 0);

CREATE INDEX job_turn ON @.job USING btree (turn) WHERE (state = 3);
