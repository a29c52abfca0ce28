/*
 * Which TCP ports of a host are open: port_scanner HOST FIRST LAST (a numeric HOST saves a look-up a port)
 *
 * A hundred workers share one counter: what asyncio does with a semaphore around each of 65,536 tasks needs
 * here no lock and a hundred stacks.
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 100

struct scan {
        const char *host;
        int next, last;
        bool open[65536];
};

static intptr_t worker(void *arg)
{
        struct scan *scan = arg;
        while (scan->next <= scan->last) {
                int port = scan->next++;
                eddy_stream *stream;
                int rc;
                EDDY_TIMEOUT_SCOPE(eddy_seconds(1))
                        rc = eddy_open_connection(&stream, scan->host, (uint16_t)port, NULL);
                switch (rc) {
                case 0:
                        scan->open[port] = true;
                        eddy_stream_destroy(stream);
                        break;
                case -ECONNREFUSED:
                case EDDY_TIMEOUT:
                case -ETIMEDOUT: /* the kernel gave up sooner than we did */
                        break;
                default: /* no such host, no descriptors left, cancelled: it makes no sense to go on */
                        return rc;
                }
        }
        return 0;
}

static intptr_t app(void *arg)
{
        struct scan *scan = arg;
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < WORKERS && i <= scan->last - scan->next; i++)
                eddy_group_create_task(&group, worker, scan, NULL);
        return eddy_group_close(&group);
}

int main(int argc, char **argv)
{
        static struct scan scan;
        if (argc == 4) {
                scan.host = argv[1];
                scan.next = atoi(argv[2]);
                scan.last = atoi(argv[3]);
        }
        if (scan.next < 1 || scan.last > 65535) {
                fprintf(stderr, "usage: %s HOST FIRST LAST\n", argv[0]);
                return 2;
        }

        int first = scan.next;
        intptr_t rc = eddy_run(app, &scan);
        for (int port = first; port <= scan.last; port++)
                if (scan.open[port])
                        printf("%d is open\n", port);
        if (rc < 0)
                fprintf(stderr, "port_scanner: %s\n", eddy_strerror(rc));
        return rc < 0;
}
