-- Jobs into the store.

-- Claim a unique name for a job: NULL, or the id of whose it is.
CREATE FUNCTION @.claim(claimed text, by_id text, until_us bigint, moment bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    owner text;
BEGIN
    LOOP
        -- Nothing is locked that is there, so that nobody's long transaction keeps a worker from finishing its job.
        INSERT INTO @.unique_name (name, id, until) VALUES (claimed, by_id, until_us) ON CONFLICT (name) DO NOTHING;
        IF FOUND THEN
            RETURN NULL;
        END IF;
        SELECT u.id INTO owner FROM @.unique_name u
        WHERE u.name = claimed AND (NOT u.is_finished OR u.until > moment);
        IF FOUND THEN
            RETURN owner;
        END IF;
        UPDATE @.unique_name u SET id = by_id, until = until_us, is_finished = false
        WHERE u.name = claimed AND u.is_finished AND u.until <= moment;
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END LOOP;
END $$;

-- Add jobs, in their order. Each array has as many items as there are jobs. Durations are in nanoseconds; one of delays and
-- moments is 0. `within` is true in a transaction that does other things, too, and may take its time: then no turn of a key is
-- waited for, and whoever listens is told in any case. Gives for each whether it was there, and the id under which it is.
CREATE FUNCTION @.enqueue(
    ids text[], kinds text[], payloads bytea[], queues text[], keys text[], uniques text[], unique_fors bigint[],
    delays bigint[], moments bigint[], timeouts bigint[], backoffs bigint[], max_backoffs bigint[], priorities bigint[],
    attempt_counts bigint[], yields bigint[], within boolean, for_format bigint
) RETURNS TABLE (added_id text, was_there boolean) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    now_us bigint;
    count int := cardinality(ids);
    others text[] := array_fill(NULL::text, ARRAY[count]);
    has_keys boolean := array_remove(keys, NULL) <> '{}';
    has_names boolean := array_remove(uniques, NULL) <> '{}';
    inserted text[];
    name text;
    i int;
    due_us bigint;
    new_state int;
BEGIN
    SELECT @.now_us() INTO STRICT now_us FROM @.format f
    WHERE f.version = for_format AND (within OR current_setting('transaction_isolation') = 'read committed');
    IF has_names THEN
        -- By name, so that two who want the same ones do not wait for each other.
        FOR i IN SELECT t.n FROM unnest(uniques) WITH ORDINALITY AS t(uniq, n) WHERE t.uniq IS NOT NULL ORDER BY t.uniq COLLATE "C", t.n LOOP
            -- Its own id says that it was there. It may be gone by now, while its name is still its own.
            IF EXISTS (SELECT 1 FROM @.job j WHERE j.id = ids[i]) THEN
                others[i] := ids[i];
            ELSE
                others[i] := @.claim(uniques[i], ids[i], now_us + unique_fors[i] / 1000, now_us);
            END IF;
        END LOOP;
    END IF;
    IF count = 1 THEN -- the same as below, at half of its price
        IF others[1] IS NULL THEN
            due_us := CASE WHEN moments[1] > now_us THEN moments[1] ELSE @.later(now_us, delays[1]) END;
            new_state := CASE WHEN due_us > now_us THEN 0 WHEN has_keys THEN 1 ELSE 2 END;
            INSERT INTO @.job (id, kind, payload, queue, key, unique_name, created, due, timeout, backoff, max_backoff, priority,
                               attempts, yields_key, state)
            VALUES (ids[1], kinds[1], payloads[1], queues[1], keys[1], uniques[1], now_us, due_us, timeouts[1], backoffs[1], max_backoffs[1],
                    priorities[1], attempt_counts[1], yields[1] <> 0, new_state)
            ON CONFLICT (id) DO NOTHING;
        END IF;
        IF FOUND AND new_state IS NOT NULL THEN
            INSERT INTO @.step (queue, scheduled, held, ready)
            VALUES (queues[1], (new_state = 0)::int, (new_state = 1)::int, (new_state = 2)::int);
            inserted := ids;
        END IF;
    ELSE
        WITH given AS (
            SELECT *, CASE WHEN t.moment > now_us THEN t.moment ELSE @.later(now_us, t.delay) END AS due
            FROM unnest(ids, kinds, payloads, queues, keys, uniques, delays, moments, timeouts, backoffs, max_backoffs, priorities,
                        attempt_counts, yields, others) WITH ORDINALITY
                AS t(id, kind, payload, queue, key, uniq, delay, moment, timeout, backoff, max_backoff, priority, attempts, yields,
                     other, n)
        ), added AS (
            INSERT INTO @.job (id, kind, payload, queue, key, unique_name, created, due, timeout, backoff, max_backoff, priority,
                               attempts, yields_key, state)
            SELECT g.id, g.kind, g.payload, g.queue, g.key, g.uniq, now_us, g.due, g.timeout, g.backoff, g.max_backoff, g.priority,
                   g.attempts, g.yields <> 0,
                   CASE WHEN g.due > now_us THEN 0 WHEN g.key IS NOT NULL THEN 1 ELSE 2 END
            FROM given g WHERE g.other IS NULL ORDER BY g.n
            ON CONFLICT (id) DO NOTHING
            RETURNING job.id, job.queue, job.state
        ), counted AS (
            INSERT INTO @.step (queue, scheduled, held, ready)
            SELECT a.queue, count(*) FILTER (WHERE a.state = 0), count(*) FILTER (WHERE a.state = 1),
                   count(*) FILTER (WHERE a.state = 2)
            FROM added a GROUP BY a.queue
        )
        SELECT array_agg(a.id) INTO inserted FROM added a;
    END IF;
    IF has_names THEN -- what was claimed for a job that was there, or came twice, under another name
        DELETE FROM @.unique_name u USING unnest(ids, uniques, others) AS t(id, uniq, other)
        WHERE t.other IS NULL AND u.name = t.uniq AND u.id = t.id
          AND NOT EXISTS (SELECT 1 FROM @.job j WHERE j.id = t.id AND j.unique_name = t.uniq);
    END IF;
    IF within THEN
        INSERT INTO @.arrived SELECT DISTINCT k FROM unnest(keys) AS k WHERE k IS NOT NULL;
        FOR name IN SELECT DISTINCT q FROM unnest(queues) AS q LOOP
            PERFORM pg_notify('@@', 'w' || name);
        END LOOP;
    ELSE
        IF has_keys THEN
            -- Not before: what is above may wait for somebody's transaction, and turns would wait for the keys.
            PERFORM @.lock_keys(keys);
            PERFORM @.pass_on(keys, true);
        END IF;
        PERFORM @.wake(queues);
    END IF;
    IF inserted IS NOT NULL AND count = 1 THEN
        added_id := ids[1];
        was_there := false;
        RETURN NEXT;
        RETURN;
    ELSIF cardinality(inserted) = count THEN
        RETURN QUERY SELECT id, false FROM unnest(ids) AS id;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT coalesce(t.other, t.id),
               t.other IS NOT NULL OR i.id IS NULL OR row_number() OVER (PARTITION BY t.id ORDER BY t.n) > 1
        FROM unnest(ids, others) WITH ORDINALITY AS t(id, other, n) LEFT JOIN unnest(inserted) AS i(id) ON i.id = t.id
        ORDER BY t.n;
END $$;
