/* Counts uses of the system and makes some fail; part of the test build only. Programs that know nothing of it
 * are steered from outside: EDDY_FAULT=N fails their Nth use, EDDY_FAULT_REPORT=FILE tells how many there were
 * and which one failed. */
#include "base/fault.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong uses, first = 0, last = 0;
static const char *_Atomic failed;
static bool (*_Atomic script)(const char *what);

bool fault_fires(const char *what)
{
        unsigned long use = atomic_fetch_add(&uses, 1) + 1;
        bool (*decide)(const char *what) = atomic_load(&script);

        if (decide && decide(what))
                return true;
        if (use < atomic_load(&first) || use >= atomic_load(&last))
                return false;
        atomic_store(&failed, what);
        return true;
}

void fault_arm(unsigned long nth, unsigned long count)
{
        atomic_store(&uses, 0);
        atomic_store(&first, nth);
        atomic_store(&last, nth ? nth + count : 0);
}

void fault_script(bool (*decide)(const char *what))
{
        atomic_store(&script, decide);
}

unsigned long fault_uses(void)
{
        return atomic_load(&uses);
}

static void report(void)
{
        const char *path = getenv("EDDY_FAULT_REPORT"), *what = atomic_load(&failed);
        FILE *file = path ? fopen(path, "w") : NULL;

        if (!file)
                return;
        fprintf(file, "%lu %s\n", fault_uses(), what ? what : "-");
        fclose(file);
}

__attribute__((constructor)) static void arm_from_environment(void)
{
        const char *nth = getenv("EDDY_FAULT");

        if (nth)
                fault_arm(strtoul(nth, NULL, 10), 1);
        atexit(report);
}
