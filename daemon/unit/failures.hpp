// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace protohost::unit {

/// What has gone wrong with an endpoint, and what of that is news. Each cause is news once, not for
/// each attempt: a server that is away for a night would fill the log. Why an attempt failed is
/// news again once one has succeeded; why a connection was lost, once one has worked, for a server
/// that drops each connection at once lets every attempt succeed.
class Failures {
public:
    /// Both return whether the cause is news.
    bool attempt_failed(const std::string& cause);
    bool was_lost(const std::string& cause);

    void opened();
    void worked() { told_losses_.clear(); }
    /// What is opened from now on is something else.
    void forget_told();

    /// Attempts that have failed since it was open.
    std::uint64_t attempts() const { return attempts_; }
    /// The last cause of either kind since it was opened; empty: none.
    const std::string& last() const { return last_; }

private:
    bool tell(std::set<std::string>& told, const std::string& cause);

    std::uint64_t attempts_ = 0;
    std::set<std::string> told_attempts_;
    std::set<std::string> told_losses_;
    std::string last_;
};

}  // namespace protohost::unit
