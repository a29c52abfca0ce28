-- The functions of any format go, before those of this one are made. Where something of somebody else's depends on one this fails.
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE n.nspname = '@@' AND p.proname = ANY ('{
        act,answer,answer_before,begin_line,begun_in,cancel,cancel_job,check_format,claim,count_change,discard,discard_job,drop_at_once,enqueue,
        fire_cron,first_allowed,first_moments,fold,fold_tally,follow,forget,give_names_back,later,line_count,lock_job,lock_keys,lock_turns,
        log_lines,look_at_crons,mark_idle,may_read,move_due,move_ended,note_begun,now_us,pass_on,queues,remember,remove_cron,renew,retry,
        retry_job,room_in,see_off,set_cron,set_queue,settle,slot_width,spend,sweep,turn,wake}') LOOP
        EXECUTE 'DROP FUNCTION ' || one;
    END LOOP;
END $$;
