// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

// `tls:` of a listener or an endpoint as plain values.

namespace protohost::model {

/// What the operator wrote, and where, for whoever finds it wrong later.
struct Written {
    std::string text;
    /// "protohost.yaml:9:7: listeners.web.tls.client.ca"; empty: nobody knows.
    std::string where = {};

    /// As that of Place: to move a key to another line changes nothing.
    friend bool operator==(const Written& one, const Written& other) {
        return one.text == other.text;
    }
};

/// A certificate, with those that issued it behind it, and its private key. Both are PEM.
struct TlsPair {
    Written certificate;  ///< a path
    Written key;          ///< a path; that of the certificate, where both are in one file

    bool operator==(const TlsPair&) const = default;
};

enum class TlsVersion : std::uint8_t { tls12, tls13 };

/// What must be known of the other side.
struct TlsPeer {
    enum class Verify : std::uint8_t {
        none,      ///< whoever it is
        optional,  ///< of a listener: a client may have no certificate, but no wrong one
        required
    };

    Verify verify = Verify::none;
    /// A file of those whose word is taken. Empty: of an endpoint, those whom this system trusts.
    Written ca;
    /// Of a listener: the certificate bears one of them, "client7" or "*.example.net". Empty: any.
    std::vector<std::string> names;

    bool operator==(const TlsPeer&) const = default;
};

/// `tickets:`, with which a client resumes an earlier session.
struct TlsTickets {
    std::chrono::nanoseconds rotate = std::chrono::hours(12);  ///< how long a key makes new ones
    std::uint64_t keep = 2;  ///< how many former keys still open theirs

    bool operator==(const TlsTickets&) const = default;
};

/// How a connection ends that close() was called on.
struct TlsClose {
    enum class Policy : std::uint8_t {
        notify,  ///< close_notify, and no waiting for the peer's
        wait,    ///< as long as `wait` for the peer's close_notify
        abort    ///< without a word
    };

    Policy policy = Policy::notify;
    std::chrono::milliseconds wait{0};

    bool operator==(const TlsClose&) const = default;
};

/// When a connection begins with TLS.
enum class TlsStart : std::uint8_t {
    connection,  ///< at once; its protocol is made after the handshake
    request      ///< it is plain, until its protocol calls start_tls
};

/// `tls:`.
struct Tls {
    /// Of a listener one or more, the first being shown to whoever asks for none of their names; of
    /// an endpoint one or none.
    std::vector<TlsPair> certificates;
    TlsVersion minimum_version = TlsVersion::tls12;
    std::vector<Written> ciphers;   ///< OpenSSL's names, the best first; empty: ours
    std::vector<Written> groups;    ///< for the exchange of keys, likewise
    std::vector<std::string> alpn;  ///< what is spoken inside, the best first; empty: not said
    TlsStart start = TlsStart::connection;
    TlsPeer peer;
    /// Of an endpoint: whom it wants to reach, a name or an IP address.
    std::string server_name;
    std::chrono::nanoseconds handshake_timeout = std::chrono::seconds(10);
    TlsTickets tickets;
    TlsClose close;

    bool operator==(const Tls&) const = default;
};

}  // namespace protohost::model
