// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace protohost::base {

/// The text that a plugin gives for the status it is about to return (`host->fail`). One per
/// thread: a plugin call sets it, and whoever made the call takes it when the status is negative.
void set_failure(std::string_view text);

/// Drops the text of a call that said it and then succeeded all the same. Costs next to nothing.
void forget_failure();

/// Takes the text away, so that it cannot be mistaken for a later call's.
std::string take_failure();

}  // namespace protohost::base
