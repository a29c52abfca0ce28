/* Where events were lost, or a path leads elsewhere than it did: what is watched is compared with what is there. That is
 * done when nothing more waits to be told, since what does may explain the rest. */
#include "file/watch.h"

void recheck_begin(eddy_watch *watch)
{
        watch->round++;
        watch->must_sweep = watch->must_check = watch->has_lost = true;
        for (eddy_link *link = watch->roots.next; link != &watch->roots; link = link->next)
                container_of(link, struct place, link)->must_check = true;
        place_scan_all(watch);
}

void recheck_root(eddy_watch *watch, struct place *root)
{
        int number = place_number_at(watch, root->name);
        bool is_lost = number != root->number && number != -ENOSPC && number != -ENOMEM;

        /* While it was, what was new in it could not be found. */
        if (root->is_lost && !is_lost)
                place_scan_all(watch);
        root->is_lost = is_lost;
}

/** See whether what was added is where it was added: 1 where the user has to know, 0 or -ENOMEM. */
static int check_root(eddy_watch *watch, struct place *root, eddy_watch_event *event)
{
        bool was_lost = root->is_lost;
        int rc = 0;

        recheck_root(watch, root);
        if (root->is_lost && !was_lost) {
                /* Its end may be among what was lost. */
                rc = place_describe(watch, root, "", watch->has_lost ? EDDY_WATCH_GONE : EDDY_WATCH_MOVED_SELF,
                                    event);
                root->is_lost = rc > 0;
        }
        if (rc < 0)
                return rc;
        root->must_check = false;
        if (rc > 0 && watch->has_lost)
                place_forget(watch, root);
        return rc;
}

static int check_roots(eddy_watch *watch, eddy_watch_event *event)
{
        for (eddy_link *link = watch->roots.next, *next; link != &watch->roots; link = next) {
                struct place *root = container_of(link, struct place, link);
                int rc;

                next = link->next;
                if (!root->must_check)
                        continue;
                rc = check_root(watch, root, event);
                if (rc != 0)
                        return rc;
        }
        watch->must_check = watch->has_lost = false;
        return 0;
}

/** A folder below one that was seen, and not seen itself; NULL: there is none. */
static struct place *find_unseen(const eddy_watch *watch)
{
        for (size_t i = 0; i < watch->place_count; i++) {
                struct place *place = watch->places[i];

                if (place->parent && place->round != watch->round &&
                    (!place->parent->parent || place->parent->round == watch->round))
                        return place;
        }
        return NULL;
}

static int sweep(eddy_watch *watch, eddy_watch_event *event)
{
        struct place *place;

        while ((place = find_unseen(watch))) {
                bool is_asked_for = place->what & EDDY_WATCH_DELETED;
                int rc = is_asked_for ? place_describe(watch, place->parent, place->name,
                                                       EDDY_WATCH_DELETED | EDDY_WATCH_DIRECTORY, event)
                                      : 0;

                if (rc >= 0)
                        place_forget(watch, place);
                if (rc != 0)
                        return rc;
        }
        watch->must_sweep = false;
        return 0;
}

int recheck_next(eddy_watch *watch, eddy_watch_event *event)
{
        int rc = watch->must_check ? check_roots(watch, event) : 0;

        return rc == 0 && watch->must_sweep ? sweep(watch, event) : rc;
}
