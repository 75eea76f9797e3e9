// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/passed_descriptors.hpp"
#include "daemon/base/service_notification.hpp"
#include "daemon/net/kept_sockets.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::supervisor {

/// The listening sockets that the service manager keeps for the daemon after this one, however this
/// one ends: clients then wait in them, instead of being refused. One thread at a time.
class DescriptorStore {
public:
    /// There is none: nothing was kept, and nothing will be.
    DescriptorStore() = default;

    /// Takes what an earlier daemon has stored out of `passed`.
    DescriptorStore(base::ServiceSocket socket, std::vector<base::PassedDescriptor>& passed);

    // At the start, before anything else is opened.

    /// Gives up what was kept of other keys (unit::BoundSocket::key): their addresses are free when
    /// this returns. How many those were.
    std::size_t keep_only(const std::set<std::string>& keys);

    /// What was kept of that key.
    std::vector<net::KeptSocket> take(const std::string& key);

    /// What was taken of that key, and closed, is not what is wanted.
    void give_up(const std::string& key);

    // From then on.

    /// Stores what is new of `open`, and lets go of what is not there any more.
    void update(const std::vector<unit::BoundSocket>& open);

    /// The daemon ends: the files of the UNIX sockets among those stay with their sockets.
    void leave(const std::vector<unit::BoundSocket>& open) const;

private:
    struct Kept {
        std::string key;
        std::vector<net::KeptSocket> sockets;
    };

    void remove(const std::string& name);

    base::ServiceSocket socket_;
    std::map<std::string, Kept> kept_;  ///< by the name that it is stored under
    /// Inodes of the sockets that are stored under a name.
    std::map<std::string, std::set<ino_t>> stored_;
};

}  // namespace protohost::supervisor
