// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "daemon/model/tls.hpp"

struct evp_cipher_st;
struct ssl_ctx_st;

namespace protohost::net {

/// The keys that tickets are sealed with. They outlive the contexts of their unit, so that clients
/// resume their sessions after its certificates have been replaced. [loop]
class TicketKeys {
public:
    using Clock = std::chrono::steady_clock;

    struct Key {
        std::array<unsigned char, 16> name;  ///< which the ticket says
        std::array<unsigned char, 32> cipher;
        std::array<unsigned char, 32> authentication;
    };

    TicketKeys();
    ~TicketKeys();
    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;

    /// What a new ticket is sealed with: a key that is older than `rotate` is replaced first.
    /// nullptr: the system has no random numbers.
    const Key* newest(const model::TlsTickets& settings, Clock::time_point now);

    /// That of a ticket; nullptr where it is not kept any more, or never was ours.
    const Key* find(std::span<const unsigned char, 16> name,
                    const model::TlsTickets& settings,
                    Clock::time_point now);

    /// What they are used with: to find it by its name takes longer than to use it.
    const evp_cipher_st* cipher() const { return cipher_.get(); }

private:
    struct FreeCipher {
        void operator()(evp_cipher_st* cipher) const;
    };
    struct Aged {
        Key key;
        Clock::time_point made;
    };

    void rotate(const model::TlsTickets& settings, Clock::time_point now);
    void forget_oldest();

    std::unique_ptr<evp_cipher_st, FreeCipher> cipher_;
    std::deque<Aged> keys_;  ///< the newest first
};

/// The keys, and how they are used by one context.
struct TicketSource {
    std::shared_ptr<TicketKeys> keys;
    model::TlsTickets settings;
};

/// `source` outlives all sessions of the context.
void use_tickets(ssl_ctx_st* context, TicketSource& source);

}  // namespace protohost::net
