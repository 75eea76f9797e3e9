// SPDX-License-Identifier: MIT
#include <memory>

#include <protohost/plugin.hpp>

// No test builds this into anything: the compiler has to refuse it, in words of the SDK's.

class Nothing final : public protohost::Protocol {};

PROTOHOST_PLUGIN("a_name_of_thirty_two_characters_",
                 "1.0.0-a_version_that_is_far_too_long",
                 protohost::factory<Nothing>("nothing", "does nothing"));
