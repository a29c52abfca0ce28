/* How long answers took, and what a load says of that. */
#ifndef EDDY_BENCH_LATENCY_H
#define EDDY_BENCH_LATENCY_H

#include "bench.h"
#include <math.h>

struct latencies {
        double *each; /* seconds */
        size_t count, room;
};

static inline void latency_add(struct latencies *all, double seconds)
{
        if (all->count == all->room) {
                all->room = all->room ? 2 * all->room : 1 << 16;
                all->each = realloc(all->each, all->room * sizeof *all->each);
                if (!all->each) {
                        perror("realloc");
                        exit(1);
                }
        }
        all->each[all->count++] = seconds;
}

static inline int latency_compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

/** The smallest latency that so large a part of all does not exceed. */
static inline double latency_percentile(const struct latencies *all, double part)
{
        return all->each[(size_t)ceil(part * (double)all->count) - 1];
}

/** Print the mean and what only half, one in a hundred and one in a thousand exceed; then forget them. */
static inline void latency_print(struct latencies *all)
{
        double sum = 0;

        if (all->count == 0)
                return;
        qsort(all->each, all->count, sizeof *all->each, latency_compare);
        for (size_t i = 0; i < all->count; i++)
                sum += all->each[i];
        printf("mean_us %.3f\n", sum * 1e6 / (double)all->count);
        printf("p50_us %.3f\np99_us %.3f\np999_us %.3f\n", latency_percentile(all, 0.5) * 1e6,
               latency_percentile(all, 0.99) * 1e6, latency_percentile(all, 0.999) * 1e6);
        all->count = 0;
}

#endif
