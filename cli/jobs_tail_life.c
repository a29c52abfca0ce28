/* eddy jobs tail: what a job's life comes to in events. */
#include "jobs_tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where a job's life is gone through. */
struct walk {
        struct tail_events *events;
        const eddy_job_info *info;
        eddy_job_time told; /* up to this moment it has been told of, */
        size_t told_at;     /* and of that moment so many things */
        eddy_job_time newest;
        size_t at_newest;
        size_t at_told;
        bool has_begun; /* a line says when the last attempt began */
};

static struct tail_event *add(struct tail_events *events, const char *id, const char *kind, const char *queue,
                              size_t text_size)
{
        struct tail_event *event = calloc(1, sizeof *event + text_size + 1);

        if (events->count == events->room) {
                size_t room = events->room ? 2 * events->room : 64;
                struct tail_event **more = realloc(events->events, room * sizeof(struct tail_event *));
                if (more) {
                        events->events = more;
                        events->room = room;
                }
        }
        if (!event || events->count == events->room) {
                free(event);
                events->rc = -ENOMEM;
                return NULL;
        }
        snprintf(event->id, sizeof event->id, "%s", id);
        snprintf(event->kind, sizeof event->kind, "%s", kind);
        snprintf(event->queue, sizeof event->queue, "%s", queue);
        event->progress = -1;
        event->order = events->count;
        events->events[events->count++] = event;
        return event;
}

/* Whether the next thing of the life is to be told. */
static bool is_new(struct walk *walk, eddy_job_time moment)
{
        if (moment > walk->newest)
                walk->at_newest = 0;
        if (moment >= walk->newest) {
                walk->newest = moment;
                walk->at_newest++;
        }
        if (moment == walk->told)
                return ++walk->at_told > walk->told_at;
        return moment > walk->told;
}

static void take(struct walk *walk, eddy_job_time moment, const char *what, int attempt, const char *text,
                 size_t n)
{
        const eddy_job_info *info = walk->info;
        struct tail_event *event;

        if (moment <= 0 || !is_new(walk, moment))
                return;
        event = add(walk->events, info->id, info->kind, info->queue, n);
        if (!event)
                return;
        event->moment = moment;
        event->what = what;
        event->attempt = attempt;
        memcpy(event->text, text, n);
}

static bool is_word(const char *word, const char *what, size_t n)
{
        return strlen(word) == n && memcmp(word, what, n) == 0;
}

static const char *name_of(const char *what, size_t n)
{
        static const char *const names[] = {"failed", "lost", "log", "retried", "snoozed", "returned"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (is_word(names[i], what, n))
                        return names[i];
        return is_word("began", what, n) ? "begun" : NULL;
}

/* That somebody cancelled it: NULL where that was its end, which is told besides. */
static const char *name_cancelling(const eddy_job_info *info, eddy_job_time moment)
{
        if (info->state == EDDY_JOB_CANCELLED)
                return moment == info->finished ? NULL : "cancelling";
        return info->is_cancelling ? "cancelling" : "cancelled";
}

/* "MICROSECONDS ATTEMPT WHAT TEXT". */
static void take_line(struct walk *walk, const char *line, const char *end)
{
        char *at;
        eddy_job_time moment = strtoll(line, &at, 10);
        int attempt = at < end ? (int)strtol(at, &at, 10) : 0;
        const char *what = at + (at < end && *at == ' '), *words = what, *name;

        while (words < end && *words != ' ')
                words++;
        name = name_of(what, (size_t)(words - what));
        if (is_word("cancelled", what, (size_t)(words - what)))
                name = name_cancelling(walk->info, moment);
        walk->has_begun |= moment == walk->info->started && is_word("began", what, (size_t)(words - what));
        if (name)
                take(walk, moment, name, attempt, words + (words < end), (size_t)(end - words) - (words < end));
}

/* The last attempt has a line only once it said something or ended otherwise than done. What was snoozed or returned has one, which says
 * what attempt that was: the job itself has been given it back. */
static void take_begin(struct walk *walk)
{
        const eddy_job_info *info = walk->info;
        const char *worker = info->worker ? info->worker : "";

        if (!walk->has_begun)
                take(walk, info->started, "begun", info->attempt, worker, strlen(worker));
}

static void take_life(struct walk *walk)
{
        const eddy_job_info *info = walk->info;

        take(walk, info->created, "enqueued", 0, "", 0);
        for (const char *line = info->history, *end; (end = strchr(line, '\n')); line = end + 1)
                take_line(walk, line, end);
        take_begin(walk);
        if (info->state >= EDDY_JOB_DONE)
                take(walk, info->finished, eddy_job_state_name(info->state), info->attempt, "", 0);
}

static void take_progress(struct tail_events *events, struct tail_seen *seen, const eddy_job_info *info)
{
        uint64_t note = tail_digest(info->note);
        bool has_changed =
            info->progress > seen->progress || info->progress < seen->progress || note != seen->note;
        const char *text = info->note ? info->note : "";
        struct tail_event *event;

        seen->progress = info->progress;
        seen->note = note;
        if (!has_changed || info->state != EDDY_JOB_RUNNING)
                return;
        event = add(events, info->id, info->kind, info->queue, strlen(text));
        if (!event)
                return;
        event->moment = TAIL_NOW;
        event->what = "progress";
        event->attempt = info->attempt;
        event->progress = info->progress;
        strcpy(event->text, text);
}

void tail_take(struct tail_events *events, struct tail_seen *seen, const eddy_job_info *info,
               eddy_job_time since)
{
        struct walk walk = {
            .events = events,
            .info = info,
            .told = seen->moment ? seen->moment : since,
            .told_at = seen->moment ? seen->at_moment : SIZE_MAX,
        };

        take_life(&walk);
        take_progress(events, seen, info);
        seen->moment = walk.newest;
        seen->at_moment = walk.at_newest;
        seen->is_running = info->state == EDDY_JOB_RUNNING;
}

void tail_take_end(struct tail_events *events, const struct tail_seen *seen)
{
        struct tail_event *event = add(events, seen->id, seen->kind, seen->queue, 0);

        if (!event)
                return;
        event->moment = TAIL_NOW;
        event->what = "gone";
}

static int compare(const void *first, const void *second)
{
        const struct tail_event *a = *(struct tail_event *const *)first,
                                *b = *(struct tail_event *const *)second;

        if (a->moment != b->moment)
                return a->moment < b->moment ? -1 : 1;
        return a->order < b->order ? -1 : 1;
}

void tail_sort(struct tail_events *events)
{
        if (events->count > 1)
                qsort(events->events, events->count, sizeof(struct tail_event *), compare);
}

void tail_clear(struct tail_events *events)
{
        for (size_t i = 0; i < events->count; i++)
                free(events->events[i]);
        free(events->events);
        *events = (struct tail_events){.count = 0};
}
