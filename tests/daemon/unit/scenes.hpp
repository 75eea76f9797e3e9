// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "tests/daemon/net/connect_rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"
#include "tests/daemon/unit/attempt.hpp"

namespace protohost::unit::testing {

/// Whom the services open something to, and their ends of it.
class Peers {
public:
    Peers();

    net::testing::Endpoint tcp;  ///< listens
    net::testing::ScratchFolder folder;
    std::string unix_path() const { return folder / "server"; }

    /// One end of a connected pair of UNIX sockets of `type`; the other is kept.
    int socket_end(int type);
    /// One end of a pipe, `end` 0 or 1; the other is kept.
    int pipe_end(int end);
    /// Ours of the pair that was made last.
    int kept() const { return kept_.back().get(); }
    /// Closes what it has of all connections.
    void leave();

private:
    std::vector<base::Descriptor> kept_;
    base::Descriptor unix_server_;
};

/// One way to open something.
struct Scene {
    std::string name;
    std::uint32_t kind;  ///< PH_STREAM, PH_DATAGRAM, PH_SUBPROCESS, or 0 for a server
    std::function<void(Peers&, Attempt&)> begin;
};
void PrintTo(const Scene& scene, std::ostream* out);

/// Every service that opens something, in every way that ends well.
std::vector<Scene> good_scenes();

/// The same without the servers.
std::vector<Scene> good_openings();

/// Every name is 127.0.0.1.
net::Resolver::Answer loopback(const model::Address& address);

}  // namespace protohost::unit::testing
