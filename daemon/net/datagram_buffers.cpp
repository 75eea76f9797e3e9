// SPDX-License-Identifier: MIT
#include "daemon/net/datagram_buffers.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace protohost::net {

namespace {

/// 64 KiB, and an odd number of cache lines more, so that the beginnings of the slots, which is all
/// that most datagrams reach, do not push each other out of the cache.
constexpr std::size_t slot_size = 64 * 1024 + 35 * 64;
constexpr std::size_t memory_size = datagrams_per_call * slot_size;
constexpr std::size_t unix_slots = datagrams_per_call / 4;

/// Addresses in the scratch are read as what they are.
constexpr std::size_t aligned(std::size_t size) {
    return (size + alignof(sockaddr_in6) - 1) / alignof(sockaddr_in6) * alignof(sockaddr_in6);
}

}  // namespace

DatagramReceiver::DatagramReceiver()
    : memory_(std::make_unique_for_overwrite<std::byte[]>(memory_size)) {
    for (std::size_t i = 0; i < messages_.size(); ++i) {
        messages_[i].msg_hdr.msg_name = &names_[i];
        messages_[i].msg_hdr.msg_namelen = sizeof names_[i];
        messages_[i].msg_hdr.msg_iov = &pieces_[i];
        messages_[i].msg_hdr.msg_iovlen = 1;
    }
}

void DatagramReceiver::divide(std::size_t slots) {
    slots_ = slots;
    const std::size_t size = memory_size / slots;
    for (std::size_t i = 0; i < slots; ++i) pieces_[i] = {memory_.get() + i * size, size};
}

int DatagramReceiver::receive(int fd, int family) {
    const std::size_t slots = family == AF_UNIX ? unix_slots : datagrams_per_call;
    if (slots != slots_) divide(slots);
    for (std::size_t i = 0; i < received_; ++i) {
        messages_[i].msg_hdr.msg_namelen = sizeof names_[i];
        messages_[i].msg_hdr.msg_flags = 0;
    }
    const int count =
        ::recvmmsg(fd, messages_.data(), static_cast<unsigned>(slots), MSG_DONTWAIT, nullptr);
    received_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return count < 0 ? -errno : count;
}

Datagram DatagramReceiver::operator[](std::size_t index) const {
    const mmsghdr& message = messages_[index];
    // The kernel says how long a name is, not how much of it did fit; an unnamed sender has none.
    const auto length = std::min<std::size_t>(message.msg_hdr.msg_namelen, sizeof(sockaddr_un));
    const bool named = length > sizeof(sa_family_t);
    return {{named ? message.msg_hdr.msg_name : nullptr,
             named ? static_cast<std::uint32_t>(length) : 0,
             0},
            static_cast<const std::byte*>(pieces_[index].iov_base),
            message.msg_len};
}

bool DatagramReceiver::cut_off(std::size_t index) const {
    return (messages_[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

bool DatagramGather::add(DatagramSender& sender, const Datagram& datagram) {
    const std::size_t address_size = aligned(datagram.address.len);
    if (count_ == most || address_size + datagram.size > capacity - used_) return false;
    // One piece of no bytes: what matters is that it is there.
    if (count_ == 0 && !gather_.add(*this, bytes_.data(), 0)) return false;
    std::byte* const address = bytes_.data() + used_;
    std::byte* const data = address + address_size;
    if (datagram.address.len != 0) {
        std::memcpy(address, datagram.address.sa, datagram.address.len);
    }
    if (datagram.size != 0) std::memcpy(data, datagram.data, datagram.size);
    senders_[count_] = &sender;
    datagrams_[count_] = {{datagram.address.len != 0 ? address : nullptr, datagram.address.len, 0},
                          data,
                          datagram.size};
    ++count_;
    used_ = std::min(capacity, used_ + address_size + aligned(datagram.size));
    return true;
}

std::span<const Datagram> DatagramGather::take(DatagramSender& sender) {
    std::size_t found = 0;
    bool others = false;
    for (std::size_t i = 0; i < count_; ++i) {
        if (senders_[i] == &sender) {
            taken_[found++] = datagrams_[i];
            senders_[i] = nullptr;
        } else if (senders_[i] != nullptr) {
            others = true;
        }
    }
    if (!others) {
        count_ = 0;
        used_ = 0;
    }
    return {taken_.data(), found};
}

void DatagramGather::flush() {
    for (std::size_t i = 0; i < count_; ++i) {
        DatagramSender* const sender = senders_[i];
        if (sender != nullptr) sender->send_gathered(take(*sender));
    }
    count_ = 0;
    used_ = 0;
}

}  // namespace protohost::net
