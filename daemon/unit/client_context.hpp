// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/base/error.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/tls_context.hpp"

namespace protohost::unit {

/// What a plugin is a TLS client with where its unit says nothing of one: it trusts whom this
/// system trusts. To read who they are takes about as long as a hundred handshakes, so it is made
/// when it is first wanted, once, and beside the loop. All [loop].
class ClientContext {
public:
    /// `name` is the unit's. `executor` outlives this.
    ClientContext(net::Executor& executor, std::string name)
        : executor_(executor), name_(std::move(name)) {}
    ~ClientContext() = default;
    ClientContext(const ClientContext&) = delete;
    ClientContext& operator=(const ClientContext&) = delete;

    using Made = base::Result<net::TlsContext::Pointer>;
    /// nullptr: it is being made, for who waits().
    Made get();

    /// 0 is none.
    using Id = std::uint64_t;
    using Done = std::function<void(const Made& made)>;
    /// After get(). `done` is called once, never from inside this call, unless it is forgotten.
    Id wait(Done done);
    void forget(Id id) { waiting_.erase(id); }

private:
    static Made make(const std::string& name);
    void finished(const Made& made);

    net::Executor& executor_;
    const std::string name_;
    net::TlsContext::Pointer made_;
    bool making_ = false;
    std::map<Id, Done> waiting_;
    Id last_ = 0;
    /// What the executor calls may come when this is gone.
    const std::shared_ptr<void> alive_ = std::make_shared<int>();
};

}  // namespace protohost::unit
