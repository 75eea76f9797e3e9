// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "tests/daemon/unit/rig.hpp"

namespace protohost::unit::testing {
namespace {

TEST(ReplacedFactory, IsReplacedAgainInTheSameTurn) {
    Rig rig;
    Puppet& puppet = rig.listener(listen({"tcp://127.0.0.1:0"}));
    const Puppet& second = rig.listener();
    const Puppet& third = rig.listener();
    puppet.start();
    puppet.use(second);
    puppet.use(third);
    rig.run_ready();
    EXPECT_TRUE(puppet.unit().serving());
}

}  // namespace
}  // namespace protohost::unit::testing
