/* The seam by which a test makes the Nth use of the system fail: every allocation and system call of src/ asks
 * here first. Outside the test build it costs nothing. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

#ifdef EDDY_FAULTS

#include <eddy/base.h>

/** Count one use; true where it is the one that is to fail. */
bool fault_fires(const char *what);

/** Make use number `nth` from now on fail (1: the next one), and `count - 1` after it; 0: none. */
EDDY_API void fault_arm(unsigned long nth, unsigned long count);

/** Have a function of the test's decide which uses fail, besides. It is called in whichever thread uses the system, and may
 * make that wait; NULL: none. */
EDDY_API void fault_script(bool (*script)(const char *what));

/** How many uses there have been since fault_arm(). */
EDDY_API unsigned long fault_uses(void);

#else

static inline bool fault_fires(const char *what)
{
        (void)what;
        return false;
}

#endif

#endif
