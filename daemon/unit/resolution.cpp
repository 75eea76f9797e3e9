// SPDX-License-Identifier: MIT
#include "daemon/unit/resolution.hpp"

#include <string>
#include <utility>

#include "daemon/model/quantity.hpp"

namespace protohost::unit {

namespace {

bool is_ip(const model::Address& address) {
    return address.kind == model::Address::Kind::tcp || address.kind == model::Address::Kind::udp;
}

}  // namespace

Resolution::Resolution(const Shared& shared,
                       const std::vector<model::Address>& questions,
                       std::chrono::nanoseconds timeout,
                       Done done)
    : loop_(shared.loop),
      resolver_(shared.resolver),
      done_(std::move(done)),
      deadline_(shared.loop),
      found_(questions.size()),
      missing_(questions.size()) {
    for (std::size_t i = 0; i < questions.size(); ++i) ask(i, questions[i]);
    if (missing_ == 0 || failed_) {
        finish();
        return;
    }
    deadline_.start(timeout, [this, timeout, names = questions] {
        std::string text = "gave up after " + model::format_duration(timeout);
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (found_[i].empty()) {
                text += ": the name in " + model::to_string(names[i]) + " is still being resolved";
            }
        }
        fail({PH_E_TIMEOUT, 0, std::move(text)});
    });
}

Resolution::~Resolution() {
    stop();
}

void Resolution::ask(std::size_t index, const model::Address& question) {
    if (!is_ip(question)) {
        const auto address = net::SocketAddress::of_unix(question);
        if (!address) return fail({PH_E_INVAL, 0, base::to_string(address.error().front())});
        found_[index] = {*address};
        --missing_;
        return;
    }
    const auto answered = [this, index](const net::Resolver::Answer& answer) {
        if (!answer) return fail({PH_E_RESOLVE, 0, answer.error().front().what});
        found_[index] = *answer;
        if (--missing_ == 0) finish();
    };
    asked_.push_back(resolver_.resolve(question, answered));
}

void Resolution::fail(OpenError error) {
    if (std::exchange(failed_, true)) return;
    error_ = std::move(error);
    finish();
}

void Resolution::finish() {
    stop();
    if (!is_linked()) loop_.call_soon(*this);
}

void Resolution::stop() {
    deadline_.cancel();
    for (const net::Resolver::Id id : std::exchange(asked_, {})) resolver_.cancel(id);
}

void Resolution::run() {
    // It may destroy this.
    const Done done = std::move(done_);
    const OpenError error = std::move(error_);
    done(failed_ ? &error : nullptr, std::exchange(found_, {}));
}

}  // namespace protohost::unit
