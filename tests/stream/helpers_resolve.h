/* A name server of the tests: getaddrinfo() as the programs of this folder are linked. */
#ifndef TESTS_STREAM_HELPERS_RESOLVE_H
#define TESTS_STREAM_HELPERS_RESOLVE_H

#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* Lookups of names that begin with "slow" wait at this gate. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_is_open;
static unsigned gate_waiting;

static inline unsigned waiting_at_gate(void)
{
        unsigned n;

        pthread_mutex_lock(&gate_lock);
        n = gate_waiting;
        pthread_mutex_unlock(&gate_lock);
        return n;
}

/** Who waited for it to open, perhaps for a loop that is no more, has passed, and has no descriptor any more. */
static inline void await_passed(void)
{
        while (gate_is_open && gate_waiting > 0)
                pthread_cond_wait(&gate_changed, &gate_lock);
}

static inline void settle_gate(void)
{
        pthread_mutex_lock(&gate_lock);
        await_passed();
        pthread_mutex_unlock(&gate_lock);
}

static inline void set_gate(bool is_open)
{
        pthread_mutex_lock(&gate_lock);
        if (!is_open)
                await_passed();
        gate_is_open = is_open;
        pthread_cond_broadcast(&gate_changed);
        pthread_mutex_unlock(&gate_lock);
}

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);

/** An answer that takes no descriptor, so that whoever counts those need not wait for look-ups that were given up. */
static inline int answer_number(const char *number, const char *service, const struct addrinfo *hints,
                                struct addrinfo **found)
{
        struct addrinfo numeric = *hints;

        numeric.ai_flags = (numeric.ai_flags & ~AI_ADDRCONFIG) | AI_NUMERICHOST;
        return __real_getaddrinfo(number, service, &numeric, found);
}

static inline int look_up_slowly(const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
        int rc;

        pthread_mutex_lock(&gate_lock);
        gate_waiting++;
        while (!gate_is_open)
                pthread_cond_wait(&gate_changed, &gate_lock);
        pthread_mutex_unlock(&gate_lock);
        rc = answer_number("127.0.0.1", service, hints, found);
        pthread_mutex_lock(&gate_lock);
        gate_waiting--;
        pthread_cond_broadcast(&gate_changed);
        pthread_mutex_unlock(&gate_lock);
        return rc;
}

static inline int look_up_two(const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
        struct addrinfo *second;
        /* Nobody listens at the first. */
        int rc = answer_number("127.0.0.2", service, hints, found);

        if (rc != 0)
                return rc;
        rc = answer_number("127.0.0.1", service, hints, &second);
        if (rc == 0)
                (*found)->ai_next = second;
        return rc;
}

/** Two addresses of one family, and then one of another. */
static inline int look_up_mixed(const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
        int rc = look_up_two(service, hints, found);

        return rc ? rc : answer_number("::1", service, hints, &(*found)->ai_next->ai_next);
}

/** As some have localhost: of both families, and only the older where either would do. */
static inline int look_up_lopsided(const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
        return answer_number(hints->ai_family == AF_INET6 ? "::1" : "127.0.0.1", service, hints, found);
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
        bool is_name = host && !(hints->ai_flags & AI_NUMERICHOST);

        if (is_name && strncmp(host, "slow", 4) == 0) {
                return look_up_slowly(service, hints, found);
        } else if (is_name && strcmp(host, "two.test") == 0) {
                return look_up_two(service, hints, found);
        } else if (is_name && strcmp(host, "mixed.test") == 0) {
                return look_up_mixed(service, hints, found);
        } else if (is_name && (strcmp(host, "lopsided.test") == 0 || strcmp(host, "localhost") == 0)) {
                return look_up_lopsided(service, hints, found);
        }
        return __real_getaddrinfo(host, service, hints, found);
}

#endif
