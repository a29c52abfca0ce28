/* OpenSSL's allocations fail, each of them once: that is told, nothing is lost, and nobody is trusted for it. */
#include "helpers.h"
#include "pair.h"

#include <openssl/crypto.h>

static unsigned long until_failure; /* the allocation that fails; 0: none */

static bool fails(void)
{
        return until_failure > 0 && --until_failure == 0;
}

static void *allocate(size_t size, const char *file, int line)
{
        (void)file, (void)line;
        return fails() ? NULL : malloc(size);
}

static void *reallocate(void *memory, size_t size, const char *file, int line)
{
        (void)file, (void)line;
        return fails() ? NULL : realloc(memory, size);
}

static void release(void *memory, const char *file, int line)
{
        (void)file, (void)line;
        free(memory);
}

/** Do something with allocation after allocation failing, until it needs no more of them: how many it needs.
 *
 * @param step  1: each of them; where it needs tens of thousands, one of so many
 */
static unsigned long fail_each(void (*what)(void), unsigned long step)
{
        unsigned long nth;

        if (RUNNING_ON_VALGRIND)
                step *= 10;
        what(); /* what OpenSSL makes once for all is there */
        for (nth = 1;; nth += step) {
                until_failure = nth;
                what();
                if (until_failure > 0)
                        break;
        }
        until_failure = 0;
        return nth;
}

static void make_context(void)
{
        eddy_tls *tls;
        int rc = eddy_tls_create_server(&tls, &(eddy_tls_options){.certificate_file = leaf.path,
                                                                  .ca_file = root.path,
                                                                  .verify = EDDY_TLS_VERIFY_REQUIRED});

        assert_int_equal(tls == NULL, rc < 0);
        if (rc < 0)
                assert_true(rc == -ENOMEM || rc == -EINVAL);
        else
                assert_true(eddy_tls_reload(tls) <= 0);
        assert_int_equal(ERR_peek_error(), 0);
        eddy_tls_unref(tls);
}

static void contexts(void **state)
{
        (void)state;
        assert_true(fail_each(make_context, 31) > 100);
}

static intptr_t meet_in_loop(void *meeting)
{
        meet(meeting);
        return 0;
}

static void run_meeting(struct meeting *meeting)
{
        assert_int_equal(eddy_run(meet_in_loop, meeting), 0);
}

static void connect_well(void)
{
        struct meeting meeting = {.server = server_tls, .client = client_tls};
        bool is_quiet = until_failure == 0;

        run_meeting(&meeting);
        if (is_quiet || until_failure > 0)
                assert_int_equal(meeting.at_client.read, 1);
}

static void connect_to_stranger(void)
{
        struct meeting meeting = {.server = server_tls, .client = client_tls, .name = "other.example"};

        run_meeting(&meeting);
        assert_true(meeting.at_client.rc < 0);
}

static void connections(void **state)
{
        (void)state;
        assert_true(fail_each(connect_well, 1) > 100);
}

static void strangers(void **state)
{
        (void)state;
        assert_true(fail_each(connect_to_stranger, 3) > 100);
}

/** Before anything has allocated. */
__attribute__((constructor(101))) static void replace_allocator(void)
{
        if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
                abort();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(contexts),
            cmocka_unit_test(connections),
            cmocka_unit_test(strangers),
        };

        return cmocka_run_group_tests_name("tls-memory", tests, set_up_pair, tear_down_pair);
}
