-- What more than one of the functions needs. "@" stands for the schema's name, and "@@" for that as a text.
--
-- Each function that is called from outside is told which format the caller knows, and begins by looking whether that is the store's: where it is
-- not it fails (no_data_found, P0002). It holds a lock of the table `format` from then on, so that whoever changes the format comes before or after
-- it. What differs in the arguments fails by itself (undefined_function, 42883).
--
-- Those that wait for others, and then have to see what those did, fail in the same way where the transaction is not READ COMMITTED.

-- The store's clock: microseconds since 1970.
CREATE FUNCTION @.now_us() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;

-- Of functions that need no moment.
CREATE FUNCTION @.check_format(for_format bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    known int;
BEGIN
    SELECT f.version INTO STRICT known FROM @.format f WHERE f.version = for_format;
    RETURN true;
END $$;

-- The same for who only reads: once for a statement, and before anything of it is read. (What changes something needs a newer moment than that at which
-- its statement began: it may have waited for the lock.)
CREATE FUNCTION @.may_read(for_format bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    known int;
BEGIN
    SELECT f.version INTO STRICT known FROM @.format f WHERE f.version = for_format;
    RETURN true;
END $$;

-- Remember what was answered to somebody who chose this number, not 0, to be told the same where the reply is lost and they ask again.
CREATE FUNCTION @.answer(token bigint, given bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF token <> 0 THEN
        INSERT INTO @.answered (asker, number, answer, moment) VALUES ('', token, given, @.now_us()) ON CONFLICT DO NOTHING;
    END IF;
    RETURN given;
END $$;

-- What that was; NULL: nothing.
CREATE FUNCTION @.answer_before(token bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT a.answer FROM @.answered a WHERE a.asker = '' AND a.number = token AND token <> 0
$$;

-- Lines more in a history, of which the newest 64 KiB are kept, whole lines.
CREATE FUNCTION @.remember(history text, lines text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
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

-- Lines of a job's log as its history has them, a newline behind each, but for the first ones, which it has already.
CREATE FUNCTION @.log_lines(log text, had bigint, moment bigint, attempt int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(moment || ' ' || attempt || ' log ' || line || E'\n', '' ORDER BY n), '')
    FROM regexp_split_to_table(left(log, -1), E'\n') WITH ORDINALITY AS t(line, n)
    WHERE log IS NOT NULL AND log <> '' AND n > had
$$;

-- The first line of an attempt in a job's history, where there is none of its log yet: when it began, and with whom.
CREATE FUNCTION @.begin_line(logged int, started bigint, attempt int, worker text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN logged = 0 THEN started || ' ' || attempt || ' began' || coalesce(' ' || worker, '') || E'\n' ELSE '' END
$$;

CREATE FUNCTION @.line_count(log text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT length(log) - length(replace(log, E'\n', ''))
$$;

-- A moment, in microseconds since 1970, so many nanoseconds later: never sooner.
CREATE FUNCTION @.later(now_us bigint, delay bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT now_us + (delay / 1000 + (delay % 1000 > 0)::int)
$$;

-- Have the turns of keys to oneself until the transaction ends. In one order, and a bounded number of locks however many keys.
CREATE FUNCTION @.lock_keys(keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    bucket int;
BEGIN
    FOR bucket IN SELECT DISTINCT hashtext(k) & 1023 FROM unnest(keys) AS k WHERE k IS NOT NULL ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(hashtext('@.key'), bucket);
    END LOOP;
END $$;

-- Of keys of which no job has the turn the best that is held gets it: the one with the highest priority, or, where nobody had
-- the turn before, the oldest. The caller has their locks. Gives the queues that have a job more to take.
CREATE FUNCTION @.pass_on(keys text[], by_age boolean) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    queues text[];
BEGIN
    WITH best AS MATERIALIZED (
        SELECT CASE WHEN by_age THEN (SELECT min(h.seq) FROM @.job h WHERE h.state = 1 AND h.key = k.key)
               ELSE (SELECT h.seq FROM @.job h WHERE h.state = 1 AND h.key = k.key ORDER BY h.priority DESC, h.seq LIMIT 1)
               END AS seq
        FROM (SELECT DISTINCT unnest(keys) AS key) k
        WHERE NOT EXISTS (SELECT 1 FROM @.job j WHERE j.has_turn AND j.key = k.key)
    ), moved AS (
        UPDATE @.job j SET state = 2, has_turn = true FROM best WHERE j.seq = best.seq RETURNING j.queue
    ), counted AS (
        INSERT INTO @.step (queue, held, ready) SELECT queue, -count(*), count(*) FROM moved GROUP BY queue RETURNING queue
    )
    SELECT array_agg(queue) INTO queues FROM counted;
    RETURN queues;
END $$;

-- Tell who listens that there is work, where somebody waits for it.
CREATE FUNCTION @.wake(queues text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    IF cardinality(queues) > 1 THEN
        queues := ARRAY(SELECT DISTINCT q FROM unnest(queues) AS q ORDER BY 1);
    END IF;
    FOREACH name IN ARRAY coalesce(queues, '{}') LOOP
        -- Whoever marks the queue waits for us to commit, and then looks again; or has done so, and then we see the mark.
        PERFORM pg_advisory_xact_lock_shared(hashtext('@.idle'), hashtext(name));
        CONTINUE WHEN NOT EXISTS (SELECT 1 FROM @.idle i WHERE i.queue = name AND i.is_idle);
        PERFORM 1 FROM @.idle i WHERE i.queue = name AND i.is_idle FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE @.idle i SET is_idle = false WHERE i.queue = name;
            PERFORM pg_notify('@@', 'w' || name);
        END IF;
    END LOOP;
END $$;

-- Be told when there is work in queues that are not marked yet. The caller looks once more before it commits.
CREATE FUNCTION @.mark_idle(queues text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name text;
    is_new boolean := false;
BEGIN
    FOR name IN SELECT DISTINCT q FROM unnest(queues) AS q
                WHERE NOT EXISTS (SELECT 1 FROM @.idle i WHERE i.queue = q AND i.is_idle) ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(hashtext('@.idle'), hashtext(name));
        INSERT INTO @.idle VALUES (name, true) ON CONFLICT (queue) DO UPDATE SET is_idle = true;
        is_new := true;
    END LOOP;
    RETURN is_new;
END $$;

-- Jobs that are finished, or gone, give their unique names back.
CREATE FUNCTION @.give_names_back(ids text[], names text[], moment bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM @.unique_name u JOIN unnest(ids, names) AS g(id, name) ON u.name = g.name AND u.id = g.id
    ORDER BY u.name FOR UPDATE OF u;
    DELETE FROM @.unique_name u USING unnest(ids, names) AS g(id, name)
    WHERE u.name = g.name AND u.id = g.id AND u.until <= moment;
    UPDATE @.unique_name u SET is_finished = true FROM unnest(ids, names) AS g(id, name)
    WHERE u.name = g.name AND u.id = g.id;
END $$;

-- Finished jobs that are to stay no moment go: which they were.
CREATE FUNCTION @.drop_at_once(ids text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    dropped text[];
BEGIN
    IF NOT EXISTS (SELECT 1 FROM @.queue q WHERE q.keep_done < 0 OR q.keep_dead < 0) THEN
        RETURN NULL;
    END IF;
    WITH gone AS (
        DELETE FROM @.job j USING @.queue q
        WHERE j.id = ANY(ids) AND q.name = j.queue AND j.state + 0 >= 4
          AND CASE WHEN j.state = 5 THEN q.keep_dead ELSE q.keep_done END < 0
        RETURNING j.id, j.queue, j.state
    ), counted AS (
        INSERT INTO @.step (queue, done, dead, cancelled)
        SELECT queue, -count(*) FILTER (WHERE state = 4), -count(*) FILTER (WHERE state = 5), -count(*) FILTER (WHERE state = 6)
        FROM gone GROUP BY queue
    )
    SELECT array_agg(id) INTO dropped FROM gone;
    RETURN dropped;
END $$;

-- What follows from jobs being finished. Gives those that are gone by now.
CREATE FUNCTION @.see_off(ids text[], followed text[], named_ids text[], names text[], moment bigint) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT unnest(followed) LOOP
        PERFORM pg_notify('@@', 'f' || one);
    END LOOP;
    IF names IS NOT NULL THEN
        PERFORM @.give_names_back(named_ids, names, moment);
    END IF;
    RETURN @.drop_at_once(ids);
END $$;
