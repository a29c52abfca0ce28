/* A pthread mutex in the row lock_pair, in a process with a second thread: the C library spares itself the atomic
 * operations while there is only one. */
#include "../bench.h"
#include <pthread.h>

#define PAIRS 100000000

static pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER;

static void *linger(void *arg)
{
        pthread_mutex_lock(&kept);
        pthread_mutex_unlock(&kept);
        return arg;
}

int main(int argc, char **argv)
{
        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        pthread_t thread;

        if (!bench_wants(argc, argv, "lock_pair"))
                return 1;
        pthread_mutex_lock(&kept);
        if (pthread_create(&thread, NULL, linger, NULL) != 0)
                return 1;
        double start = bench_now();
        for (long i = 0; i < PAIRS; i++) {
                pthread_mutex_lock(&mutex);
                pthread_mutex_unlock(&mutex);
        }
        bench_each("lock_pair", bench_now() - start, PAIRS);
        pthread_mutex_unlock(&kept);
        return pthread_join(thread, NULL) != 0;
}
