/* A loop that is run turn by turn, after which no descriptor is left. */
#ifndef TESTS_NET_HELPERS_STAGE_H
#define TESTS_NET_HELPERS_STAGE_H

#include "../stream/helpers.h"
#include "../stream/helpers_resolve.h"
#include "../testing.h"

#define run_until(loop, condition)                                                                             \
        while (!(condition))                                                                                   \
        run_once(loop)

/** A loop, and how many descriptors there were without it. */
struct stage {
        eddy_loop *loop;
        unsigned before;
};

static inline void open_stage(struct stage *stage)
{
        settle_gate();
        stage->before = count_descriptors();
        stage->loop = new_loop();
}

static inline void close_stage(struct stage *stage)
{
        eddy_loop_destroy(stage->loop);
        settle_gate();
        assert_int_equal(count_descriptors(), stage->before);
}

#endif
