/* Processes started by a parent of some size: what the contestants written in C share. */
#ifndef EDDY_BENCH_RESIDENT_H
#define EDDY_BENCH_RESIDENT_H

#include "bench.h"

enum { RESIDENT_SPAWNS = 300 };

static const struct resident_row {
        const char *name;
        size_t bytes;
} resident_rows[] = {
    {"spawn_process_10mb", (size_t)10 << 20},
    {"spawn_process_2gb", (size_t)2 << 30},
};

/** Run the rows that are asked for, each with so much memory touched: 0, or -1 where one fails.
 *
 * @param spawn_and_wait  starts /bin/true so many times, and waits for each; 0 or -1
 */
static int resident_run(int argc, char **argv, int (*spawn_and_wait)(int count))
{
        for (size_t i = 0; i < sizeof resident_rows / sizeof resident_rows[0]; i++) {
                const struct resident_row *row = &resident_rows[i];
                char *memory;
                double start;

                if (!bench_wants(argc, argv, row->name))
                        continue;
                memory = malloc(row->bytes);
                if (!memory)
                        return -1;
                memset(memory, 1, row->bytes);
                start = bench_now();
                if (spawn_and_wait(RESIDENT_SPAWNS) < 0)
                        return -1;
                bench_figure(row->name, (bench_now() - start) * 1e6 / RESIDENT_SPAWNS, "us");
                free(memory);
        }
        return 0;
}

#endif
