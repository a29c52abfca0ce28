/* Running a program from its first coroutine to a tidy end. */
#include "base/misuse.h"
#include "base/sys.h"
#include "loop/signal.h"
#include "task/generator.h"
#include "task/task.h"
#include <eddy/compose.h>
#include <eddy/context.h>
#include <eddy/debug.h>
#include <eddy/run.h>

int eddy_runner_init(eddy_runner *runner, const eddy_runner_options *options)
{
        int rc;

        *runner = (eddy_runner){.loop = NULL};
        if (options)
                runner->options = *options;
        if (loop_running_here)
                return misuse(EDDY_ELOOPRUNNING);
        runner->context =
            runner->options.context ? eddy_context_ref(runner->options.context) : eddy_copy_context();
        if (!runner->context)
                return -ENOMEM;
        rc = eddy_loop_create(&runner->loop);
        if (rc == 0 && runner->options.debug)
                rc = eddy_loop_set_debug(runner->loop, true);
        if (rc == 0 && runner->options.executor_timeout)
                runner->loop->executor_timeout = runner->options.executor_timeout;
        if (rc < 0)
                eddy_runner_finish(runner);
        return rc;
}

eddy_loop *eddy_runner_loop(eddy_runner *runner)
{
        return runner->loop;
}

/** Whether Ctrl-C has cancelled the main coroutine that this thread ran last. */
static __thread bool was_interrupted;

bool eddy_keyboard_interrupt(void)
{
        return was_interrupted;
}

/** The first Ctrl-C cancels; the next one finds what was there before us, and ends the process. */
static void on_sigint(void *arg)
{
        eddy_runner *runner = arg;

        eddy_remove_signal_handler(runner->loop, SIGINT);
        was_interrupted = true;
        eddy_cancel_with(runner->main_task, "interrupted from the keyboard");
}

static bool may_handle_sigint(const eddy_runner *runner)
{
        struct sigaction now;

        return !runner->options.ignores_sigint && gettid() == getpid() &&
               sys_sigaction(SIGINT, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
               now.sa_handler == SIG_DFL;
}

intptr_t eddy_runner_run(eddy_runner *runner, eddy_fn fn, void *arg)
{
        intptr_t result = EDDY_ESTOPPED;
        bool handles_sigint;
        int rc;

        if (!runner->loop)
                return misuse(EDDY_ELOOPCLOSED);
        if (loop_running_here)
                return misuse(EDDY_ELOOPRUNNING);
        runner->main_task = eddy_task_create(
            &(eddy_task_options){.name = "main", .loop = runner->loop, .context = runner->context}, fn, arg);
        if (!runner->main_task)
                return -ENOMEM;
        was_interrupted = false;
        handles_sigint =
            may_handle_sigint(runner) && signal_add_default(runner->loop, SIGINT, on_sigint, runner) == 0;
        rc = eddy_loop_run_until_complete(runner->loop, runner->main_task, &result);
        if (handles_sigint)
                eddy_remove_signal_handler(runner->loop, SIGINT);
        eddy_unref(runner->main_task);
        runner->main_task = NULL;
        return rc < 0 ? rc : result;
}

/** What is to end may start successors in its clean-up, and they again: so many are seen to their end for each that was
 * there, and so many besides. Who starts more is taken to do so for ever. */
enum { SUCCESSORS_OF_EACH = 10, SUCCESSORS_BESIDES = 100 };

static void end_tasks(size_t *patience)
{
        eddy_task *others[2];
        const eddy_task *self = eddy_current_task();

        for (; *patience > 0 && eddy_all_tasks(NULL, others, 2) > 1; --*patience) {
                eddy_task *other = eddy_ref(others[others[0] == self]);

                if (!eddy_cancelling(other))
                        eddy_cancel(other);
                /* Waited for but not looked at, so that a failure of its clean-up is reported. */
                eddy_wait(&other, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER);
                eddy_unref(other);
        }
}

/** Tasks outlive the main one where nobody awaited them: each is asked to end, and seen to its end. So do
 * generators that nobody asked for the rest. */
static intptr_t end_others(void *arg)
{
        eddy_loop *loop = arg;
        size_t count = list_count(&tasks_of(loop)->all) + list_count(&tasks_of(loop)->generators);
        size_t patience = SUCCESSORS_OF_EACH * count + SUCCESSORS_BESIDES;
        eddy_scope shield;

        /* One of them may cancel all tasks there are. */
        eddy_shield_open(&shield);
        do {
                end_tasks(&patience);
                generators_finish(loop, &patience);
                /* Whose clean-up may have started tasks. */
        } while (patience > 0 && eddy_all_tasks(loop, NULL, 0) > 1);
        eddy_shield_close(&shield);
        if (patience == 0 && (eddy_all_tasks(loop, NULL, 0) > 1 || !list_is_empty(&tasks_of(loop)->generators)))
                eddy_loop_call_exception_handler(
                    loop,
                    &(eddy_exception){.message = "tasks or generators that are to end go on starting others; "
                                                 "what is left is dropped",
                                      .error = EDDY_EINVALIDSTATE,
                                      .detail = ""});
        return 0;
}

static bool has_others(const eddy_loop *loop)
{
        return tasks_of(loop) &&
               (!list_is_empty(&tasks_of(loop)->all) || !list_is_empty(&tasks_of(loop)->generators));
}

static void cancel_all(eddy_loop *loop)
{
        for (eddy_link *link = tasks_of(loop)->all.next; link != &tasks_of(loop)->all; link = link->next)
                eddy_cancel(&container_of(link, struct task, all)->future);
}

/** What ended last may have left work to the next turns, such as the freeing of what it has used. Who goes on for ever is
 * dropped. */
enum { LAST_TURNS = 16 };

static void run_rest(eddy_loop *loop)
{
        for (int i = 0; i < LAST_TURNS && loop_has_ready(loop); i++) {
                eddy_loop_stop(loop);
                if (eddy_loop_run_forever(loop) < 0)
                        return;
        }
}

void eddy_runner_finish(eddy_runner *runner)
{
        eddy_task *ender;

        if (runner->loop && has_others(runner->loop)) {
                cancel_all(runner->loop);
                ender = eddy_task_create(&(eddy_task_options){.name = "end others", .loop = runner->loop},
                                         end_others, runner->loop);
                if (ender)
                        eddy_loop_run_until_complete(runner->loop, ender, NULL);
                eddy_unref(ender);
        }
        if (runner->loop)
                run_rest(runner->loop);
        eddy_loop_destroy(runner->loop);
        eddy_context_unref(runner->context);
        runner->loop = NULL;
        runner->context = NULL;
}

intptr_t eddy_run(eddy_fn fn, void *arg)
{
        return eddy_run_with(NULL, fn, arg);
}

intptr_t eddy_run_with(const eddy_runner_options *options, eddy_fn fn, void *arg)
{
        eddy_runner runner;
        intptr_t result;
        int rc = eddy_runner_init(&runner, options);

        if (rc < 0)
                return rc;
        result = eddy_runner_run(&runner, fn, arg);
        eddy_runner_finish(&runner);
        return result;
}
