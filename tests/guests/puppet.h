/* SPDX-License-Identifier: MIT
 *
 * What a test holds of the guest "puppet": its option `strings` is the address of one of these. */
#ifndef PUPPET_H
#define PUPPET_H

#include <protohost/abi.h>

struct puppet_strings {
    void* test;
    ph_status (*started)(void* test);
    ph_status (*make_protocol)(void* test, ph_proto* out);
    void (*released)(void* test);
};

#endif
