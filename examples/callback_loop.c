/*
 * An event loop with callbacks only: begin to watch descriptors, and stop.
 *
 *         def can_read():                                        # asyncio
 *                 data = receiver.recv(64)
 *                 if not data:
 *                         loop.remove_reader(receiver)
 *                         loop.stop()
 *         ...
 *         loop.add_reader(receiver, can_read)
 *         loop.add_writer(sender, can_write)
 *         loop.run_forever()
 */
#include <eddy.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct talk {
        eddy_loop *loop;
        int receiver, sender; /* two ends of one socket pair */
        int sent;
};

static void can_write(void *arg)
{
        struct talk *talk = arg;
        char message[32];
        int n = snprintf(message, sizeof message, "message %d", ++talk->sent);
        if (send(talk->sender, message, (size_t)n, MSG_NOSIGNAL) < 0)
                perror("send");
        if (talk->sent == 3) {
                eddy_remove_writer(talk->loop, talk->sender);
                shutdown(talk->sender, SHUT_WR);
        }
}

static void can_read(void *arg)
{
        struct talk *talk = arg;
        char message[64];
        ssize_t n = recv(talk->receiver, message, sizeof message, 0);
        if (n > 0) {
                printf("received: %.*s\n", (int)n, message);
                return;
        }
        puts(n == 0 ? "the sender is done" : "the sender is lost");
        eddy_remove_reader(talk->loop, talk->receiver);
        eddy_loop_stop(talk->loop);
}

int main(void)
{
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0) {
                perror("socketpair");
                return 1;
        }

        struct talk talk = {.receiver = ends[0], .sender = ends[1]};
        int rc = eddy_loop_create(&talk.loop);
        if (rc == 0)
                rc = eddy_add_reader(talk.loop, talk.receiver, can_read, &talk);
        if (rc == 0)
                rc = eddy_add_writer(talk.loop, talk.sender, can_write, &talk);
        if (rc == 0)
                rc = eddy_loop_run_forever(talk.loop);
        if (rc < 0)
                fprintf(stderr, "callback_loop: %s\n", eddy_strerror(rc));

        eddy_loop_destroy(talk.loop);
        close(ends[0]);
        close(ends[1]);
        return rc < 0;
}
