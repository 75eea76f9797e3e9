// SPDX-License-Identifier: MIT
#include "daemon/plugin/guard.hpp"

#include <string_view>

#include "daemon/base/format.hpp"

namespace protohost::plugin {
namespace {

std::string_view status_words(ph_status status) {
    switch (status) {
        case PH_E_FAIL:
            return "failed";
        case PH_E_INVAL:
            return "an argument is wrong";
        case PH_E_NOMEM:
            return "out of memory";
        case PH_E_CLOSED:
            return "the transport is closed";
        case PH_E_CANCELLED:
            return "cancelled";
        case PH_E_AGAIN:
            return "not now";
        case PH_E_UNSUPPORTED:
            return "not supported";
        case PH_E_EXCEPTION:
            return "threw an exception";
        case PH_E_BUSY:
            return "busy";
        case PH_E_WRONG_THREAD:
            return "called on the wrong thread";
        case PH_E_LIMIT:
            return "over a limit";
        case PH_E_OS:
            return "a system call failed";
        case PH_E_TIMEOUT:
            return "timed out";
        case PH_E_EOF_WRITTEN:
            return "written after the end";
        case PH_E_RESOLVE:
            return "the name has no address";
        case PH_E_TLS:
            return "TLS failed";
        case PH_E_TRUNCATED:
            return "the peer's stream was cut off";
        default:
            return "";
    }
}

}  // namespace

std::string failure_text(ph_status status) {
    std::string text = base::take_failure();
    if (!text.empty()) return text;
    const std::string_view words = status_words(status);
    if (!words.empty()) return base::format("{}, without saying why", words);
    return base::format("failed with status {}, without saying why", status);
}

}  // namespace protohost::plugin
