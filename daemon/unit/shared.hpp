// SPDX-License-Identifier: MIT
#pragma once

namespace protohost::net {
class Executor;
class Loop;
class Resolver;
}  // namespace protohost::net

namespace protohost::unit {

/// What all units of the process have in common. They outlive every unit.
struct Shared {
    net::Loop& loop;
    net::Resolver& resolver;
    net::Executor& executor;
};

}  // namespace protohost::unit
