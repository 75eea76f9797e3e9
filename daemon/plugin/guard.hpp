// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>

#include "daemon/base/failure.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// The border: calls plugin code and lets nothing unwind out of it. An exception becomes
/// PH_E_EXCEPTION, and its text the failure's. What an earlier call left as text is dropped first.
/// It is a belt only: a plugin with its own C++ runtime linked in cannot be caught, which is why
/// the SDK's own functions catch on the other side.
template <class Call>
ph_status guarded(Call&& call) {
    base::take_failure();
    try {
        return call();
    } catch (const std::exception& error) {
        base::set_failure(std::string("threw an exception: ") + error.what());
    } catch (...) {
        base::set_failure("threw an exception of an unknown type");
    }
    return PH_E_EXCEPTION;
}

/// The text of a call that has just failed with `status`, or a few words for the status itself.
std::string failure_text(ph_status status);

}  // namespace protohost::plugin
