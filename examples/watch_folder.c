/*
 * Tell what happens below a folder, until Ctrl-C.
 *
 *         async for changes in awatch(folder):                   # Python, with watchfiles
 *                 for change, path in changes:
 *                         print(change, path)
 */
#include <eddy.h>
#include <stdio.h>

static void tell(const eddy_watch_event *event)
{
        const char *kind = event->what & EDDY_WATCH_DIRECTORY ? "folder" : "file";

        if (event->what & EDDY_WATCH_OVERFLOW)
                printf("too much happened at once\n");
        else if (event->what & EDDY_WATCH_GONE)
                printf("%s is gone\n", event->path);
        else if (event->what & EDDY_WATCH_CREATED)
                printf("new %s %s\n", kind, event->path);
        else if (event->what & EDDY_WATCH_WRITTEN)
                printf("written %s\n", event->path);
        else if (event->what & EDDY_WATCH_DELETED)
                printf("deleted %s %s\n", kind, event->path);
        else if (event->what & EDDY_WATCH_MOVED_FROM)
                printf("renamed %s %s\n", kind, event->path);
        else
                printf("... to %s\n", event->path);
        fflush(stdout);
}

static intptr_t follow(void *folder)
{
        eddy_watch *watch;
        eddy_watch_event event;
        int rc = eddy_watch_open(&watch);
        if (rc < 0)
                return rc;
        rc = eddy_watch_add_tree(watch, folder,
                                 EDDY_WATCH_CREATED | EDDY_WATCH_WRITTEN | EDDY_WATCH_DELETED |
                                     EDDY_WATCH_MOVED_FROM | EDDY_WATCH_MOVED_TO);
        if (rc > 0) {
                printf("watching %s\n", (char *)folder);
                fflush(stdout);
        }
        while (rc > 0) {
                rc = eddy_watch_next(watch, &event);
                if (rc > 0)
                        tell(&event);
                if (rc > 0 && event.what & EDDY_WATCH_GONE)
                        break;
        }
        eddy_watch_close(watch);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: watch_folder FOLDER\n");
                return 2;
        }
        intptr_t rc = eddy_run(follow, argv[1]);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "watch_folder: %s: %s\n", argv[1], eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
