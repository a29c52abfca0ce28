#include "coro/overflow.h"

#include "base/sys.h"
#include "coro/coro.h"
#include "coro/detour.h"
#include <stdio.h>
#include <string.h>

/* The sanitizers say more about a bad address than we could. */
#if !SANITIZER_WATCHES_MEMORY

static struct sigaction segv_before, bus_before;

enum { SIGNAL_STACK_SIZE = 32 * 1024 /* a frame with every register of today's processors is 12 KiB */ };

/** Each thread's signal stack that is ours. A mapping, not thread-local storage, of which a library that is loaded into
 * a running program can have next to nothing. */
static pthread_key_t signal_stack;

static void append(char *text, size_t size, const char *more)
{
        strncat(text, more, size - strlen(text) - 1);
}

static void append_number(char *text, size_t size, size_t number)
{
        char digits[24], *end = digits + sizeof digits - 1;

        *end = '\0';
        do
                *--end = (char)('0' + number % 10);
        while (number /= 10);
        append(text, size, end);
}

static void tell(const struct stack *stack, const struct coro *coro)
{
        const char *name = stack->detour ? stack->detour : coro ? coro->name : NULL;
        char text[512] = "eddy: the stack of ";
        ssize_t rc;

        append(text, sizeof text, stack->detour ? "generator '" : "coroutine '");
        append(text, sizeof text, name ? name : "?");
        append(text, sizeof text, "' (");
        append_number(text, sizeof text, stack->slab->class->stack_size);
        append(text, sizeof text, " bytes) has overflowed; give it more with ");
        append(text, sizeof text,
               stack->detour ? "eddy_generator_options.stack_size" : "eddy_task_options.stack_size");
        append(text, sizeof text, " or eddy_set_stack_size()\n");
        rc = write(STDERR_FILENO, text, strlen(text));
        (void)rc;
}

static void on_fault(int signum, siginfo_t *info, void *context)
{
        const struct sigaction *before = signum == SIGBUS ? &bus_before : &segv_before;
        const struct coro *coro = coro_running_here;
        const struct stack *stack = coro ? coro->stack : detour_stack_outside;

        if (stack && stack_guard_holds(stack, info->si_addr))
                tell(stack, coro);
        if (before->sa_flags & SA_SIGINFO) {
                before->sa_sigaction(signum, info, context);
                return;
        }
        if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
                before->sa_handler(signum);
                return;
        }
        /* The instruction runs again, and ends the process as it would have without us. */
        signal(signum, SIG_DFL);
}

/** The thread ends. */
static void release_signal_stack(void *memory)
{
        stack_t now;

        if (sigaltstack(NULL, &now) == 0 && now.ss_sp == memory)
                sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
        munmap(memory, SIGNAL_STACK_SIZE);
}

static bool has_key;

static void install(void)
{
        struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

        has_key = pthread_key_create(&signal_stack, release_signal_stack) == 0;
        sigemptyset(&action.sa_mask);
        if (sys_sigaction(SIGSEGV, &action, &segv_before) == 0)
                sys_sigaction(SIGBUS, &action, &bus_before);
}

void overflow_handle_signals(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        stack_t mine = {.ss_size = SIGNAL_STACK_SIZE}, before;

        pthread_once(&once, install);
        if (!has_key || sigaltstack(NULL, &before) < 0 || !(before.ss_flags & SS_DISABLE))
                return;
        mine.ss_sp = pthread_getspecific(signal_stack);
        if (!mine.ss_sp)
                mine.ss_sp = sys_map(SIGNAL_STACK_SIZE);
        if (!mine.ss_sp)
                return;
        pthread_setspecific(signal_stack, mine.ss_sp);
        sigaltstack(&mine, NULL);
}

#else

void overflow_handle_signals(void)
{
}

#endif
