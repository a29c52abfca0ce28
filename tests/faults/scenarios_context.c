#include "scenarios.h"

static eddy_context_var number = EDDY_CONTEXT_VAR("number", 7);
static eddy_context_var text = EDDY_CONTEXT_VAR("text", NULL);

static intptr_t get_number(void *arg)
{
        int rc = eddy_yield();

        (void)arg;
        return rc < 0 ? rc : eddy_context_get(&number);
}

/** Whether a task sees a number in its context. */
static int check(eddy_task *task, intptr_t expected)
{
        intptr_t result = 0;
        int rc = eddy_join(task, &result);

        if (rc < 0)
                return rc;
        return result == expected ? 0 : eddy_is_error(result) ? (int)result : -EFAULT;
}

static intptr_t setting(void *arg)
{
        eddy_context_token token, other;
        int rc = eddy_context_set(&number, 1, &token);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = check(eddy_create_task(get_number, NULL), 1);
        if (rc == 0)
                rc = eddy_context_set(&text, (intptr_t) "text", &other);
        if (rc == 0)
                rc = check(eddy_create_task(get_number, NULL), 1);
        if (rc == 0)
                rc = eddy_context_reset(&number, &token);
        return rc < 0 ? rc : check(eddy_create_task(get_number, NULL), 7);
}

static intptr_t set_number(void *arg)
{
        int rc = eddy_context_set(&number, (intptr_t)arg, NULL);

        return rc < 0 ? rc : get_number(NULL);
}

static intptr_t running(void *arg)
{
        eddy_context *context = eddy_copy_context();
        intptr_t result = eddy_context_run(context, set_number, (void *)5);

        (void)arg;
        if (!eddy_is_error(result))
                result =
                    result == 5
                        ? check(eddy_task_create(&(eddy_task_options){.context = context}, get_number, NULL), 5)
                        : -EFAULT;
        if (result == 0 && eddy_context_get(&number) != 7)
                result = -EFAULT;
        eddy_context_unref(context);
        return result;
}

static void pass_number(void *future)
{
        eddy_future_set_result(future, eddy_context_get(&number));
}

static void ignore(eddy_future *future, void *arg)
{
        (void)future;
        (void)arg;
}

static intptr_t calling(void *arg)
{
        eddy_future *future = eddy_future_create(NULL);
        int rc = eddy_context_set(&number, 3, NULL);

        (void)arg;
        if (rc == 0)
                rc = eddy_future_add_done_callback(future, ignore, NULL);
        if (rc == 0)
                rc = eddy_call_soon(eddy_running_loop(), NULL, pass_number, future);
        /* The callback comes whatever happens here. */
        if (rc == 0)
                EDDY_SHIELD_SCOPE
                        rc = check(eddy_ref(future), 3);
        eddy_unref(future);
        return rc;
}

static int call_in_a_moment(eddy_loop *loop, eddy_context *context, eddy_callback callback, void *arg)
{
        return eddy_call_later_in(loop, context, eddy_us(1), callback, arg);
}

/** In a context of one's own, soon and later. */
static intptr_t calling_in_a_context(void *arg)
{
        int (*const ways[])(eddy_loop * loop, eddy_context * context, eddy_callback callback,
                            void *arg) = {eddy_call_soon_in, call_in_a_moment};
        int rc = 0;

        (void)arg;
        for (size_t i = 0; rc == 0 && i < sizeof ways / sizeof ways[0]; i++) {
                eddy_future *future = eddy_future_create(NULL);
                eddy_context *context = eddy_copy_context();
                intptr_t number_in = eddy_context_run(context, set_number, (void *)5);

                rc = !future ? -ENOMEM : eddy_is_error(number_in) ? (int)number_in : 0;
                if (rc == 0)
                        rc = ways[i](eddy_running_loop(), context, pass_number, future);
                eddy_context_unref(context);
                /* The callback comes whatever happens here. */
                if (rc == 0)
                        EDDY_SHIELD_SCOPE
                                rc = check(eddy_ref(future), 5);
                eddy_unref(future);
        }
        return rc;
}

const struct scenario scenarios[] = {
    {"variables are set and put back", setting},
    {"a context object is run in", running},
    {"a callback inherits", calling},
    {"a callback is given a context", calling_in_a_context},
    {NULL, NULL},
};
