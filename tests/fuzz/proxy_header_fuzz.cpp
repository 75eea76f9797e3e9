// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <sys/socket.h>

#include "daemon/net/proxy_header.hpp"

// Whatever a stranger sends as a PROXY header: read once whole, and once as it may come, byte by
// byte. libFuzzer's entry; the sanitizers find what is read outside of it.

namespace {

using protohost::net::ProxyHeaderRead;
using State = ProxyHeaderRead::State;

void require(bool holds) {
    if (!holds) std::abort();
}

/// As it comes: what is incomplete must become what it is as a whole, and no sooner or later.
void read_in_pieces(std::string_view bytes, const ProxyHeaderRead& whole) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const ProxyHeaderRead part = protohost::net::read_proxy_header(bytes.substr(0, size));
        switch (part.state) {
            case State::incomplete:
                break;
            case State::complete:
                require(whole.state == State::complete);
                require(part.header.size == whole.header.size);
                return;
            case State::invalid:
                require(whole.state == State::invalid);
                return;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const ProxyHeaderRead read = protohost::net::read_proxy_header(bytes);
    require((read.state == State::invalid) == !read.problem.empty());
    if (read.state == State::incomplete) {
        require(size < protohost::net::largest_proxy_header);
        require(!read.header.source && !read.header.destination);
    }
    if (read.state == State::complete) {
        require(read.header.size > 0 && read.header.size <= size);
        require(read.header.size <= protohost::net::largest_proxy_header);
        // What comes behind it is the client's, and changes nothing.
        const ProxyHeaderRead alone =
            protohost::net::read_proxy_header(bytes.substr(0, read.header.size));
        require(alone.state == State::complete && alone.header.size == read.header.size);
        // One who has connected over a UNIX socket may have no name.
        const auto& source = read.header.source;
        if (source && source->family() != AF_UNIX) require(!source->text().empty());
    }
    read_in_pieces(bytes.substr(0, 512), read);
    return 0;
}
