// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/descriptor.hpp"

namespace protohost::base {

/// Where the journal takes entries with fields.
class JournalSocket {
public:
    explicit JournalSocket(std::string path = "/run/systemd/journal/socket");

    /// One entry: see journal_entry(). False: the journal does not have it, because there is none,
    /// or it did not take it within a second.
    bool send(std::string_view entry);

private:
    std::string path_;
    Descriptor socket_;
};

/// Whether standard error is the journal's stream, as JOURNAL_STREAM says. The variable is taken
/// out of the environment: it is about a descriptor of this process, and children have others. To
/// be called before there are other threads.
bool take_journal_stream();

}  // namespace protohost::base
