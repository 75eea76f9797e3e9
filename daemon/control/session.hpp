// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/json.hpp"
#include "daemon/control/message.hpp"
#include "daemon/control/permissions.hpp"
#include "daemon/net/transport.hpp"

#include <protohost/abi.h>

namespace protohost::control {

class Session;

/// One request that waits for its answer: given on, and answered once, now or in a later turn of
/// the loop. The session may be gone by then; the answer is then nobody's. [loop]
class Call {
public:
    Call(std::weak_ptr<Session> session, Peer peer, Role role, Request request)
        : session_(std::move(session)),
          peer_(std::move(peer)),
          role_(role),
          request_(std::move(request)) {}

    const Peer& peer() const { return peer_; }
    Role role() const { return role_; }
    const std::string& verb() const { return request_.verb; }
    const base::Json& arguments() const { return request_.arguments; }

    void answer(base::Json result) const;
    /// With what result_line() or error_line() made, on another thread perhaps.
    void answer_line(const std::string& line) const;
    void fail(Code code, const std::string& message, const base::Errors& errors = {}) const;

private:
    std::weak_ptr<Session> session_;
    Peer peer_;
    Role role_;
    Request request_;
};

/// One connection of the control socket: lines in, lines out, one request at a time. It is the
/// protocol of its transport, as a plugin's would be.
class Session : public std::enable_shared_from_this<Session> {
public:
    using Handler = std::function<void(Call call)>;

    /// `handler` gets each request in turn.
    Session(Peer peer, Role role, Handler handler)
        : peer_(std::move(peer)), role_(role), handler_(std::move(handler)) {}

    /// For `transport`, which is made for it: it holds the session until it ends.
    static ph_proto protocol(std::shared_ptr<Session> session, net::Transport& transport);

    /// The answer to the request that is under way.
    void answer(const std::string& line);

private:
    static const ph_stream_ops operations;

    void received(std::string_view bytes);
    void take_lines();
    void write(const std::string& line);

    Peer peer_;
    Role role_;
    Handler handler_;
    net::Transport* transport_ = nullptr;  ///< until it is lost
    std::string input_;
    bool busy_ = false;    ///< a request is under way
    bool taking_ = false;  ///< take_lines() is on the stack
    bool ended_ = false;   ///< the peer sends nothing more
};

}  // namespace protohost::control
