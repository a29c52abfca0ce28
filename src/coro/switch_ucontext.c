#include "coro/switch.h"

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

/** A new context keeps its frame at the stack's top; a suspended one in switch_context()'s. */
struct frame {
        ucontext_t context;
        switch_entry *entry;
        void *arg;
};

static void ucontext_begin(unsigned high, unsigned low)
{
        struct frame *frame = (struct frame *)(uintptr_t)((uint64_t)high << 32 | low);

        frame->entry(frame->arg);
}

void switch_context(void **save, void *to)
{
        struct frame frame;

        *save = &frame; /* cppcheck-suppress autoVariables ; it lives as long as the context is suspended */
        swapcontext(&frame.context, &((struct frame *)to)->context);
}

int switch_into(void **save, void *to, int result)
{
        static __thread int passed;

        passed = result;
        switch_context(save, to);
        return passed;
}

int switch_back(void **save, void *to, int result)
{
        return switch_into(save, to, result);
}

void *switch_prepare(void *top, switch_entry *entry, void *arg, void **outer)
{
        enum { STACK_GIVEN = 8192 }; /* makecontext() must be told a size; it only uses the upper end */
        struct frame *frame = (struct frame *)(((uintptr_t)top - sizeof *frame) & ~(uintptr_t)63);
        uint64_t address = (uintptr_t)frame;

        (void)outer;
        memset(frame, 0, sizeof *frame);
        frame->entry = entry;
        frame->arg = arg;
        getcontext(&frame->context);
        frame->context.uc_stack.ss_sp = (char *)frame - STACK_GIVEN;
        frame->context.uc_stack.ss_size = STACK_GIVEN;
        makecontext(&frame->context, (void (*)(void))ucontext_begin, 2, (unsigned)(address >> 32),
                    (unsigned)address);
        return frame;
}
