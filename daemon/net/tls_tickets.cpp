// SPDX-License-Identifier: MIT
#include "daemon/net/tls_tickets.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "daemon/net/openssl.hpp"

namespace protohost::net {

namespace {

/// The longest that a session may be resumed after it has begun: who has verified a client then is
/// asked again. RFC 8446 allows seven days.
constexpr std::chrono::seconds longest_session = std::chrono::hours(24);

// What OpenSSL expects of us: see SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
constexpr int failed = -1;
constexpr int no_such_key = 0;
constexpr int done = 1;
constexpr int done_renew = 2;

bool use(const TicketKeys::Key& key,
         const EVP_CIPHER* with,
         const unsigned char* iv,
         EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* authentication,
         bool sealing) {
    std::array<char, 7> digest{"SHA256"};
    auto secret = key.authentication;
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    const bool ready =
        EVP_MAC_CTX_set_params(authentication, parameters.data()) == 1 &&
        EVP_CipherInit_ex2(cipher, with, key.cipher.data(), iv, sealing ? 1 : 0, nullptr) == 1;
    OPENSSL_cleanse(secret.data(), secret.size());
    return ready;
}

int on_ticket(SSL* ssl,
              unsigned char* name,
              unsigned char* iv,
              EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* authentication,
              int sealing) {
    auto& source = *static_cast<TicketSource*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto now = TicketKeys::Clock::now();
    const TicketKeys::Key* const newest = source.keys->newest(source.settings, now);
    if (newest == nullptr) return failed;
    if (sealing == 1) {
        if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return failed;
        std::copy(newest->name.begin(), newest->name.end(), name);
        return use(*newest, source.keys->cipher(), iv, cipher, authentication, true) ? done
                                                                                     : failed;
    }
    const TicketKeys::Key* const key =
        source.keys->find(std::span<const unsigned char, 16>(name, 16), source.settings, now);
    if (key == nullptr) return no_such_key;
    if (!use(*key, source.keys->cipher(), iv, cipher, authentication, false)) return failed;
    // In TLS 1.3 a client uses a ticket once (RFC 8446, C.4): without another it would be a
    // stranger the next time.
    return key == newest && SSL_version(ssl) < TLS1_3_VERSION ? done : done_renew;
}

}  // namespace

void TicketKeys::FreeCipher::operator()(evp_cipher_st* cipher) const {
    EVP_CIPHER_free(cipher);
}

TicketKeys::TicketKeys() : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {
    if (cipher_ == nullptr) throw std::bad_alloc();
}

TicketKeys::~TicketKeys() {
    while (!keys_.empty()) forget_oldest();
}

void TicketKeys::forget_oldest() {
    OPENSSL_cleanse(&keys_.back().key, sizeof(Key));
    keys_.pop_back();
}

void TicketKeys::rotate(const model::TlsTickets& settings, Clock::time_point now) {
    // A key opens tickets for as long as `keep` further ones would have been made, also where
    // nobody has come meanwhile who would have had them made.
    const auto lifetime = static_cast<std::int64_t>(settings.keep + 1) * settings.rotate;
    while (!keys_.empty() &&
           (keys_.size() > settings.keep + 1 || now - keys_.back().made >= lifetime)) {
        forget_oldest();
    }
}

const TicketKeys::Key* TicketKeys::newest(const model::TlsTickets& settings,
                                          Clock::time_point now) {
    if (keys_.empty() || now - keys_.front().made >= settings.rotate) {
        std::array<unsigned char, sizeof(Key)> random{};
        if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1) return nullptr;
        keys_.push_front({{}, now});
        std::memcpy(&keys_.front().key, random.data(), random.size());
        OPENSSL_cleanse(random.data(), random.size());
    }
    rotate(settings, now);
    return &keys_.front().key;
}

const TicketKeys::Key* TicketKeys::find(std::span<const unsigned char, 16> name,
                                        const model::TlsTickets& settings,
                                        Clock::time_point now) {
    rotate(settings, now);
    for (const Aged& aged : keys_) {
        if (std::equal(name.begin(), name.end(), aged.key.name.begin())) return &aged.key;
    }
    return nullptr;
}

void use_tickets(ssl_ctx_st* context, TicketSource& source) {
    const model::TlsTickets& settings = source.settings;
    const auto kept = static_cast<std::int64_t>(std::max<std::uint64_t>(settings.keep, 1)) *
                      std::chrono::duration_cast<std::chrono::seconds>(settings.rotate);
    SSL_CTX_set_app_data(context, &source);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
    SSL_CTX_set_timeout(context,
                        std::clamp(kept, std::chrono::seconds(1), longest_session).count());
}

}  // namespace protohost::net
