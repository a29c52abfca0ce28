/* The bottom frame of every coroutine on aarch64; switch_aarch64.h jumps to it.
 *
 * Its caller is whoever the loop was switched away from. x21 holds the address of the loop's saved stack
 * pointer: there lie x29 and an address to go on at. Marked as a signal frame, since debuggers otherwise refuse
 * to go on at a lower address. */

        .text
        .globl  switch_bottom
        .hidden switch_bottom
        .type   switch_bottom, %function
        .p2align 4
        .cfi_startproc
        .cfi_signal_frame
        /* CFA: def_cfa_expression, 5 bytes: breg21 0, deref, plus_uconst 16 */
        .cfi_escape 0x0f, 0x05, 0x85, 0x00, 0x06, 0x23, 0x10
        .cfi_offset x29, -16
        .cfi_offset x30, -8
        nop
switch_bottom:
        ldp     x19, x0, [sp], #16
        ldr     x21, [sp], #16
        mov     x29, xzr
        /* As a call, but unknown to the processor's stack of return addresses: nobody ever returns here. */
        adr     x30, 1f
        br      x19
1:      brk     #1
        .cfi_endproc
        .size   switch_bottom, .-switch_bottom

        .section .note.GNU-stack, "", %progbits
