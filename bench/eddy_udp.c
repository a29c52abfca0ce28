/* eddy in the UDP row: a server written as its users would who have much to answer. Prints its port and serves until
 * killed. */
#include "eddy_bench.h"

enum { BATCH = 64, LARGEST = 2048 };

static int echo(eddy_datagram *datagram)
{
        static char data[BATCH][LARGEST];
        static eddy_message messages[BATCH];

        for (int i = 0; i < BATCH; i++)
                messages[i] = (eddy_message){.data = data[i], .room = LARGEST};
        for (;;) {
                ssize_t n = eddy_datagram_receive_many(datagram, messages, BATCH);

                if (n > 0)
                        n = eddy_datagram_send_many(datagram, messages, (size_t)n);
                if (n < 0)
                        return (int)n;
        }
}

static intptr_t app(void *arg)
{
        eddy_datagram *datagram;
        eddy_address address;
        int rc = eddy_open_datagram(&datagram, &(eddy_datagram_options){.local_host = "127.0.0.1"});

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_address_of_socket(&address, eddy_datagram_fd(datagram));
        if (rc == 0) {
                bench_port(eddy_address_port(&address));
                rc = echo(datagram);
        }
        eddy_datagram_destroy(datagram);
        return rc;
}

int main(void)
{
        return bench_run(app, NULL);
}
