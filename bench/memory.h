/* What /proc knows about the memory of this process. */
#ifndef EDDY_BENCH_MEMORY_H
#define EDDY_BENCH_MEMORY_H

#include <stdio.h>

/** In bytes and mappings. */
typedef struct memory {
        double resident, page_tables;
        long mappings;
} memory;

static memory memory_now(void)
{
        memory now = {0};
        char line[512];
        long kib;

        FILE *status = fopen("/proc/self/status", "r");
        while (status && fgets(line, sizeof line, status)) {
                if (sscanf(line, "VmRSS: %ld", &kib) == 1)
                        now.resident = (double)kib * 1024;
                else if (sscanf(line, "VmPTE: %ld", &kib) == 1)
                        now.page_tables = (double)kib * 1024;
        }
        if (status)
                fclose(status);

        FILE *maps = fopen("/proc/self/maps", "r");
        while (maps && fgets(line, sizeof line, maps))
                now.mappings++;
        if (maps)
                fclose(maps);
        return now;
}

#endif
