// SPDX-License-Identifier: MIT
#include "daemon/net/tls_pair.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "daemon/base/format.hpp"
#include "daemon/base/timestamp.hpp"

namespace protohost::net {

namespace {

using Facts = std::vector<TlsCertificate>;

/// Instead of asking for a passphrase at the terminal.
int no_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

/// What is wrong with one pair, each at the key that is to blame.
class Complaints {
public:
    explicit Complaints(const std::string& name) : name_(name) {}

    void add(const model::Written& file, const std::string& what, std::string hint) {
        errors_.push_back(
            {file.where.empty() ? name_ : file.where, file.text + ' ' + what, std::move(hint), 0});
    }
    bool none() const { return errors_.empty(); }
    base::Errors take() { return std::move(errors_); }

private:
    const std::string& name_;
    base::Errors errors_;
};

OwnedKey read_key(const model::Written& file, const std::string& pem, Complaints& complaints) {
    bool is_encrypted = false;
    OwnedKey key(
        PEM_read_bio_PrivateKey(read_from(pem).get(), nullptr, no_passphrase, &is_encrypted));
    ERR_clear_error();
    if (is_encrypted) {
        complaints.add(file,
                       "is encrypted, and nobody is there to say the passphrase",
                       "openssl pkey -in " + file.text + " -out PLAIN.key");
    } else if (key == nullptr) {
        complaints.add(
            file, "has no private key in it", "a PEM file with BEGIN PRIVATE KEY is expected");
    }
    return key;
}

std::string ordinal(const Facts& all, std::size_t index) {
    return base::format("certificate {} ({})", index + 1, all[index].subject);
}

void check_dates(const model::Written& file, const Facts& all, Complaints& complaints) {
    const auto now = std::chrono::system_clock::now();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].not_after < now) {
            complaints.add(file,
                           base::format("cannot be used any more: {} has expired at {}",
                                        ordinal(all, i),
                                        base::timestamp(all[i].not_after)),
                           "renew it");
        }
        if (all[i].not_before > now) {
            complaints.add(file,
                           base::format("cannot be used yet: {} begins at {}",
                                        ordinal(all, i),
                                        base::timestamp(all[i].not_before)),
                           "wait until then, or set the clock right");
        }
    }
}

bool was_issued_by(X509* issued, X509* issuer) {
    const bool is = X509_check_issued(issuer, issued) == X509_V_OK &&
                    X509_verify(issued, X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    return is;
}

void check_order(const model::Written& file,
                 const std::vector<OwnedCertificate>& certificates,
                 const Facts& all,
                 Complaints& complaints) {
    for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
        if (was_issued_by(certificates[i].get(), certificates[i + 1].get())) continue;
        complaints.add(
            file,
            base::format(
                "is no chain: {} was not issued by {}", ordinal(all, i), ordinal(all, i + 1)),
            "first the certificate itself, then whoever issued it, then whoever issued "
            "that");
    }
}

}  // namespace

std::vector<OwnedCertificate> certificates_in(const std::string& pem) {
    std::vector<OwnedCertificate> certificates;
    const OwnedBio text = read_from(pem);
    bool unused = false;
    ERR_clear_error();
    while (X509* const next = PEM_read_bio_X509(text.get(), nullptr, no_passphrase, &unused)) {
        certificates.emplace_back(next);
    }
    const unsigned long error = ERR_peek_last_error();
    const bool is_end =
        ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!is_end) certificates.clear();
    return certificates;
}

base::Result<LoadedPair> load_pair(const model::TlsPair& pair,
                                   const TlsFiles::Pair& files,
                                   const std::string& name) {
    Complaints complaints(name);
    auto certificates = certificates_in(files.certificate);
    if (certificates.empty()) {
        complaints.add(pair.certificate,
                       "has no certificate in it, or a damaged one",
                       "a PEM file with BEGIN CERTIFICATE is expected");
    }
    LoadedPair loaded;
    loaded.key = read_key(pair.key, files.key, complaints);
    if (!complaints.none()) return complaints.take();

    if (X509_check_private_key(certificates[0].get(), loaded.key.get()) != 1) {
        ERR_clear_error();
        complaints.add(pair.key,
                       "is not the key of " + pair.certificate.text,
                       "compare what openssl x509 -noout -pubkey and openssl pkey -pubout print");
    }
    Facts all;
    for (const auto& certificate : certificates) {
        all.push_back(describe(certificate.get(), pair.certificate.text));
    }
    check_dates(pair.certificate, all, complaints);
    check_order(pair.certificate, certificates, all, complaints);
    if (!complaints.none()) return complaints.take();

    loaded.facts = all[0];
    for (const TlsCertificate& one : all) {
        loaded.facts.not_after = std::min(loaded.facts.not_after, one.not_after);
    }
    loaded.certificate = std::move(certificates[0]);
    loaded.chain.assign(std::make_move_iterator(certificates.begin() + 1),
                        std::make_move_iterator(certificates.end()));
    return loaded;
}

}  // namespace protohost::net
