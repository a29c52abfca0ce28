/* For architectures without a switch of their own: the C library's, which is right everywhere and slow, since
 * it asks the kernel for the signal mask each time. A saved context is the address of a frame on its stack. */
#ifndef CORO_SWITCH_UCONTEXT_H
#define CORO_SWITCH_UCONTEXT_H

void switch_context(void **save, void *to);
int switch_into(void **save, void *to, int result);
int switch_back(void **save, void *to, int result);
void *switch_prepare(void *top, switch_entry *entry, void *arg, void **outer);

/* The C library's switch keeps these for every context. */

static inline uint64_t switch_fpu_mode(void)
{
        return 0;
}

static inline void switch_set_fpu_mode(uint64_t mode)
{
        (void)mode;
}

#endif
