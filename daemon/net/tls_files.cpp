// SPDX-License-Identifier: MIT
#include "daemon/net/tls_files.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <openssl/crypto.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/digest.hpp"
#include "daemon/base/format.hpp"

namespace protohost::net {

namespace {

/// The authorities of a whole operating system have a quarter of it.
constexpr std::size_t largest = 1024 * 1024;

class Reader {
public:
    explicit Reader(const std::string& name) : name_(name) {}

    /// Empty where it cannot be read; that is then among the errors.
    std::string read(const model::Written& path, bool is_secret) {
        const base::Descriptor file(
            ::open(path.text.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
        struct stat status {};
        if (!file || ::fstat(file.get(), &status) != 0) return unreadable(path);
        if (!S_ISREG(status.st_mode)) return refuse(path, "is no regular file");
        if (is_secret && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
            return refuse(
                path,
                base::format("holds a private key, and others can get at it (mode {:04o})",
                             status.st_mode & 07777),
                "chmod g-w,o= " + path.text);
        }
        std::string text;
        if (!read_all(file.get(), text)) return unreadable(path);
        if (text.size() > largest) return refuse(path, "is larger than 1 MiB");
        return text;
    }

    base::Errors take_errors() { return std::move(errors_); }

private:
    static bool read_all(int file, std::string& text) {
        std::array<char, 16 * 1024> part;
        ssize_t got = 1;
        while (got != 0 && text.size() <= largest) {
            got = ::read(file, part.data(), part.size());
            if (got < 0 && errno != EINTR) return false;
            if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
        }
        OPENSSL_cleanse(part.data(), part.size());
        return true;
    }

    std::string unreadable(const model::Written& path) {
        return refuse(path, std::string("cannot be read: ") + std::strerror(errno), "", errno);
    }

    std::string refuse(const model::Written& path,
                       const std::string& what,
                       std::string hint = {},
                       int os_errno = 0) {
        errors_.push_back({path.where.empty() ? name_ : path.where,
                           path.text + ' ' + what,
                           std::move(hint),
                           os_errno});
        return {};
    }

    const std::string& name_;
    base::Errors errors_;
};

std::string digest_of(const TlsFiles& files) {
    const auto digest = [](const std::string& text) {
        return base::sha256(std::as_bytes(std::span(text)));
    };
    std::string digests = digest(files.ca);
    for (const TlsFiles::Pair& pair : files.pairs) {
        digests += digest(pair.certificate) + digest(pair.key);
    }
    return digest(digests);
}

}  // namespace

TlsFiles::~TlsFiles() {
    for (Pair& pair : pairs) OPENSSL_cleanse(pair.key.data(), pair.key.size());
}

base::Result<TlsFiles> read_tls_files(const model::Tls& tls, const std::string& name) {
    Reader reader(name);
    TlsFiles files;
    files.pairs.reserve(tls.certificates.size());
    for (const model::TlsPair& pair : tls.certificates) {
        const bool together = pair.key == pair.certificate;
        TlsFiles::Pair& read = files.pairs.emplace_back();
        if (!together) read.certificate = reader.read(pair.certificate, false);
        read.key = reader.read(pair.key, true);
        if (together) read.certificate = read.key;
    }
    if (!tls.peer.ca.text.empty()) files.ca = reader.read(tls.peer.ca, false);
    if (auto errors = reader.take_errors(); !errors.empty()) return errors;
    files.digest = digest_of(files);
    return files;
}

}  // namespace protohost::net
