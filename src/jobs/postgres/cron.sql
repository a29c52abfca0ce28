-- Schedules.

-- Those there are, of this name where it is not NULL; with only_due those whose time has come, the longest ago first. One row without a name
-- where there are none, so that its first two columns are always there.
CREATE FUNCTION @.look_at_crons(of_name text, only_due boolean, for_format bigint) RETURNS TABLE (
    now_us bigint, soonest bigint, name text, definition bytea, digest bigint, next bigint, last bigint
) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    moment bigint;
BEGIN
    SELECT @.now_us() INTO STRICT moment FROM @.format f WHERE f.version = for_format;
    IF only_due THEN
        RETURN QUERY
        SELECT moment, (SELECT min(s.next) FROM @.cron s WHERE s.next > moment), c.name, c.definition, c.digest, c.next, c.last
        FROM (SELECT 1) one LEFT JOIN @.cron c ON c.next <= moment AND (of_name IS NULL OR c.name = of_name) ORDER BY c.next;
    ELSE
        RETURN QUERY
        SELECT moment, NULL::bigint, c.name, c.definition, c.digest, c.next, c.last
        FROM (SELECT 1) one LEFT JOIN @.cron c ON of_name IS NULL OR c.name = of_name;
    END IF;
END $$;

CREATE FUNCTION @.set_cron(of_name text, new_definition bytea, new_digest bigint, new_next bigint, keeps_next boolean, for_format bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @.check_format(for_format);
    INSERT INTO @.cron AS c (name, definition, digest, next) VALUES (of_name, new_definition, new_digest, new_next)
    ON CONFLICT (name) DO UPDATE SET definition = new_definition, digest = new_digest,
        next = CASE WHEN keeps_next THEN c.next ELSE new_next END
    WHERE c.digest <> new_digest;
    IF FOUND THEN
        PERFORM pg_notify('@@', 's');
    END IF;
    RETURN 0;
END $$;

-- 0, or 2: there is none. `token` is as of act().
CREATE FUNCTION @.remove_cron(of_name text, token bigint, for_format bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @.check_format(for_format);
    DELETE FROM @.cron c WHERE c.name = of_name;
    IF FOUND THEN
        RETURN @.answer(token, 0);
    END IF;
    RETURN coalesce(@.answer_before(token), 2);
END $$;

-- A schedule's time has come: one of this digest and this `next` gets `later` and `last`, and a job or none is added as by enqueue(). 1, or 0: it
-- is another one, or somebody was faster.
CREATE FUNCTION @.fire_cron(
    of_name text, of_digest bigint, of_next bigint, later bigint, new_last bigint,
    ids text[], kinds text[], payloads bytea[], queues text[], keys text[], uniques text[], unique_fors bigint[],
    delays bigint[], moments bigint[], timeouts bigint[], backoffs bigint[], max_backoffs bigint[], priorities bigint[],
    attempt_counts bigint[], yields bigint[], within boolean, for_format bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @.check_format(for_format);
    UPDATE @.cron c SET next = later, last = new_last WHERE c.name = of_name AND c.digest = of_digest AND c.next = of_next;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF cardinality(ids) > 0 THEN
        PERFORM @.enqueue(ids, kinds, payloads, queues, keys, uniques, unique_fors, delays, moments, timeouts, backoffs, max_backoffs,
                          priorities, attempt_counts, yields, within, for_format);
    END IF;
    RETURN 1;
END $$;
