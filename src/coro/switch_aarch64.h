/* aarch64, AAPCS64. A saved context is x29 and the address to go on at, from its stack pointer up; see
 * switch_x86_64.h for why it is inline and left by a jump. While the context is suspended, x29 lies at sp, and
 * the frame's CFA is found by it. */
#ifndef CORO_SWITCH_AARCH64_H
#define CORO_SWITCH_AARCH64_H

static inline __attribute__((always_inline)) void switch_context(void **save, void *to)
{
        register void **save_in __asm__("x0") = save;
        register void *to_in __asm__("x1") = to;

        __asm__ volatile("adr x9, 1f\n\t"
                         "stp x29, x9, [sp, #-16]!\n\t"
                         "mov x10, sp\n\t"
                         "str x10, [%0]\n\t"
                         "mov sp, %1\n\t"
                         "ldp x29, x9, [sp], #16\n\t"
                         "br x9\n"
                         "1:"
                         : "+r"(save_in), "+r"(to_in)
                         :
                         : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
                           "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9",
                           "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
                           "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc",
                           "memory");
}

int switch_into(void **save, void *to, int result);
int switch_back(void **save, void *to, int result);

/** The bottom of every coroutine; in switch_aarch64.S. */
void switch_bottom(void);

static inline void *switch_prepare(void *top, switch_entry *entry, void *arg, void **outer)
{
        void **context = (void **)top - 6;

        context[0] = NULL;
        context[1] = (void *)(uintptr_t)switch_bottom;
        context[2] = (void *)(uintptr_t)entry;
        context[3] = arg;
        context[4] = outer;
        return context;
}

static inline uint64_t switch_fpu_mode(void)
{
        uint64_t fpcr;

        __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
        return fpcr;
}

static inline void switch_set_fpu_mode(uint64_t mode)
{
        __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

#endif
