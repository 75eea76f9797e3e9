// SPDX-License-Identifier: MIT
#include "daemon/net/tls_session_cache.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace protohost::net {

namespace {

/// As of a listener: after so long a server is verified again.
constexpr std::chrono::seconds longest_session = std::chrono::hours(24);

bool is_for_one_connection(const SSL_SESSION* session) {
    return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

bool is_young(const SSL_SESSION* session) {
    long lifetime = std::min<long>(SSL_SESSION_get_timeout(session), longest_session.count());
    // 0: the server does not say.
    if (const auto hint = SSL_SESSION_get_ticket_lifetime_hint(session); hint != 0) {
        lifetime = std::min(lifetime, static_cast<long>(hint));
    }
    const std::time_t age = std::time(nullptr) - SSL_SESSION_get_time(session);
    return age >= 0 && age < lifetime;
}

/// Whoever resumes a session is not shown the certificate again.
bool has_valid_certificate(SSL_SESSION* session) {
    const X509* const certificate = SSL_SESSION_get0_peer(session);
    return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

bool may_be_resumed(SSL_SESSION* session) {
    return SSL_SESSION_is_resumable(session) == 1 && is_young(session) &&
           has_valid_certificate(session);
}

}  // namespace

TlsSessionCache::Server* TlsSessionCache::look_up(const std::string& name) {
    const auto found = std::find_if(servers_.begin(), servers_.end(), [&](const Server& server) {
        return server.name == name;
    });
    if (found == servers_.end()) return nullptr;
    servers_.splice(servers_.begin(), servers_, found);
    return &servers_.front();
}

void TlsSessionCache::keep(const std::string& name, OwnedSession session) {
    Server* server = look_up(name);
    if (server == nullptr) {
        server = &servers_.emplace_front(Server{name, {}});
        if (servers_.size() > most_servers) servers_.pop_back();
    }
    // One of TLS 1.2 is as good as any number of them.
    if (!is_for_one_connection(session.get())) server->sessions.clear();
    server->sessions.push_front(std::move(session));
    if (server->sessions.size() > most_of_a_server) server->sessions.pop_back();
}

OwnedSession TlsSessionCache::find(const std::string& name) {
    Server* const server = look_up(name);
    if (server == nullptr) return nullptr;
    Sessions& sessions = server->sessions;
    while (!sessions.empty() && !may_be_resumed(sessions.front().get())) sessions.pop_front();
    if (sessions.empty()) return nullptr;
    SSL_SESSION* const newest = sessions.front().get();
    SSL_SESSION_up_ref(newest);
    if (is_for_one_connection(newest)) sessions.pop_front();
    return OwnedSession(newest);
}

void TlsSessionCache::forget(const std::string& name) {
    servers_.remove_if([&](const Server& server) { return server.name == name; });
}

TlsResumption::TlsResumption(TlsSessionCache& cache, SSL* ssl, std::string server)
    : cache_(cache), server_(std::move(server)) {
    SSL_set_app_data(ssl, this);
    if (const auto session = cache_.find(server_)) SSL_set_session(ssl, session.get());
}

void TlsResumption::established(const SSL* ssl) {
    established_ = true;
    // That of TLS 1.3 comes later. One that was resumed may have come with a new ticket, of which
    // on_new_session() is not told.
    SSL_SESSION* const session = SSL_get0_session(ssl);
    if (!is_for_one_connection(session)) keep(session);
}

/// A copy: OpenSSL marks its own as of no use where the connection ends without close_notify.
void TlsResumption::keep(SSL_SESSION* session) {
    OwnedSession copy(SSL_SESSION_dup(session));
    if (copy != nullptr) cache_.keep(server_, std::move(copy));
}

int TlsResumption::on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<TlsResumption*>(SSL_get_app_data(ssl));
    if (self != nullptr && is_for_one_connection(session)) self->keep(session);
    return 0;  // it stays OpenSSL's
}

void TlsResumption::keep_sessions(SSL_CTX* context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
}

}  // namespace protohost::net
