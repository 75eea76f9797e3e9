// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>
#include <sys/types.h>

namespace protohost::harness {

/// Bytes of memory of its own that the process has resident now: no files, which come and go with
/// the page cache.
std::size_t resident_memory(pid_t process);

std::size_t open_descriptors(pid_t process);

/// Lines of its memory map, of those with `of` in them.
std::size_t mappings(pid_t process, std::string_view of = {});

/// User and system time spent so far; the kernel counts in steps of 10 ms.
std::chrono::milliseconds processor_time(pid_t process);

/// Lets this process open as many files as it may.
void raise_descriptor_limit();

}  // namespace protohost::harness
