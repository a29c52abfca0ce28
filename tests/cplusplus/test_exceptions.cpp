/* A C++ program: the headers compile, coroutines throw and catch between suspensions, and the way docs/cplusplus.md shows
 * from a handler to a suspension keeps each coroutine's exceptions its own. */
#include <eddy.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#define CHECK(condition)                                                                                       \
        do {                                                                                                   \
                if (!(condition)) {                                                                            \
                        std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
                        return -EPROTO;                                                                        \
                }                                                                                              \
        } while (0)

enum { TASKS = 8, ROUNDS = 50 };

struct part {
        int number;
};

/** Counts what unwinding gives back. */
struct guard {
        int &count;
        explicit guard(int &counted) : count(counted) { count++; }
        ~guard() { count--; }
};

static void fail_deep(int depth, const std::string &text)
{
        if (depth == 0)
                throw std::runtime_error(text);
        fail_deep(depth - 1, text);
}

static intptr_t throw_between_suspensions(void *arg)
{
        const part *self = static_cast<part *>(arg);
        int held = 0;

        for (int i = 0; i < ROUNDS; i++) {
                std::string text = std::to_string(self->number) + ":" + std::to_string(i), caught;

                try {
                        guard outer(held);
                        try {
                                fail_deep(i % 7, text);
                        } catch (const std::runtime_error &) {
                                throw;
                        }
                } catch (const std::exception &error) {
                        caught = error.what();
                }
                CHECK(held == 0);
                /* Out of the handler before others run. */
                int rc = eddy_yield();
                if (rc < 0)
                        return rc;
                CHECK(caught == text);
                CHECK(!std::current_exception());
        }
        return self->number;
}

/** A suspension within a try block is none within a handler. */
static intptr_t throw_after_suspension(void *arg)
{
        int rc = 0;

        try {
                rc = eddy_yield();
                fail_deep(3, "late");
        } catch (const std::exception &error) {
                return std::string(error.what()) == "late" ? static_cast<part *>(arg)->number : -EPROTO;
        }
        return rc < 0 ? rc : -EPROTO;
}

/** What failed is kept beyond the handler, and clean-up that suspends comes after it. */
static intptr_t clean_up_after_failure(void *arg)
{
        std::exception_ptr failure;

        try {
                fail_deep(1, "kept");
        } catch (...) {
                failure = std::current_exception();
        }
        int rc = eddy_sleep(eddy_us(100));
        if (rc < 0)
                return rc;
        try {
                std::rethrow_exception(failure);
        } catch (const std::exception &error) {
                CHECK(std::string(error.what()) == "kept");
        }
        return static_cast<part *>(arg)->number;
}

static intptr_t run_all(eddy_fn fn)
{
        eddy_task *tasks[TASKS];
        part parts[TASKS];
        intptr_t results[TASKS];

        for (int i = 0; i < TASKS; i++) {
                parts[i].number = i;
                tasks[i] = eddy_create_task(fn, &parts[i]);
        }
        int rc = eddy_gather(tasks, TASKS, results, EDDY_RETURN_ERRORS);
        for (int i = 0; i < TASKS; i++) {
                eddy_unref(tasks[i]);
                if (rc == 0 && results[i] != i)
                        rc = -EPROTO;
        }
        return rc;
}

/** On a helper thread. */
static intptr_t throw_there(void *arg)
{
        try {
                fail_deep(2, *static_cast<std::string *>(arg));
        } catch (const std::exception &error) {
                return eddy_fail(-EDOM, "%s", error.what());
        }
        return 0;
}

static intptr_t app(void *)
{
        std::string text = "out of range";
        eddy_work_options options = {};
        intptr_t result = 0;
        intptr_t rc = run_all(throw_between_suspensions);

        if (rc == 0)
                rc = run_all(throw_after_suspension);
        if (rc == 0)
                rc = run_all(clean_up_after_failure);
        if (rc == 0)
                rc = eddy_to_thread_with(&options, throw_there, &text, &result);
        CHECK(rc < 0 || (result == -EDOM && text == eddy_explain(result)));
        return rc;
}

int main()
{
        return eddy_run(app, nullptr) == 0 ? 0 : 1;
}
