// SPDX-License-Identifier: MIT
#include "daemon/unit/client_context.hpp"

namespace protohost::unit {

ClientContext::Made ClientContext::make(const std::string& name) {
    model::Tls tls;
    tls.peer.verify = model::TlsPeer::Verify::required;
    return net::TlsContext::create(tls, net::TlsContext::Role::client, name, 0);
}

ClientContext::Made ClientContext::get() {
    if (made_ != nullptr || making_) return made_;
    const auto made = std::make_shared<std::optional<Made>>();
    // Nobody's: no unit has to wait for it with its end.
    const auto submitted = executor_.submit(
        nullptr,
        [name = name_, made] { made->emplace(make(name)); },
        [this, made, alive = std::weak_ptr<void>(alive_)](const net::Executor::Outcome& outcome) {
            if (alive.expired()) return;
            finished(*made ? **made : Made(base::failure(name_, outcome.text)));
        });
    making_ = submitted != 0;
    if (making_) return made_;
    auto here = make(name_);
    if (here) made_ = *here;
    return here;
}

ClientContext::Id ClientContext::wait(Done done) {
    waiting_.emplace(++last_, std::move(done));
    return last_;
}

void ClientContext::finished(const Made& made) {
    making_ = false;
    if (made) made_ = *made;
    // One at a time: what one of them does may forget others.
    while (!waiting_.empty()) {
        const auto first = waiting_.extract(waiting_.begin());
        first.mapped()(made);
    }
}

}  // namespace protohost::unit
