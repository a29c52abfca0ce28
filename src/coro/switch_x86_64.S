/* What cannot be written inline on x86-64. First the bottom frame of every coroutine, which switch_x86_64.h
 * jumps to.
 *
 * Its caller is whoever the loop was switched away from. r12 holds the address of the loop's saved stack
 * pointer: there lie an address to go on at and rbp, which is all that the rules of that frame ask for. Marked as a
 * signal frame, since debuggers otherwise refuse to go on at a lower address. */

        .text
        .globl  switch_bottom
        .hidden switch_bottom
        .type   switch_bottom, @function
        .p2align 4
        .cfi_startproc
        .cfi_signal_frame
        /* The CFA is the caller's rsp, and that is as it was saved, for the rules there count from it:
         * def_cfa_expression, 3 bytes: breg12 0, deref */
        .cfi_escape 0x0f, 0x03, 0x7c, 0x00, 0x06
        .cfi_offset %rip, 0
        .cfi_offset %rbp, 8
        nop
switch_bottom:
        popq    %rax
        popq    %rbx
        popq    %rdi
        popq    %r12
        xorl    %ebp, %ebp
        /* As a call, but unknown to the processor's stack of return addresses: nobody ever returns here. */
        leaq    1f(%rip), %rax
        pushq   %rax
        jmpq    *%rbx
1:      ud2
        .cfi_endproc
        .size   switch_bottom, .-switch_bottom

/* int switch_into(void **save, void *to, int result), and switch_back() in the same words: see switch.h.
 *
 * What is saved begins as switch_context() has it, so that either goes on with what the other left. The jump to
 * the caller, in place of a return, is one that the processor foresees: of the two sides' returns each would
 * meet the address that the other side's call has put on its stack of return addresses. */

        .macro  switch_by_call name
        .globl  \name
        .hidden \name
        .type   \name, @function
        .p2align 4
\name:
        .cfi_startproc
        .irp    register, rbx, r12, r13, r14, r15, rbp
        pushq   %\register
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %\register, 0
        .endr
        leaq    1f(%rip), %rax
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        movq    %rsp, (%rdi)
        movl    %edx, %eax
        movq    %rsi, %rsp
        jmpq    *(%rsp)
1:      addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        .irp    register, rbp, r15, r14, r13, r12, rbx
        popq    %\register
        .cfi_adjust_cfa_offset -8
        .cfi_restore %\register
        .endr
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rcx
        jmpq    *%rcx
        .cfi_endproc
        .size   \name, .-\name
        .endm

        switch_by_call switch_into
        switch_by_call switch_back

        .section .note.GNU-stack, "", @progbits
