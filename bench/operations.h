/* What the programs of instructions.py share: each performs one operation so often as it is told.
 *
 *         eddy_operations NAME COUNT
 *
 * The difference between two counts is what operations cost, without what starting and ending a program does. */
#ifndef EDDY_BENCH_OPERATIONS_H
#define EDDY_BENCH_OPERATIONS_H

#include <eddy.h>
#include <stdlib.h>
#include <string.h>

/** One operation and how to perform it, in a coroutine; 0 or an error. */
struct operation {
        const char *name;
        int (*perform)(long count);
};

struct operation_request {
        const struct operation *operation;
        long count;
};

static inline intptr_t operation_perform(void *arg)
{
        const struct operation_request *request = arg;

        return request->operation->perform(request->count);
}

/** What main() is to return. The last of the operations has no name. */
static inline int operations_main(int argc, char **argv, const struct operation *operations)
{
        struct operation_request request = {operations, argc == 3 ? atol(argv[2]) : -1};

        while (request.count >= 0 && request.operation->name && strcmp(request.operation->name, argv[1]) != 0)
                request.operation++;
        if (request.count < 0 || !request.operation->name) {
                fprintf(stderr, "usage: %s NAME COUNT\n", argv[0]);
                return 2;
        }
        intptr_t rc = eddy_run(operation_perform, &request);
        if (rc < 0)
                fprintf(stderr, "%s: %s\n", argv[1], eddy_explain(rc));
        return rc < 0;
}

#endif
