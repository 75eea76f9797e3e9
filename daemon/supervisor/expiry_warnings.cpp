// SPDX-License-Identifier: MIT
#include "daemon/supervisor/expiry_warnings.hpp"

#include <array>
#include <limits>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/timestamp.hpp"
#include "daemon/unit/unit_log.hpp"

namespace protohost::supervisor {
namespace {

using std::chrono::system_clock;
using Days = std::chrono::duration<int, std::ratio<86400>>;

constexpr int ended = 0;
/// Enough to find out why a renewal does not come; to do it by hand; and the last moment.
constexpr std::array steps{ended, 1, 7, 21};
constexpr int far_off = std::numeric_limits<int>::max();

/// Which of the steps has been reached, or far_off.
int step_at(system_clock::duration left) {
    for (const int step : steps) {
        if (left <= Days(step)) return step;
    }
    return far_off;
}

std::string warning_of(const std::string& unit,
                       const net::TlsCertificate& certificate,
                       system_clock::duration left) {
    const std::string until = base::timestamp(certificate.not_after);
    if (left <= Days(0)) {
        return base::format(
            "{}: certificate {} for {} has ended, {}; whoever verifies it refuses "
            "the connection",
            unit,
            certificate.file,
            certificate.subject,
            until);
    }
    // As `list certificates` counts them.
    const int days = std::chrono::floor<Days>(left).count();
    return base::format("{}: certificate {} for {} ends in {}, {}",
                        unit,
                        certificate.file,
                        certificate.subject,
                        days == 0   ? std::string("less than a day")
                        : days == 1 ? std::string("1 day")
                                    : base::format("{} days", days),
                        until);
}

}  // namespace

std::vector<ExpiryWarnings::Warning> ExpiryWarnings::due(
    const std::vector<net::TlsContext::Pointer>& contexts, system_clock::time_point now) {
    std::vector<Warning> warnings;
    std::map<std::string, int> seen;
    for (const auto& context : contexts) {
        for (const net::TlsCertificate& certificate : context->certificates()) {
            const auto left = certificate.not_after - now;
            const int step = step_at(left);
            if (step == far_off) continue;
            const std::string key =
                context->name() + '\n' + certificate.file + '\n' + certificate.fingerprint;
            const bool is_new = seen.emplace(key, step).second;
            const auto former = said_.find(key);
            if (!is_new || (former != said_.end() && former->second <= step)) continue;
            warnings.push_back({std::string(unit::name_in(context->name())),
                                warning_of(context->name(), certificate, left),
                                step == ended});
        }
    }
    said_ = std::move(seen);
    return warnings;
}

}  // namespace protohost::supervisor
