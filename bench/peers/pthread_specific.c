/* A thread's own values in the row context_get: what a thread has in place of a context, as a reference. */
#include "../bench.h"
#include <pthread.h>

#define GETS 100000000

int main(void)
{
        pthread_key_t keys[3];
        intptr_t sum = 0;

        for (intptr_t i = 0; i < 3; i++)
                if (pthread_key_create(&keys[i], NULL) != 0 ||
                    pthread_setspecific(keys[i], (void *)(i + 1)) != 0)
                        return 1;
        double start = bench_now();
        for (long i = 0; i < GETS; i++)
                sum += (intptr_t)pthread_getspecific(keys[1]);
        bench_each("context_get", bench_now() - start, GETS);
        return sum != 2L * GETS;
}
