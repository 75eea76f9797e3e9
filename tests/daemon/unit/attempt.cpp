// SPDX-License-Identifier: MIT
#include "tests/daemon/unit/attempt.hpp"

#include <gtest/gtest.h>

#include <protohost/detail/process.hpp>

namespace protohost::unit::testing {

namespace {

Attempt& attempt(void* arg) {
    return *static_cast<Attempt*>(arg);
}

}  // namespace

Attempt::Attempt(Puppet& puppet, std::uint32_t kind) : puppet_(puppet), kind_(kind) {}

Attempt::~Attempt() {
    EXPECT_EQ(done, op != 0 ? 1u : 0u);
    EXPECT_EQ(dropped, op != 0 ? 1u : 0u);
}

ph_open Attempt::request() {
    ph_open open{};
    open.size = sizeof open;
    open.address = detail::to_abi(address);
    open.local = detail::to_abi(local);
    open.descriptor = descriptor;
    open.timeout = timeout;
    open.make = [](void* self, ph_proto* out) { return attempt(self).make(*out); };
    open.drop = [](void* self) { attempt(self).drop(); };
    open.arg = this;
    return open;
}

void Attempt::open(Open ph_loop_api::*service) {
    const ph_open what = request();
    inside_ = true;
    op = (puppet_.api().*service)(
        puppet_.context(), &what, [](void* self, const ph_error* why, ph_transport* opened) {
            EXPECT_NE(why == nullptr, opened == nullptr);
            attempt(self).transport = opened;
            attempt(self).told(why);
        });
    inside_ = false;
}

void Attempt::run(Run ph_loop_api::*service) {
    const detail::ProcessDescription process(arguments, options);
    const ph_open what = request();
    inside_ = true;
    op = (puppet_.api().*service)(puppet_.context(),
                                  &what,
                                  process.get(),
                                  [](void* self, const ph_error* why, ph_transport* opened) {
                                      EXPECT_NE(why == nullptr, opened == nullptr);
                                      attempt(self).transport = opened;
                                      attempt(self).told(why);
                                  });
    inside_ = false;
}

void Attempt::serve(Serve ph_loop_api::*service) {
    const ph_open what = request();
    inside_ = true;
    op = (puppet_.api().*service)(
        puppet_.context(), &what, [](void* self, const ph_error* why, ph_server* opened) {
            EXPECT_NE(why == nullptr, opened == nullptr);
            attempt(self).server = opened;
            attempt(self).told(why);
        });
    inside_ = false;
}

ph_status Attempt::cancel() {
    inside_ = true;
    const ph_status answer = puppet_.api().cancel(puppet_.context(), op);
    inside_ = false;
    return answer;
}

ph_status Attempt::make(ph_proto& out) {
    EXPECT_FALSE(inside_);
    EXPECT_EQ(dropped, 0u);
    ++made;
    const detail::Context context{&puppet_.host(), puppet_.context()};
    return detail::guarded(context, [&] {
        if (in_make) in_make();
        out = detail::Binding::bind(context, puppet_.story.protocol(kind_));
        return ph_status{PH_OK};
    });
}

void Attempt::told(const ph_error* why) {
    EXPECT_FALSE(inside_) << "told from inside a call";
    EXPECT_EQ(dropped, 0u);
    EXPECT_EQ(++done, 1u);
    if (why != nullptr) {
        status = why->code;
        os_errno = why->os_errno;
        text = detail::from_abi(why->msg);
        EXPECT_LT(status, 0);
        EXPECT_NE(text, "");
    }
    if (in_done) in_done();
}

void Attempt::drop() {
    EXPECT_FALSE(inside_) << "dropped from inside a call";
    EXPECT_EQ(done, 1u) << "dropped before it was told";
    EXPECT_EQ(++dropped, 1u);
}

}  // namespace protohost::unit::testing
