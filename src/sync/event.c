#include "sync/waitlist.h"

void eddy_event_init(eddy_event *event)
{
        *event = (eddy_event)EDDY_EVENT_INIT;
}

void eddy_event_finish(eddy_event *event)
{
        event->is_set = false;
        waitlist_finish(&event->waiters);
}

int eddy_event_set(eddy_event *event)
{
        int rc = waitlist_check(&event->waiters);

        if (rc < 0)
                return rc;
        event->is_set = true;
        waitlist_wake_all(&event->waiters, 0);
        return 0;
}

int eddy_event_clear(eddy_event *event)
{
        int rc = waitlist_check(&event->waiters);

        if (rc == 0)
                event->is_set = false;
        return rc;
}

bool eddy_event_is_set(const eddy_event *event)
{
        return event->is_set;
}

int eddy_event_wait(eddy_event *event)
{
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        rc = waitlist_check(&event->waiters);
        if (rc < 0 || event->is_set)
                return rc;
        return waitlist_wait(&event->waiters, self);
}
