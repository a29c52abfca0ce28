/* What cannot be written inline on aarch64. First the bottom frame of every coroutine, which switch_aarch64.h
 * jumps to.
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

/* int switch_into(void **save, void *to, int result), and switch_back() in the same words: see switch.h, and
 * switch_x86_64.S for why they end in a jump. */

        .macro  switch_by_call name
        .globl  \name
        .hidden \name
        .type   \name, %function
        .p2align 4
\name:
        .cfi_startproc
        sub     sp, sp, #160
        .cfi_adjust_cfa_offset 160
        stp     x19, x20, [sp]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     d8, d9, [sp, #80]
        stp     d10, d11, [sp, #96]
        stp     d12, d13, [sp, #112]
        stp     d14, d15, [sp, #128]
        str     x30, [sp, #144]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        .cfi_rel_offset x30, 144
        adr     x9, 1f
        stp     x29, x9, [sp, #-16]!
        mov     x10, sp
        str     x10, [x0]
        mov     w0, w2
        mov     sp, x1
        ldp     x29, x9, [sp], #16
        br      x9
1:      ldp     x19, x20, [sp]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     d8, d9, [sp, #80]
        ldp     d10, d11, [sp, #96]
        ldp     d12, d13, [sp, #112]
        ldp     d14, d15, [sp, #128]
        ldr     x30, [sp, #144]
        add     sp, sp, #160
        .cfi_def_cfa_offset 0
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x30
        br      x30
        .cfi_endproc
        .size   \name, .-\name
        .endm

        switch_by_call switch_into
        switch_by_call switch_back

        .section .note.GNU-stack, "", %progbits
