/* The bottom frame of every coroutine on x86-64; switch_x86_64.h jumps to it.
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

        .section .note.GNU-stack, "", @progbits
