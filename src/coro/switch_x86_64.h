/* x86-64, System V. A saved context is the address to go on at and rbp, from its stack pointer up.
 *
 * Inline, and left by a jump. A switch that is called and returns unbalances the processor's stack of predicted
 * return addresses: not only its own `ret` is then mispredicted, but every one on the way back up to the user's
 * code, at some 6 ns each. Inline, the two sides' calls and returns pair up. The compiler is told that all
 * registers are lost, and keeps those that it needs; rbp alone it cannot be told of.
 *
 * Who uses it is compiled without a red zone below the stack pointer, and with frame pointers, so that the unwinding rules given here hold: while the
 * context is suspended, rbp lies at rsp+8, and the frame's CFA 16 above what it holds. */
#ifndef CORO_SWITCH_X86_64_H
#define CORO_SWITCH_X86_64_H

#ifdef __AVX512F__
#define SWITCH_CLOBBERS_AVX512                                                                                 \
        , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26",   \
            "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define SWITCH_CLOBBERS_AVX512
#endif

static inline __attribute__((always_inline)) void switch_context(void **save, void *to)
{
        __asm__ volatile("pushq %%rbp\n\t"
                         "leaq 1f(%%rip), %%rax\n\t"
                         "pushq %%rax\n\t"
                         "movq %%rsp, (%0)\n\t"
                         "movq %1, %%rsp\n\t"
                         "jmpq *(%%rsp)\n"
                         "1:\n\t"
                         ".cfi_remember_state\n\t"
                         /* def_cfa_expression, 5 bytes: breg7 (rsp) 8, deref, plus_uconst 16 */
                         ".cfi_escape 0x0f, 0x05, 0x77, 0x08, 0x06, 0x23, 0x10\n\t"
                         "movq 8(%%rsp), %%rbp\n\t"
                         ".cfi_restore_state\n\t"
                         "leaq 16(%%rsp), %%rsp"
                         : "+D"(save), "+S"(to)
                         :
                         : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                           "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                           "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc",
                           "memory" SWITCH_CLOBBERS_AVX512);
}

int switch_into(void **save, void *to, int result);
int switch_back(void **save, void *to, int result);

/** The bottom of every coroutine; in switch_x86_64.S. */
void switch_bottom(void);

static inline void *switch_prepare(void *top, switch_entry *entry, void *arg, void **outer)
{
        void **context = (void **)top - 4;

        context[0] = (void *)(uintptr_t)switch_bottom;
        context[1] = (void *)(uintptr_t)entry;
        context[2] = arg;
        context[3] = outer;
        return context;
}

static inline uint64_t switch_fpu_mode(void)
{
        uint32_t mxcsr;
        uint16_t x87;

        __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
        return (uint64_t)x87 << 32 | mxcsr;
}

static inline void switch_set_fpu_mode(uint64_t mode)
{
        uint32_t mxcsr = (uint32_t)mode;
        uint16_t x87 = (uint16_t)(mode >> 32);

        __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(x87));
}

#endif
