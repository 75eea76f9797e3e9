// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/base/passed_descriptors.hpp"

namespace protohost::net {

/// The sockets that the service manager has opened for the daemon, by the names that its socket
/// units give them. They stay here, so that a later reload may take one again: a unit gets a copy.
/// Used by one thread at a time.
class PassedSockets {
public:
    PassedSockets() = default;
    explicit PassedSockets(std::vector<base::PassedDescriptor> passed);

    /// Copies of all with that name that listen for connections, at least one. What else has the
    /// name, datagram sockets perhaps, is left to others. `where` is put before the errors.
    base::Result<std::vector<base::Descriptor>> listening(const std::string& name,
                                                          const std::string& where);

    /// A copy of the one with that name that takes datagrams.
    base::Result<base::Descriptor> datagrams(const std::string& name, const std::string& where);

    /// Somebody knows it by its number.
    void claim(int descriptor);

    /// Closes what nobody has asked for, so that its clients do not wait for somebody who never
    /// comes. What it was, a few words for each.
    std::vector<std::string> close_unclaimed();

private:
    struct Entry {
        std::string name;
        base::Descriptor socket;  ///< none: it was closed
        bool claimed = false;
    };

    /// Those with that name that `fits` says yes to; the errors say what is there instead of
    /// `wanted`, and with which `key` of a socket unit there would be one.
    base::Result<std::vector<Entry*>> find(const std::string& name,
                                           bool (*fits)(int fd),
                                           const std::string& wanted,
                                           const std::string& key,
                                           const std::string& where);
    base::Errors nothing_named(const std::string& name, const std::string& where) const;

    std::vector<Entry> entries_;
};

}  // namespace protohost::net
