// SPDX-License-Identifier: MIT
#include "daemon/supervisor/certificate_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"
#include "daemon/base/timestamp.hpp"

namespace protohost::supervisor {

namespace events = base::events;

namespace {

/// A program that renews certificates writes several files: they are read when it is through.
constexpr std::chrono::milliseconds settling{100};
/// What is wrong still after so long is not half of a renewal any more.
constexpr std::chrono::milliseconds patience{1000};
constexpr std::chrono::seconds polling{60};

std::set<std::string> files_of(const model::Tls& tls) {
    std::set<std::string> files;
    for (const model::TlsPair& pair : tls.certificates) {
        files.insert(pair.certificate.text);
        files.insert(pair.key.text);
    }
    if (!tls.peer.ca.text.empty()) files.insert(tls.peer.ca.text);
    return files;
}

}  // namespace

/// One comparison of all files, beside the loop.
struct CertificateWatch::Look {
    TlsContexts before;
    std::map<std::string, base::Result<net::TlsContext::Pointer>> found{};
    std::set<std::string> folders{};

    void run() {
        for (const auto& [unit, context] : before) {
            found.emplace(unit, read_again(context));
            for (const std::string& file : files_of(context->settings())) {
                folders.merge(net::folders_on_the_way_to(file));
            }
        }
    }
};

CertificateWatch::CertificateWatch(net::Loop& loop, Replace replace)
    : replace_(std::move(replace)),
      folders_(loop, [this] { changed(); }),
      settle_(loop),
      doubt_(loop),
      poll_(loop),
      worker_(loop, 1) {}

CertificateWatch::~CertificateWatch() = default;

void CertificateWatch::watch(const TlsContexts& contexts) {
    contexts_ = contexts;
    const auto gone = [&](const auto& entry) { return !contexts_.contains(entry.first); };
    std::erase_if(problems_, gone);
    std::erase_if(suspicions_, gone);
    if (contexts_.empty()) {
        settle_.cancel();
        doubt_.cancel();
        poll_.cancel();
        watched_.clear();
        folders_.watch(watched_);
        return;
    }
    // The folders are found on the way; and what has changed since the files were read.
    look();
}

std::string CertificateWatch::problem(const std::string& unit) const {
    const auto found = problems_.find(unit);
    return found != problems_.end() ? found->second : std::string();
}

void CertificateWatch::changed() {
    if (!settle_.running()) settle_.start(settling, [this] { look(); });
}

void CertificateWatch::look() {
    if (contexts_.empty()) return;
    again_ = looking_;
    if (std::exchange(looking_, true)) return;
    settle_.cancel();
    poll_.start(polling, [this] { look(); });
    const auto look = std::make_shared<Look>(Look{contexts_});
    const auto submitted = worker_.submit(
        this,
        [look] { look->run(); },
        [this, look](const net::Executor::Outcome& outcome) {
            looking_ = false;
            if (outcome.status >= 0) seen(*look);
        });
    if (submitted == 0) looking_ = false;  // no thread can be had now; poll_ comes again
}

void CertificateWatch::seen(Look& look) {
    // Between the reading and the watching something may have happened in a folder that is new.
    const bool are_new = !std::ranges::includes(watched_, look.folders);
    watched_ = look.folders;
    folders_.watch(watched_);
    for (const auto& entry : look.before) found(entry.first, look);
    warn_of_ends();
    if (std::exchange(again_, false) || are_new) this->look();
}

/// After each comparison of the files: at the start, after a change, and once a minute.
void CertificateWatch::warn_of_ends() {
    std::vector<net::TlsContext::Pointer> contexts;
    for (const auto& entry : contexts_) contexts.push_back(entry.second);
    for (const auto& warning : ends_.due(contexts, std::chrono::system_clock::now())) {
        log_.log(warning.ended ? base::Level::error : base::Level::warn,
                 {.id = events::certificate_expires, .unit = warning.unit},
                 "{}",
                 warning.text);
    }
}

void CertificateWatch::found(const std::string& unit, const Look& look) {
    const auto current = contexts_.find(unit);
    const auto& former = look.before.at(unit);
    if (current == contexts_.end() || current->second != former) return;  // replaced meanwhile
    const auto& next = look.found.at(unit);
    if (!next) return suspect(unit, former->name(), next.error());
    suspicions_.erase(unit);
    const bool was_wrong = problems_.erase(unit) > 0;
    if (*next == former) {
        if (was_wrong) {
            log_.info({.id = events::certificate_loaded, .unit = unit},
                      "{}: its files are what it shows again",
                      former->name());
        }
        return;
    }
    current->second = *next;
    for (const net::TlsCertificate& certificate : (*next)->certificates()) {
        log_.info({.id = events::certificate_loaded, .unit = unit},
                  "{}: new certificate {} for {}, until {}",
                  former->name(),
                  certificate.file,
                  certificate.subject,
                  base::timestamp(certificate.not_after));
    }
    replace_(unit, former, *next);
}

void CertificateWatch::suspect(const std::string& unit,
                               const std::string& title,
                               const base::Errors& errors) {
    std::string text;
    for (const base::Error& error : errors) {
        text += (text.empty() ? "" : "; ") + base::to_string(error);
    }
    if (problem(unit) == text) return;
    // Half of a renewal looks like this, too.
    const auto now = std::chrono::steady_clock::now();
    Suspicion& suspicion = suspicions_[unit];
    if (suspicion.text != text) suspicion = {text, now};
    if (now - suspicion.since < patience) {
        return doubt_.start(suspicion.since + patience, [this] { look(); });
    }
    suspicions_.erase(unit);
    auto about = base::place_of(errors.front());
    about.id = events::certificate_refused;
    about.unit = unit;
    log_.error(about, "{}: {}; it keeps the certificates that it has", title, text);
    problems_.insert_or_assign(unit, std::move(text));
}

}  // namespace protohost::supervisor
