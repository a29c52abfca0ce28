/*
 * Hand an open file to somebody who could not open it: privileges at one end, work at the other. Here both ends
 * are coroutines of one program; in earnest they are two processes.
 *
 *         socket.send_fds(sock, [b"notes"], [file.fileno()])            # Python, blocking
 *         message, descriptors, flags, address = socket.recv_fds(sock, 64, 4)
 */
#include <eddy.h>
#include <stdio.h>
#include <unistd.h>

/** Receives a name and a descriptor, and prints what is in the file. */
static intptr_t worker(void *arg)
{
        char name[64], text[64];
        int file;
        size_t count = 1;
        ssize_t n = eddy_stream_receive_fds(arg, name, sizeof name, &file, &count);
        if (n < 0)
                return n;
        printf("got '%.*s' and %zu descriptor\n", (int)n, name, count);
        if (count == 0)
                return EDDY_EPROTOCOL;
        n = pread(file, text, sizeof text, 0);
        printf("it says: %.*s", n < 0 ? 0 : (int)n, text);
        close(file); /* ours since it came */
        return 0;
}

static int hand_over(eddy_stream *stream)
{
        FILE *file = tmpfile();
        if (!file)
                return -EMFILE;
        fputs("eddies are currents inside a stream\n", file);
        fflush(file);
        int fd = fileno(file);
        ssize_t n = eddy_stream_send_fds(stream, "notes", 5, &fd, 1);
        fclose(file); /* the worker has its own */
        return n < 0 ? (int)n : 0;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_stream *ends[2];
        int rc = eddy_stream_pair(ends);
        if (rc < 0)
                return rc;
        eddy_group group;
        eddy_group_open(&group);
        eddy_group_create_task(&group, worker, ends[1], NULL);
        rc = hand_over(ends[0]);
        eddy_stream_destroy(ends[0]);
        int outcome = eddy_group_close(&group);
        eddy_stream_destroy(ends[1]);
        return rc < 0 ? rc : outcome;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "pass_descriptor: %s\n", eddy_explain(rc));
        return rc < 0;
}
