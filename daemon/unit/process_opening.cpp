// SPDX-License-Identifier: MIT
#include "daemon/unit/process_opening.hpp"

#include <utility>

#include "daemon/net/process_tree.hpp"
#include "daemon/net/replaced_protocol.hpp"
#include "daemon/net/subprocess_transport.hpp"

namespace protohost::unit {

void ProcessOpening::begin() {
    ProcessRequest& process = lookup_->process;
    if (request_.problem.empty()) request_.problem = process.problem;
    if (!request_.problem.empty()) return complete_soon();
    if (!process.names_somebody()) {
        lookup_->errors = process.resolve();
        return complete_soon();
    }
    id_ = services().shared().executor.submit(
        &services(),
        [lookup = lookup_] { lookup->errors = lookup->process.resolve(); },
        [this, alive = std::weak_ptr<void>(alive_)](const net::Executor::Outcome& outcome) {
            if (alive.expired() || std::exchange(id_, 0) == 0) return;
            if (outcome.status != PH_OK) request_.problem = outcome.text;
            proceed();
        });
    if (id_ == 0) {
        request_.problem = "no thread can be started to look up its user";
        complete_soon();
    }
}

bool ProcessOpening::withdraw() {
    if (id_ != 0) services().shared().executor.cancel(std::exchange(id_, 0));
    return true;
}

void ProcessOpening::proceed() {
    if (!request_.problem.empty()) {
        return complete_failed({lookup_->process.problem_status, 0, request_.problem});
    }
    if (!lookup_->errors.empty()) return complete_failed(OpenError::of(lookup_->errors));
    ph_proto protocol{};
    if (!make_protocol(PH_SUBPROCESS, protocol)) return;
    net::ProcessTree::mark_as_family(lookup_->process.plan);
    auto launched = net::SubprocessTransport::launch(services().shared().loop,
                                                     std::move(lookup_->process.plan),
                                                     lookup_->process.streams,
                                                     services().connections().settings(),
                                                     services().connections().transport_owner(),
                                                     services().binding());
    if (!launched) {
        net::destroy(services().shared().loop, protocol);
        return complete_failed(OpenError::of(launched.error()));
    }
    lookup_->process.copies.clear();
    opened(std::move(*launched), net::Role::process, protocol);
}

}  // namespace protohost::unit
