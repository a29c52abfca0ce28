/* Operations that tell of their end, for the tests of operations. */
#ifndef TESTS_LOOP_OPERATIONS_H
#define TESTS_LOOP_OPERATIONS_H

#include "testing.h"
#include <sys/socket.h>
#include <unistd.h>

/** An operation that tells of its end. */
struct request {
        eddy_op op;
        char letter;
        bool is_done;
        char buffer[64];
};

/** A loop and two sockets connected to each other. */
struct world {
        eddy_loop *loop;
        int ends[2];
        struct request requests[4]; /* a to d */
};

static inline void done(void *arg)
{
        struct request *request = arg;

        request->is_done = true;
        trail_add(request->letter);
}

static inline void prepare(struct world *world)
{
        for (int i = 0; i < 4; i++) {
                world->requests[i] = (struct request){.letter = (char)('a' + i)};
                eddy_op_init(&world->requests[i].op, world->loop, done, &world->requests[i]);
        }
}

static inline struct world *open_world(int type)
{
        struct world *world = test_calloc(1, sizeof *world);

        trail_clear();
        world->loop = new_loop();
        assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, world->ends), 0);
        prepare(world);
        return world;
}

static inline void close_world(struct world *world)
{
        eddy_op op;

        eddy_op_init(&op, world->loop, NULL, NULL);
        for (int i = 0; i < 2; i++)
                if (world->ends[i] >= 0)
                        assert_int_equal(eddy_op_close(&op, world->ends[i]), 0);
        eddy_loop_destroy(world->loop);
        test_free(world);
}

static inline ssize_t begin_recv(struct world *world, int i, size_t size)
{
        struct request *request = &world->requests[i];

        request->is_done = false;
        memset(request->buffer, 0, sizeof request->buffer);
        return eddy_op_recv(&request->op, world->ends[0], request->buffer, size, 0);
}

static inline void put(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

/** Run the loop until an operation has ended. */
static inline ssize_t finish(struct world *world, struct request *request)
{
        for (int i = 0; i < 1000 && !request->is_done; i++)
                run_once(world->loop);
        assert_true(request->is_done);
        return request->op.result;
}

#endif
