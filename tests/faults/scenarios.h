/* Scenarios: each uses something that suspends, cleans up after itself, and returns 0 or why it could not. */
#ifndef TESTS_FAULTS_SCENARIOS_H
#define TESTS_FAULTS_SCENARIOS_H

#include <eddy.h>

struct scenario {
        const char *name;
        eddy_fn play;
};

enum { SCENARIO_COUNT = 28 };

extern const struct scenario scenarios[SCENARIO_COUNT];

#endif
