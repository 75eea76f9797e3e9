// SPDX-License-Identifier: MIT
#include "daemon/net/tls_context.hpp"

#include <map>
#include <span>
#include <utility>

#include "daemon/base/digest.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/openssl.hpp"
#include "daemon/net/tls_choice.hpp"
#include "daemon/net/tls_files.hpp"
#include "daemon/net/tls_pair.hpp"
#include "daemon/net/tls_peer.hpp"
#include "daemon/net/tls_session_cache.hpp"
#include "daemon/net/tls_settings.hpp"
#include "daemon/net/tls_tickets.hpp"

namespace protohost::net {

/// One SSL_CTX for each set of certificates that is shown, alike in everything else: a session is
/// made with that of `choice.otherwise`, and given another when the client has said whom it wants.
struct TlsContext::Parts {
    TicketSource tickets;
    CertificateChoice choice;
    std::map<SideBySide, OwnedSslContext> contexts;
    TlsSessionCache sessions;
    OwnedSslContext client;

    ssl_ctx_st* of(const SideBySide& shown) const { return contexts.at(shown).get(); }
    static int on_server_name(SSL* ssl, int* alert, void* parts);
};

int TlsContext::Parts::on_server_name(SSL* ssl, int*, void* parts) {
    const auto& self = *static_cast<const Parts*>(parts);
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(ssl, self.of(self.choice.of(model::lower_case(name))));
    return SSL_TLSEXT_ERR_OK;
}

namespace {

/// A session is resumed only where the client would be asked the same: this is what is compared.
void set_session_context(ssl_ctx_st* context, const model::TlsPeer& peer, const std::string& unit) {
    std::string asked = unit + '\n' + std::to_string(static_cast<int>(peer.verify)) + '\n';
    for (const std::string& name : peer.names) asked += name + '\n';
    if (const X509_STORE* const store = SSL_CTX_get_cert_store(context)) {
        const STACK_OF(X509_OBJECT)* const all = X509_STORE_get0_objects(store);
        for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
            asked += describe(X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)), {}).fingerprint;
        }
    }
    const std::string digest = base::sha256(std::as_bytes(std::span(asked)));
    SSL_CTX_set_session_id_context(
        context, reinterpret_cast<const unsigned char*>(digest.data()), SSL_MAX_SID_CTX_LENGTH);
}

/// "listener web: a.pem cannot be used: ee key too small", or nothing.
base::Errors show(ssl_ctx_st* context,
                  const LoadedPair& pair,
                  const model::Written& file,
                  const std::string& name) {
    STACK_OF(X509)* const chain = sk_X509_new_null();
    for (const auto& issuer : pair.chain) sk_X509_push(chain, issuer.get());
    const int used =
        SSL_CTX_use_cert_and_key(context, pair.certificate.get(), pair.key.get(), chain, 1);
    sk_X509_free(chain);
    if (used == 1) return {};
    return base::failure(file.where.empty() ? name : file.where,
                         file.text + " cannot be used: " + openssl_reason(),
                         "RSA keys have 2048 bits or more, and signatures no SHA-1");
}

CertificateChoice choose(const std::vector<LoadedPair>& pairs) {
    std::vector<Candidate> candidates;
    candidates.reserve(pairs.size());
    for (const LoadedPair& pair : pairs) {
        candidates.push_back({pair.facts.names, EVP_PKEY_get_base_id(pair.key.get())});
    }
    return choose_certificates(candidates);
}

base::Result<std::vector<LoadedPair>> load_pairs(const model::Tls& tls,
                                                 const TlsFiles& files,
                                                 const std::string& name) {
    std::vector<LoadedPair> pairs;
    base::Errors errors;
    for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
        auto pair = load_pair(tls.certificates[i], files.pairs[i], name);
        if (pair) {
            pairs.push_back(std::move(*pair));
        } else {
            base::append(errors, pair.error());
        }
    }
    if (!errors.empty()) return errors;
    return pairs;
}

}  // namespace

TlsContext::TlsContext(const model::Tls& tls, Role role, std::string name, std::uint64_t generation)
    : tls_(tls),
      role_(role),
      name_(std::move(name)),
      generation_(generation),
      parts_(std::make_unique<Parts>()) {}

TlsContext::~TlsContext() = default;

ssl_ctx_st* TlsContext::handle() const {
    return role_ == Role::client ? parts_->client.get() : parts_->of(parts_->choice.otherwise);
}

TlsSessionCache& TlsContext::sessions() const {
    return parts_->sessions;
}

base::Result<TlsContext::Pointer> TlsContext::create(const model::Tls& tls,
                                                     Role role,
                                                     std::string name,
                                                     std::uint64_t generation,
                                                     const Pointer& former) {
    const std::shared_ptr<TlsContext> made(new TlsContext(tls, role, std::move(name), generation));
    if (auto errors = made->build(former.get()); !errors.empty()) return errors;
    return Pointer(made);
}

base::Errors TlsContext::build(const TlsContext* former) {
    auto files = read_tls_files(tls_, name_);
    if (!files) return files.error();
    digest_ = files->digest;
    base::Errors errors;
    auto pairs = load_pairs(tls_, *files, name_);
    if (!pairs) errors = pairs.error();
    const auto authorities = load_authorities(tls_.peer, files->ca, name_);
    if (!authorities) base::append(errors, authorities.error());

    const OwnedSslContext trial(SSL_CTX_new(TLS_method()));
    base::append(errors, apply_parameters(trial.get(), tls_, name_));
    if (role_ == Role::server && tls_.certificates.empty()) {
        errors.push_back({name_, "a server needs a certificate", "add tls.certificates", 0});
    }
    if (!errors.empty()) return errors;
    for (const LoadedPair& pair : *pairs) certificates_.push_back(pair.facts);
    return role_ == Role::client ? build_client(*pairs, authorities->get())
                                 : build_server(*pairs, authorities->get(), former);
}

base::Errors TlsContext::build_server(const std::vector<LoadedPair>& pairs,
                                      x509_store_st* authorities,
                                      const TlsContext* former) {
    const bool goes_on = former != nullptr && former->parts_->tickets.keys != nullptr;
    parts_->tickets.keys = goes_on ? former->parts_->tickets.keys : std::make_shared<TicketKeys>();
    parts_->tickets.settings = tls_.tickets;
    parts_->choice = choose(pairs);
    parts_->contexts[parts_->choice.otherwise];
    for (const auto& [name, shown] : parts_->choice.by_name) parts_->contexts[shown];
    base::Errors errors;
    for (auto& [shown, context] : parts_->contexts) {
        context.reset(SSL_CTX_new(TLS_server_method()));
        ssl_ctx_st* const made = context.get();
        apply_parameters(made, tls_, name_);
        serve_alpn(made, tls_);
        verify_clients(made, tls_.peer, authorities);
        set_session_context(made, tls_.peer, name_);
        use_tickets(made, parts_->tickets);
        // What SSL_CTX_set_tlsext_servername_callback() is, without its C cast.
        SSL_CTX_callback_ctrl(made,
                              SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                              reinterpret_cast<void (*)()>(Parts::on_server_name));
        SSL_CTX_set_tlsext_servername_arg(made, parts_.get());
        for (const std::size_t index : shown) {
            base::append(errors,
                         show(made, pairs[index], tls_.certificates[index].certificate, name_));
        }
    }
    return errors;
}

base::Errors TlsContext::build_client(const std::vector<LoadedPair>& pairs,
                                      x509_store_st* authorities) {
    parts_->client.reset(SSL_CTX_new(TLS_client_method()));
    ssl_ctx_st* const made = parts_->client.get();
    apply_parameters(made, tls_, name_);
    offer_alpn(made, tls_);
    verify_server(made, tls_.peer, authorities);
    TlsResumption::keep_sessions(made);
    if (pairs.empty()) return {};
    return show(made, pairs[0], tls_.certificates[0].certificate, name_);
}

}  // namespace protohost::net
