/* Names below tasks: who asks is called back, by the system's resolver or by one of the user's. */
#include "helpers_stage.h"

#include "net/names.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/** Somebody who asks. */
struct asker {
        struct name_query query;
        unsigned answers;
};

static void count_answer(struct name_query *query)
{
        container_of(query, struct asker, query)->answers++;
}

static int ask(struct asker *asker, eddy_loop *loop, const char *host)
{
        const struct name_request request = {
            .host = host,
            .service = "80",
            .hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM},
        };

        *asker = (struct asker){.query.answered = count_answer};
        return names_ask(&asker->query, loop, &request);
}

static void assert_found(const struct asker *asker, const char *host)
{
        const struct sockaddr_in *address = (const void *)asker->query.found->ai_addr;
        char text[INET_ADDRSTRLEN];

        assert_string_equal(inet_ntop(AF_INET, &address->sin_addr, text, sizeof text), host);
        assert_int_equal(ntohs(address->sin_port), 80);
}

/* The system's resolver. */

TEST(numbers_are_answered_at_once)
{
        eddy_loop *loop = new_loop();
        struct asker asker;

        assert_int_equal(ask(&asker, loop, "127.0.0.1"), 0);
        assert_found(&asker, "127.0.0.1");
        names_forget(&asker.query);
        assert_int_equal(ask(&asker, loop, "::1"), EDDY_ERESOLVE);
        assert_non_null(strstr(asker.query.detail->text, "::1: "));
        names_forget(&asker.query);
        eddy_loop_close(loop);
        assert_int_equal(ask(&asker, loop, "127.0.0.1"), EDDY_ELOOPCLOSED);
        eddy_loop_destroy(loop);
}

TEST(askers_share_and_each_has_its_own)
{
        eddy_loop *loop = new_loop();
        struct asker askers[3];

        set_gate(false);
        for (int i = 0; i < 3; i++)
                assert_int_equal(ask(&askers[i], loop, "slow.test"), EDDY_PENDING);
        run_until(loop, waiting_at_gate() > 0);
        names_forget(&askers[0].query);
        names_forget(&askers[0].query); /* once more does nothing */
        set_gate(true);
        run_until(loop, askers[2].answers);
        assert_int_equal(askers[0].answers, 0);
        assert_int_equal(askers[1].answers, 1);
        assert_ptr_not_equal(askers[1].query.found, askers[2].query.found);
        names_forget(&askers[1].query);
        assert_found(&askers[2], "127.0.0.1");
        names_forget(&askers[2].query);
        eddy_loop_destroy(loop);
}

/** Its thread still runs, and ends after the loop. */
TEST(loop_closes_under_the_system)
{
        struct asker askers[2];

        for (int forgotten = 0; forgotten < 2; forgotten++) {
                eddy_loop *loop = new_loop();

                set_gate(false);
                for (int i = 0; i < 2; i++)
                        assert_int_equal(ask(&askers[i], loop, "slow.test"), EDDY_PENDING);
                run_until(loop, waiting_at_gate() > 0);
                for (int i = 0; i < forgotten * 2; i++)
                        names_forget(&askers[i].query);
                eddy_loop_close(loop);
                set_gate(true);
                for (int i = 0; i < 2; i++) {
                        assert_int_equal(askers[i].answers, 0);
                        names_forget(&askers[i].query);
                }
                eddy_loop_destroy(loop);
        }
}

/* Resolvers of users. */

/** One that answers when the test says so. */
struct own {
        eddy_lookup *lookup; /* asked last */
        unsigned begun, cancelled;
        bool is_prompt; /* answers within begin() */
};

static int answer(eddy_lookup *lookup, const char *host)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
        struct addrinfo found = {
            .ai_family = AF_INET,
            .ai_socktype = SOCK_STREAM,
            .ai_addr = (struct sockaddr *)&address,
            .ai_addrlen = sizeof address,
            .ai_canonname = (char *)(uintptr_t) "own.test",
        };

        inet_pton(AF_INET, host, &address.sin_addr);
        return eddy_lookup_done(lookup, 0, &found);
}

static void *begin(eddy_lookup *lookup, const char *host, const char *service, const struct addrinfo *hints,
                   void *arg)
{
        struct own *own = arg;

        assert_string_equal(service, "80");
        assert_int_equal(hints->ai_family, AF_INET);
        own->lookup = lookup;
        own->begun++;
        if (own->is_prompt)
                assert_int_equal(answer(lookup, host[0] == 'a' ? "10.0.0.1" : "10.0.0.2"), 0);
        return &own->cancelled;
}

static void cancel(void *request, void *arg)
{
        assert_ptr_equal(request, &((struct own *)arg)->cancelled);
        ++*(unsigned *)request;
}

static eddy_loop *loop_with(struct own *own)
{
        eddy_loop *loop = new_loop();

        eddy_set_loop(loop); /* tests answer from outside it */

        *own = (struct own){.lookup = NULL};
        assert_int_equal(
            eddy_loop_set_resolver(loop, &(eddy_resolver){.begin = begin, .cancel = cancel, .arg = own}), 0);
        return loop;
}

TEST(own_resolver_answers_at_once)
{
        struct own own;
        eddy_loop *loop = loop_with(&own);
        struct asker a, b;

        own.is_prompt = true;
        eddy_set_loop(NULL);
        assert_int_equal(ask(&a, loop, "a.test"), EDDY_PENDING);
        assert_int_equal(ask(&b, loop, "b.test"), EDDY_PENDING);
        assert_int_equal(a.answers, 0); /* in the loop, and not within the call */
        run_until(loop, a.answers && b.answers);
        assert_found(&a, "10.0.0.1");
        assert_found(&b, "10.0.0.2");
        assert_string_equal(a.query.found->ai_canonname, "own.test");
        names_forget(&a.query);
        names_forget(&b.query);
        /* What is numeric is none of its business. */
        assert_int_equal(ask(&a, loop, "127.0.0.1"), 0);
        names_forget(&a.query);
        assert_int_equal(own.begun, 2);
        /* And no more of it. */
        assert_int_equal(eddy_loop_set_resolver(loop, NULL), 0);
        assert_int_equal(ask(&a, loop, "localhost"), EDDY_PENDING);
        run_until(loop, a.answers);
        assert_found(&a, "127.0.0.1");
        names_forget(&a.query);
        assert_int_equal(own.begun, 2);
        eddy_loop_destroy(loop);
        assert_int_equal(own.cancelled, 0);
}

TEST(own_resolver_answers_later_and_too_often)
{
        struct own own;
        eddy_loop *loop = loop_with(&own);
        struct asker askers[2];
        eddy_lookup *lookup;

        assert_int_equal(ask(&askers[0], loop, "a.test"), EDDY_PENDING);
        lookup = own.lookup;
        assert_int_equal(ask(&askers[1], loop, "a.test"), EDDY_PENDING);
        assert_int_equal(own.begun, 1);
        run_once(loop);
        assert_int_equal(answer(lookup, "10.0.0.1"), 0);
        assert_int_equal(answer(lookup, "10.0.0.9"), EDDY_EINVALIDSTATE);
        run_until(loop, askers[1].answers);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(askers[i].answers, 1);
                assert_found(&askers[i], "10.0.0.1");
                names_forget(&askers[i].query);
        }
        /* Another question is not answered by who still answers the first. */
        assert_int_equal(ask(&askers[0], loop, "b.test"), EDDY_PENDING);
        assert_int_equal(answer(lookup, "10.0.0.9"), EDDY_EINVALIDSTATE);
        names_forget(&askers[0].query);
        assert_int_equal(own.cancelled, 1);
        assert_int_equal(answer(own.lookup, "10.0.0.9"), EDDY_EINVALIDSTATE);
        run_once(loop);
        assert_int_equal(askers[0].answers, 0);
        eddy_loop_destroy(loop);
        assert_int_equal(answer(own.lookup, "10.0.0.9"), EDDY_EINVALIDSTATE);
}

TEST(own_resolver_fails)
{
        static const int codes[][2] = {
            {EDDY_ERESOLVE, EDDY_ERESOLVE}, {-ENOMEM, -ENOMEM}, {EDDY_CANCELLED, EDDY_ERESOLVE},
            {EDDY_TIMEOUT, EDDY_ERESOLVE},  {0, EDDY_ERESOLVE}, {7, EDDY_ERESOLVE},
            {EDDY_PENDING, EDDY_ERESOLVE},  {-EACCES, -EACCES},
        };
        struct own own;
        eddy_loop *loop = loop_with(&own);
        struct asker asker;

        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
                assert_int_equal(ask(&asker, loop, "a.test"), EDDY_PENDING);
                assert_int_equal(eddy_lookup_done(own.lookup, codes[i][0], NULL), 0);
                run_until(loop, asker.answers);
                assert_int_equal(asker.query.rc, codes[i][1]);
                assert_non_null(strstr(asker.query.detail->text, "a.test: "));
                names_forget(&asker.query);
        }
        assert_int_equal(ask(&asker, loop, "a.test"), EDDY_PENDING);
        eddy_lookup_done(own.lookup, eddy_fail(EDDY_ERESOLVE, "the servers are on strike"), NULL);
        run_until(loop, asker.answers);
        assert_string_equal(asker.query.detail->text, "a.test: the servers are on strike");
        names_forget(&asker.query);
        eddy_loop_destroy(loop);
}

/** Closing the loop cancels what is out, once, and what is answered but not told goes too. */
TEST(loop_closes_under_own_resolver)
{
        struct own own;
        eddy_loop *loop = loop_with(&own);
        struct asker askers[2];

        assert_int_equal(ask(&askers[0], loop, "a.test"), EDDY_PENDING);
        assert_int_equal(answer(own.lookup, "10.0.0.1"), 0);
        assert_int_equal(ask(&askers[1], loop, "b.test"), EDDY_PENDING);
        eddy_loop_close(loop);
        assert_int_equal(own.cancelled, 1);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(askers[i].answers, 0);
                names_forget(&askers[i].query);
        }
        assert_int_equal(eddy_loop_set_resolver(loop, NULL), EDDY_ELOOPCLOSED);
        eddy_loop_destroy(loop);
}

/** A forked child closes its parent's loop, in which it has neither the threads nor the questions. */
TEST(child_closes_the_loop)
{
        struct own own;
        eddy_loop *loop = loop_with(&own);
        struct asker system, asker;
        pid_t child;
        int status;

        assert_int_equal(ask(&asker, loop, "a.test"), EDDY_PENDING);
        set_gate(false);
        assert_int_equal(eddy_loop_set_resolver(loop, NULL), 0);
        assert_int_equal(ask(&system, loop, "slow.test"), EDDY_PENDING);
        run_until(loop, waiting_at_gate() > 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                alarm(20); /* for where it waits for a thread */
                names_forget(&system.query);
                eddy_loop_destroy(loop);
                _exit(own.cancelled ? 1 : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(answer(own.lookup, "10.0.0.1"), 0);
        set_gate(true);
        run_until(loop, asker.answers && system.answers);
        names_forget(&asker.query);
        names_forget(&system.query);
        eddy_loop_destroy(loop);
}

/** One asker who, being answered, sends the other away. */
static struct asker victim;

static void answer_and_forget(struct name_query *query)
{
        count_answer(query);
        names_forget(&victim.query);
}

TEST(askers_may_forget_each_other_while_they_are_answered)
{
        struct own own;
        eddy_loop *loop = loop_with(&own);
        struct asker asker;

        assert_int_equal(ask(&asker, loop, "a.test"), EDDY_PENDING);
        asker.query.answered = answer_and_forget;
        assert_int_equal(ask(&victim, loop, "a.test"), EDDY_PENDING);
        answer(own.lookup, "10.0.0.1");
        run_until(loop, asker.answers);
        run_once(loop);
        assert_int_equal(victim.answers, 0);
        names_forget(&asker.query);
        eddy_loop_destroy(loop);
        assert_int_equal(own.cancelled, 0);
}

/** Whatever the system refuses, who asks is told, and nothing is left. */
TEST(each_use_fails_once)
{
        static const char *const hosts[] = {"127.0.0.1", "localhost", "a.test"};

        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                unsigned long nth = 0, uses;

                do {
                        struct own own;
                        eddy_loop *loop = i == 2 ? loop_with(&own) : new_loop();
                        struct asker asker;
                        int rc;

                        own.is_prompt = false;
                        fault_arm(++nth, 1);
                        rc = ask(&asker, loop, hosts[i]);
                        if (rc == EDDY_PENDING && i == 2)
                                answer(own.lookup, "10.0.0.1");
                        while (rc == EDDY_PENDING && !asker.answers) {
                                eddy_loop_stop(loop);
                                eddy_loop_run_forever(loop); /* whose own turn may fail as well */
                        }
                        uses = fault_uses();
                        fault_arm(0, 0);
                        assert_true(asker.query.rc == 0 || asker.query.rc == -ENOMEM ||
                                    asker.query.rc == -EAGAIN);
                        assert_true(asker.query.rc < 0 || asker.query.found);
                        names_forget(&asker.query);
                        eddy_loop_destroy(loop);
                } while (uses >= nth);
                assert_true(nth > 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(numbers_are_answered_at_once),
            cmocka_unit_test(askers_share_and_each_has_its_own),
            cmocka_unit_test(loop_closes_under_the_system),
            cmocka_unit_test(own_resolver_answers_at_once),
            cmocka_unit_test(own_resolver_answers_later_and_too_often),
            cmocka_unit_test(own_resolver_fails),
            cmocka_unit_test(loop_closes_under_own_resolver),
            cmocka_unit_test(askers_may_forget_each_other_while_they_are_answered),
            cmocka_unit_test(child_closes_the_loop),
            cmocka_unit_test(each_use_fails_once),
        };

        return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
