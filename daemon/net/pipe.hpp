// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {

/// Which end of a pipe is ours.
enum class PipeEnd { read, write };

/// What keeps a descriptor from being that end of a pipe, or empty: FIFOs, sockets and character
/// devices are, where they are open for that direction and the kernel tells when there is something
/// to read. Makes it non-blocking, which also those see who share its description.
std::string check_pipe(int fd, PipeEnd end);

struct OpenedPipe {
    base::Descriptor descriptor;
    std::string problem;  ///< "cannot open /run/x: No such file or directory"
};

/// Never blocks: reading from a FIFO may begin before anyone writes to it, and writing to one that
/// nobody reads is a problem that passes.
OpenedPipe open_pipe(const std::string& path, PipeEnd end);

/// A FIFO that nobody has open loses what was written to it: a second descriptor that keeps it
/// while its reader comes and goes. None where `fd` is anything else.
base::Descriptor hold_fifo(int fd);

/// Whether all who wrote to a FIFO have gone, and all that they wrote was read. A FIFO that is
/// opened afterwards waits for the next writer.
bool last_writer_left(int fd);

/// A copy of a descriptor that the daemon was started with.
OpenedPipe copy_pipe(int fd, PipeEnd end);

/// Gives such a descriptor up, so that its other end sees that it is over. The number stays taken,
/// by a pipe whose other end is closed: whoever opens it again finds that it has ended.
void let_go(int fd, PipeEnd end);

}  // namespace protohost::net
