/* SPDX-License-Identifier: MIT
 *
 * An address among what is read-only: the loader would have to make that writable for a while. */
#define GUEST_NAME "text_relocation"
#include "guest.h"

__asm__(
    ".section .rodata\n.balign 8\n.8byte guest_text\n.previous\n"
    ".text\n.local guest_text\nguest_text:\n.byte 0\n.previous");

GUEST_PLUGIN();
