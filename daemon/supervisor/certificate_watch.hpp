// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "daemon/base/log.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/folder_watch.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/supervisor/expiry_warnings.hpp"
#include "daemon/supervisor/tls_contexts.hpp"

namespace protohost::supervisor {

/// Sees when the files of `tls:` change, and makes new contexts of them. What cannot be used is not
/// used: the unit keeps what it has, and that is said once. [loop]
///
/// The folders are watched, and all files compared once a minute besides, for what no watch sees.
class CertificateWatch {
public:
    /// Takes the new context of a unit, whose context so far is `former`.
    using Replace = std::function<void(const std::string& unit,
                                       const net::TlsContext::Pointer& former,
                                       const net::TlsContext::Pointer& next)>;

    CertificateWatch(net::Loop& loop, Replace replace);
    ~CertificateWatch();
    CertificateWatch(const CertificateWatch&) = delete;
    CertificateWatch& operator=(const CertificateWatch&) = delete;

    /// From now on the files of these.
    void watch(const TlsContexts& contexts);

    /// Why the files of a unit are not what it shows; empty: they are, or nobody has seen yet.
    std::string problem(const std::string& unit) const;

private:
    struct Look;
    struct Suspicion {
        std::string text;
        std::chrono::steady_clock::time_point since{};
    };

    void changed();
    void look();
    void seen(Look& look);
    void found(const std::string& unit, const Look& look);
    void warn_of_ends();
    /// The files of `unit` cannot be used.
    void suspect(const std::string& unit, const std::string& title, const base::Errors& errors);

    base::Log log_{"supervisor"};
    Replace replace_;
    TlsContexts contexts_;
    std::map<std::string, std::string> problems_;  ///< that have been said
    std::map<std::string, Suspicion> suspicions_;  ///< that may be over soon
    ExpiryWarnings ends_;
    bool looking_ = false;
    bool again_ = false;
    net::FolderWatch folders_;
    std::set<std::string> watched_;
    net::Timer settle_;
    net::Timer doubt_;
    net::Timer poll_;
    /// One thread; last, so that nothing is read when the rest goes.
    net::Executor worker_;
};

}  // namespace protohost::supervisor
