/*
 * Generators: one that yields numbers, one that is sent numbers and yields their mean. They need no loop.
 *
 *         def fibonacci(limit):                                  # Python
 *             a, b = 0, 1
 *             while a < limit:
 *                 yield a
 *                 a, b = b, a + b
 *
 *         def average():
 *             total = count = 0
 *             mean = None
 *             while True:
 *                 total += yield mean
 *                 count += 1
 *                 mean = total // count
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t fibonacci(eddy_generator *self, void *arg)
{
        intptr_t limit = *(int *)arg;
        for (intptr_t a = 0, b = 1, sum; a < limit; a = b, b = sum) {
                int rc = eddy_generator_yield(self, a, NULL);
                if (rc < 0) /* nobody wants the rest */
                        return rc;
                sum = a + b;
        }
        return 0;
}

static intptr_t average(eddy_generator *self, void *arg)
{
        intptr_t sum = 0, count = 0, number;
        int rc = eddy_generator_yield(self, 0, &number);
        (void)arg;
        while (rc == 0) {
                sum += number;
                count++;
                rc = eddy_generator_yield(self, sum / count, &number);
        }
        printf("average: %ld numbers\n", (long)count);
        return rc;
}

int main(void)
{
        intptr_t number, mean;

        eddy_generator *numbers = eddy_generate(fibonacci, &(int){100});
        while (eddy_generator_next(numbers, &number) == 0)
                printf("%ld ", (long)number);
        printf("\n");
        eddy_generator_destroy(numbers);

        eddy_generator *averager = eddy_create_generator(average, NULL);
        int rc = eddy_generator_next(averager, NULL); /* up to its first yield */
        for (number = 10; rc == 0 && number <= 40; number += 10) {
                rc = eddy_generator_send(averager, number, &mean);
                if (rc == 0)
                        printf("%ld: mean %ld\n", (long)number, (long)mean);
        }
        eddy_generator_destroy(averager); /* closes it: its yield returns EDDY_EGENERATOREXIT */
        if (rc < 0)
                fprintf(stderr, "generator: %s\n", eddy_strerror(rc));
        return rc < 0;
}
