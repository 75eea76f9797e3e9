// SPDX-License-Identifier: MIT
#include "daemon/control/permissions.hpp"

#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::control {
namespace {

using Accounts = std::vector<model::Located<model::Account>>;

Accounts users(std::initializer_list<std::string> names) {
    Accounts accounts;
    for (const std::string& name : names) accounts.push_back({{name, false}, {}});
    return accounts;
}
Accounts groups(std::initializer_list<std::string> names) {
    Accounts accounts;
    for (const std::string& name : names) accounts.push_back({{name, true}, {}});
    return accounts;
}

Permissions look_up(const model::ControlSettings& settings) {
    base::Errors errors;
    auto found = Permissions::look_up(settings, errors);
    EXPECT_TRUE(errors.empty());
    return found;
}

const Peer stranger{1, 54321, {54321}};

TEST(Permissions, RootAndTheDaemonsUserAdministerWhateverTheConfigurationSays) {
    const Permissions none = look_up({});
    EXPECT_EQ(none.role_of({1, 0, {}}), Role::administer);
    EXPECT_EQ(none.role_of({1, ::geteuid(), {}}), Role::administer);
    EXPECT_EQ(none.role_of(stranger), Role::nobody);
    EXPECT_FALSE(none.others());
}

TEST(Permissions, AreGivenByUserOrByAnyGroupAndTheHighestCounts) {
    model::ControlSettings settings;
    settings.read = groups({"100"});
    settings.operate = users({"54321"});
    settings.administer = groups({"300"});
    const Permissions some = look_up(settings);
    EXPECT_TRUE(some.others());
    EXPECT_EQ(some.role_of({1, 7777, {100}}), Role::read);
    EXPECT_EQ(some.role_of({1, 7777, {5, 100, 300}}), Role::administer);
    EXPECT_EQ(some.role_of(stranger), Role::operate);
    EXPECT_EQ(some.role_of({1, 7777, {54321}}), Role::nobody) << "a group is not a user";
}

TEST(Permissions, NamesAreLookedUpAndUnknownOnesReportedWithTheirPlace) {
    model::ControlSettings settings;
    settings.read = users({"root", "nobody-of-this-name"});
    settings.operate = groups({"root", "no-group-of-this-name"});
    base::Errors errors;
    const Permissions found = Permissions::look_up(settings, errors);
    ASSERT_EQ(errors.size(), 2u);
    EXPECT_NE(errors[0].where.find("control.read"), std::string::npos);
    EXPECT_NE(errors[1].where.find("control.operate"), std::string::npos);
    EXPECT_EQ(found.role_of({1, 7777, {0}}), Role::operate);
}

TEST(Permissions, OfAPeerAreTheKernelsWord) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const base::Descriptor first(ends[0]);
    const base::Descriptor second(ends[1]);
    const Peer peer = peer_of(first.get());
    EXPECT_EQ(peer.pid, ::getpid());
    EXPECT_EQ(peer.uid, ::geteuid());
    EXPECT_TRUE(peer.groups.contains(::getegid()));
}

}  // namespace
}  // namespace protohost::control
