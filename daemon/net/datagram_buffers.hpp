// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/net/datagram.hpp"
#include "daemon/net/gather.hpp"

namespace protohost::net {

/// Where the kernel puts datagrams: memory for one batch, of which only what was ever written to is
/// really there. Datagrams of any size that IP knows arrive whole, 32 at a time; those of UNIX
/// sockets, which may be larger, up to 264 KiB, 8 at a time.
class DatagramReceiver {
public:
    DatagramReceiver();

    /// What waits at a socket of `family`, at most one batch: how many, or -errno. Never blocks.
    int receive(int fd, int family);

    /// Of the last batch; borrowed until the next.
    Datagram operator[](std::size_t index) const;
    /// It was longer than its place: what is left of it is no datagram.
    bool cut_off(std::size_t index) const;

private:
    void divide(std::size_t slots);

    std::unique_ptr<std::byte[]> memory_;
    std::size_t slots_ = 0;     ///< that the memory is divided into at the moment
    std::size_t received_ = 0;  ///< in the last batch
    std::array<mmsghdr, datagrams_per_call> messages_{};
    std::array<iovec, datagrams_per_call> pieces_{};
    std::array<sockaddr_un, datagrams_per_call> names_;
};

/// Somebody whose datagrams are gathered.
class DatagramSender {
public:
    /// Sends, queues or gives up each of them; never calls a plugin.
    virtual void send_gathered(std::span<const Datagram> datagrams) = 0;

protected:
    ~DatagramSender() = default;
};

/// What the running callbacks have sent so far, through any number of transports. One scratch for
/// the loop, as Gather is; and one piece of Gather, which tells it when the outermost callback
/// returns.
class DatagramGather final : public GatherOwner {
public:
    explicit DatagramGather(Gather& gather) : gather_(gather) {}

    /// Copies. False when it does not fit.
    bool add(DatagramSender& sender, const Datagram& datagram);

    /// The datagrams of `sender`, in order, which then are no longer here. Valid until the next
    /// add().
    std::span<const Datagram> take(DatagramSender& sender);

    /// Lets every sender send.
    void flush();

private:
    void flush_gathered() override { flush(); }

    static constexpr std::size_t capacity = 64 * 1024;
    static constexpr std::size_t most = 2 * datagrams_per_call;

    Gather& gather_;
    std::size_t used_ = 0;
    std::size_t count_ = 0;
    std::array<DatagramSender*, most> senders_;  ///< nullptr: taken
    std::array<Datagram, most> datagrams_;
    std::array<Datagram, most> taken_;
    alignas(std::max_align_t) std::array<std::byte, capacity> bytes_;
};

/// What the datagram transports of a loop share. There from the first of them on.
struct DatagramBuffers {
    explicit DatagramBuffers(Gather& shared) : gather(shared) {}

    DatagramReceiver receiver;
    DatagramGather gather;
};

}  // namespace protohost::net
