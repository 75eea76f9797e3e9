// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/loop.hpp"

namespace protohost::net {

/// The folders in which something has to change for `file` to become another one, or to get other
/// bytes: its own, and those of every symbolic link on the way to it. What cannot be found ends
/// the way. [any] Blocks.
std::set<std::string> folders_on_the_way_to(const std::string& file);

/// Tells when something in certain folders has been written, put there, or taken away: by inotify,
/// so not what happens on another machine, and not what a file is mapped for. [loop]
class FolderWatch final : private EventSink {
public:
    /// `changed` is called on the loop, once for however much has happened by then.
    FolderWatch(Loop& loop, std::function<void()> changed);
    ~FolderWatch() override;

    /// From now on these. Which cannot be watched are left out: they are returned.
    std::set<std::string> watch(const std::set<std::string>& folders);

private:
    void on_events(std::uint32_t events) override;

    Loop& loop_;
    std::function<void()> changed_;
    base::Descriptor inotify_;
    std::map<std::string, int> watched_;
};

}  // namespace protohost::net
