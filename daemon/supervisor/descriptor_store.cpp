// SPDX-License-Identifier: MIT
#include "daemon/supervisor/descriptor_store.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "daemon/base/digest.hpp"
#include "daemon/base/format.hpp"
#include "daemon/net/socket_file.hpp"

namespace protohost::supervisor {

namespace {

/// No socket unit calls its sockets so.
constexpr std::string_view prefix = "stored|";
/// Of a name that systemd takes.
constexpr std::size_t longest_name = 255;
constexpr std::chrono::seconds patience{5};

/// What a name may hold: ASCII without blanks, colons, and our own separator.
std::string escaped(std::string_view key) {
    std::string text;
    for (const char c : key) {
        const bool plain = c > ' ' && c < 0x7f && c != ':' && c != '|' && c != '%';
        text += plain ? std::string(1, c) : base::format("%{:02x}", static_cast<unsigned char>(c));
    }
    constexpr std::size_t rest = 110;  // the prefix, a file's identity, the unit's name
    return text.size() + rest <= longest_name
               ? text
               : "sha256=" + base::sha256(std::as_bytes(std::span(key)));
}

/// "stored|tcp%3a//0.0.0.0%3a80|65025.1234|web".
std::string name_of(const unit::BoundSocket& socket) {
    const net::FileIdentity file =
        socket.file != nullptr ? socket.file->identity() : net::FileIdentity{};
    return base::format(
        "{}{}|{}.{}|{}", prefix, escaped(socket.key), file.device, file.inode, socket.unit);
}

struct Parsed {
    std::string_view key;  ///< escaped
    net::FileIdentity file;
};

std::optional<Parsed> parse(std::string_view name) {
    if (!name.starts_with(prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    const auto cut = [&name](char separator) {
        const std::string_view before = name.substr(0, name.find(separator));
        name.remove_prefix(std::min(name.size(), before.size() + 1));
        return before;
    };
    Parsed parsed;
    parsed.key = cut('|');
    const std::string_view device = cut('.');
    const std::string_view inode = cut('|');
    std::from_chars(device.data(), device.data() + device.size(), parsed.file.device);
    std::from_chars(inode.data(), inode.data() + inode.size(), parsed.file.inode);
    return parsed;
}

ino_t inode_of(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

DescriptorStore::DescriptorStore(base::ServiceSocket socket,
                                 std::vector<base::PassedDescriptor>& passed)
    : socket_(std::move(socket)) {
    for (base::PassedDescriptor& each : passed) {
        const auto parsed = parse(each.name);
        if (!parsed) continue;
        stored_[each.name].insert(inode_of(each.descriptor.get()));
        Kept& kept = kept_[each.name];
        kept.key = parsed->key;
        kept.sockets.push_back({std::move(each.descriptor), parsed->file});
    }
    std::erase_if(passed, [](const auto& each) { return !each.descriptor; });
}

std::size_t DescriptorStore::keep_only(const std::set<std::string>& keys) {
    std::set<std::string> wanted;
    for (const std::string& key : keys) wanted.insert(escaped(key));
    std::size_t given_up = 0;
    for (auto entry = kept_.begin(); entry != kept_.end();) {
        if (wanted.contains(entry->second.key)) {
            ++entry;
            continue;
        }
        given_up += entry->second.sockets.size();
        remove(entry->first);
        entry = kept_.erase(entry);
    }
    if (given_up > 0) socket_.wait_until_heard(patience);
    return given_up;
}

std::vector<net::KeptSocket> DescriptorStore::take(const std::string& key) {
    const std::string wanted = escaped(key);
    std::vector<net::KeptSocket> taken;
    for (auto& [name, kept] : kept_) {
        if (kept.key != wanted) continue;
        for (net::KeptSocket& socket : kept.sockets) taken.push_back(std::move(socket));
        kept.sockets.clear();
    }
    return taken;
}

void DescriptorStore::give_up(const std::string& key) {
    const std::string wanted = escaped(key);
    for (const auto& [name, kept] : kept_) {
        if (kept.key == wanted) remove(name);
    }
    socket_.wait_until_heard(patience);
}

void DescriptorStore::remove(const std::string& name) {
    if (stored_.erase(name) > 0) socket_.send("FDSTOREREMOVE=1\nFDNAME=" + name);
}

void DescriptorStore::leave(const std::vector<unit::BoundSocket>& open) const {
    if (!socket_) return;
    for (const unit::BoundSocket& socket : open) {
        if (socket.file != nullptr) socket.file->leave(true);
    }
}

void DescriptorStore::update(const std::vector<unit::BoundSocket>& open) {
    kept_.clear();
    for (const unit::BoundSocket& socket : open) {
        if (socket.file != nullptr) socket.file->leave(false);
    }
    if (!socket_) return;
    std::map<std::string, std::vector<const unit::BoundSocket*>> wanted;
    std::map<std::string, std::set<ino_t>> inodes;
    for (const unit::BoundSocket& socket : open) {
        const std::string name = name_of(socket);
        wanted[name].push_back(&socket);
        inodes[name].insert(inode_of(socket.descriptor));
    }
    // What is stored already keeps its name, so that the old one goes first.
    const auto stored = stored_;
    for (const auto& [name, sockets] : stored) {
        const auto found = inodes.find(name);
        if (found == inodes.end() || found->second != sockets) remove(name);
    }
    for (const auto& [name, sockets] : wanted) {
        if (stored_.contains(name)) continue;
        for (const unit::BoundSocket* const socket : sockets) {
            // Not polled: of a datagram socket an error would be taken for its end.
            socket_.send("FDSTORE=1\nFDPOLL=0\nFDNAME=" + name, socket->descriptor);
        }
        stored_[name] = inodes.at(name);
    }
}

}  // namespace protohost::supervisor
