#include "base/spin.h"

#include "base/sys.h"

enum { LOOKS_A_CLOCK = 32, LARGEST_PENALTY = 1023 };

bool spin_until(struct spin *spin, bool (*has_news)(void *arg), void *arg, eddy_duration longest)
{
        eddy_time end;

        if (!spin->is_promising)
                return false;
        if (spin->skip > 0) {
                spin->skip--;
                return false;
        }
        end = eddy_now() + (longest < SPIN_LONGEST ? longest : SPIN_LONGEST);
        do {
                for (int i = 0; i < LOOKS_A_CLOCK; i++) {
                        if (has_news(arg)) {
                                spin->penalty = 0;
                                return true;
                        }
                        spin_pause();
                }
        } while (eddy_now() < end);
        spin->is_promising = false;
        if (spin->penalty < LARGEST_PENALTY)
                spin->penalty = 2 * spin->penalty + 1;
        spin->skip = spin->penalty;
        return false;
}

void spin_slept(struct spin *spin, eddy_duration slept, bool had_news)
{
        spin->is_promising = false;
        if (!had_news || slept >= SPIN_SHORT_SLEEP)
                return;
        if (!spin->processors)
                spin->processors = sys_processor_count();
        /* On a single one nobody can do anything for who spins. */
        spin->is_promising = spin->processors > 1;
}
