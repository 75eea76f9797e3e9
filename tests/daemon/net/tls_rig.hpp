// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "daemon/net/tls_context.hpp"
#include "tests/daemon/net/scratch_folder.hpp"
#include "tests/daemon/net/tls_authority.hpp"

namespace protohost::net::testing {

/// Certificates and keys in files, as an operator has them.
class TlsFolder {
public:
    std::string write(const std::string& name, const std::string& text, int mode = 0600) {
        const std::string path = folder_ / name;
        std::ofstream(path) << text;
        std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
        return path;
    }
    model::TlsPair write(const std::string& name, const Issued& issued) {
        return {{write(name + ".pem", issued.certificate)}, {write(name + ".key", issued.key)}};
    }
    std::string operator/(const std::string& name) const { return folder_ / name; }

private:
    ScratchFolder folder_;
};

/// Of a context that must be fine.
inline TlsContext::Pointer make_context(const model::Tls& tls,
                                        TlsContext::Role role,
                                        const TlsContext::Pointer& former = nullptr) {
    auto made = TlsContext::create(
        tls, role, "listener web", former ? former->generation() + 1 : 1, former);
    if (made) return *made;
    for (const auto& error : made.error()) ADD_FAILURE() << base::to_string(error);
    return nullptr;
}

/// The errors of one that must not be, a line each; a path of `folder` is FOLDER.
inline std::string problems_of(const model::Tls& tls,
                               TlsContext::Role role = TlsContext::Role::server) {
    const auto made = TlsContext::create(tls, role, "listener web", 1);
    std::string text;
    if (made) return text;
    for (const auto& error : made.error()) text += base::to_string(error) + '\n';
    return text;
}

/// Client and server with nothing but memory between them.
class Handshake {
public:
    using Session = std::shared_ptr<SSL_SESSION>;

    Handshake(ssl_ctx_st* client,
              ssl_ctx_st* server,
              const std::string& name = {},
              const Session& resumed = nullptr)
        : client_(SSL_new(client), SSL_free), server_(SSL_new(server), SSL_free) {
        BIO* ours = nullptr;
        BIO* theirs = nullptr;
        BIO_new_bio_pair(&ours, 0, &theirs, 0);
        SSL_set_bio(client_.get(), ours, ours);
        SSL_set_bio(server_.get(), theirs, theirs);
        SSL_set_connect_state(client_.get());
        SSL_set_accept_state(server_.get());
        if (!name.empty()) {
            SSL_ctrl(client_.get(),
                     SSL_CTRL_SET_TLSEXT_HOSTNAME,
                     TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(name.c_str()));
        }
        if (resumed) SSL_set_session(client_.get(), resumed.get());
        // Each message of one is an answer to one of the other: more turns than any has.
        for (int i = 0; i < 10; ++i) {
            done_ = SSL_do_handshake(client_.get()) == 1;
            done_ = SSL_do_handshake(server_.get()) == 1 && done_;
        }
        // Tickets come behind the handshake, and a refusal of the client's certificate, too.
        char byte = 0;
        const int got = SSL_read(client_.get(), &byte, 1);
        refused_ = SSL_get_error(client_.get(), got) == SSL_ERROR_SSL;
        ERR_clear_error();
    }

    /// Both are content.
    bool done() const { return done_ && !refused_; }
    bool resumed() const { return SSL_session_reused(server_.get()) == 1; }
    Session session() const { return {SSL_get1_session(client_.get()), SSL_SESSION_free}; }
    SSL* client() const { return client_.get(); }
    SSL* server() const { return server_.get(); }

    /// Of the certificate that the client was shown.
    TlsCertificate shown() const {
        const X509* const certificate = SSL_get0_peer_certificate(client_.get());
        return certificate != nullptr ? describe(certificate, {}) : TlsCertificate();
    }

private:
    std::shared_ptr<SSL> client_;
    std::shared_ptr<SSL> server_;
    bool done_ = false;
    bool refused_ = false;
};

}  // namespace protohost::net::testing
