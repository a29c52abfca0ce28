/* What the programs that feed random input share: the input as numbers, how to fail, random numbers, and a main() where there is no
 * libFuzzer's, unless the program has HAS_OWN_MAIN. The program defines LLVMFuzzerTestOneInput(). */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <eddy/error.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static unsigned long seed;

static inline _Noreturn void fail(const char *what, long number)
{
        fprintf(stderr, "fuzz: seed %lu: %s (%ld)\n", seed, what, number);
        abort();
}

/* The input: numbers, and 0 where there are no more. */

static const unsigned char *input;
static size_t input_left;

static inline void begin_input(const unsigned char *data, size_t n)
{
        input = data;
        input_left = n;
}

static inline unsigned draw(unsigned below)
{
        if (input_left == 0)
                return 0;
        input_left--;
        return *input++ % below;
}

#ifndef HAS_FUZZER_MAIN
/** The next random number (splitmix64). */
static inline uint64_t next_random(uint64_t *state)
{
        uint64_t z = *state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}
#endif

#if !defined HAS_FUZZER_MAIN && !defined HAS_OWN_MAIN
int main(int argc, char **argv)
{
        enum { MOST_INPUT = 512 };
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
        unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

        for (seed = first; seed < first + count; seed++) {
                unsigned char data[MOST_INPUT];
                uint64_t state = seed;

                for (size_t i = 0; i < sizeof data; i++)
                        data[i] = (unsigned char)next_random(&state);
                LLVMFuzzerTestOneInput(data, sizeof data);
        }
        printf("%lu inputs from seed %lu on\n", count, first);
        return 0;
}
#endif

#endif
