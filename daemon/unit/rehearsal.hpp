// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/plugin/factory.hpp"
#include "daemon/plugin/module.hpp"
#include "daemon/plugin/probe_message.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/host.hpp"

namespace protohost::unit {

/// The life of a plugin from its first constructor to its unload without a single connection, with
/// the daemon's own tables and on the threads that the daemon would use. Once in a process, which
/// nothing else of a plugin has been in.
class Rehearsal {
public:
    using Tell = std::function<void(const plugin::ProbeEvent&)>;

    /// `tell` is called on two threads, one after the other.
    Rehearsal(plugin::ProbeRequest request, Tell tell);
    ~Rehearsal();
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;

    void run();

private:
    struct Part {
        std::unique_ptr<ph_ctx> context;
        std::unique_ptr<plugin::Factory> factory;
    };

    // On a thread that is not the loop's.
    void load();
    void configure(const plugin::ProbeRequest::Binding& binding);
    // On the loop's.
    void release();
    bool quiesce();
    void unload();

    void step(std::string what);
    void failed(const base::Errors& errors);
    void warn(std::string what, std::string hint = {});
    void check_threads(const std::string& where);
    void check_descriptors();

    const plugin::ProbeRequest request_;
    const Tell tell_;
    net::Loop loop_;
    Host host_;
    std::unique_ptr<ph_ctx> context_;
    std::shared_ptr<plugin::Module> module_;
    std::vector<Part> parts_;
    std::map<int, std::string> descriptors_;  ///< what was open before
    std::size_t threads_ = 0;                 ///< how many there were before
    bool refused_ = false;
};

}  // namespace protohost::unit
