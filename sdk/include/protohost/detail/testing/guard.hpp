// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <protohost/abi.h>

namespace protohost::detail::testing {

/// What ph_host.fail has said about the callback that this thread is in.
struct Failure {
    std::string text;
    unsigned depth = 0;
};

inline Failure& failure() {
    static thread_local Failure current;
    return current;
}

/// The text of the failure, which is then forgotten.
inline std::string take_failure() {
    std::string text = std::exchange(failure().text, {});
    return text.empty() ? "failed without saying why" : text;
}

/// Calls into the code under test, as the daemon does: what it throws becomes a status and a text.
template <class F>
ph_status guarded(F&& call) {
    Failure& current = failure();
    const unsigned depth = current.depth++;
    ph_status status = PH_E_EXCEPTION;
    try {
        status = std::forward<F>(call)();
        // A callback inside a callback leaves the text of the outer one alone.
        if (status >= 0 && depth == 0) current.text.clear();
    } catch (const std::exception& exception) {
        current.text = std::string("an exception crossed the border: ") + exception.what();
    } catch (...) {
        current.text = "an exception crossed the border";
    }
    current.depth = depth;
    return status;
}

}  // namespace protohost::detail::testing
