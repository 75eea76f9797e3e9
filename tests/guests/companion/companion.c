/* SPDX-License-Identifier: MIT
 *
 * A library that only a plugin brings into the process. */
int companion(void);
int companion(void) {
    return 1;
}
