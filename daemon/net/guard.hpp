// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "daemon/base/failure.hpp"
#include "daemon/net/loop.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// Calls into a plugin. The SDK lets nothing unwind across the border; a plugin that is built
/// without it, and throws, is caught here all the same.
template <class F>
ph_status guarded(Loop& loop, F&& call) {
    const CallbackScope scope(loop);
    try {
        const ph_status status = std::forward<F>(call)();
        if (status >= 0 && scope.outermost()) base::forget_failure();
        return status;
    } catch (const std::exception& exception) {
        base::set_failure(std::string("an exception crossed the border: ") + exception.what());
    } catch (...) {
        base::set_failure("an exception crossed the border");
    }
    return PH_E_EXCEPTION;
}

}  // namespace protohost::net
