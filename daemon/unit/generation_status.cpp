// SPDX-License-Identifier: MIT
#include "daemon/unit/generation_status.hpp"

namespace protohost::unit {

std::string_view to_string(GenerationState state) {
    switch (state) {
        case GenerationState::loading:
            return "loading";
        case GenerationState::active:
            return "active";
        case GenerationState::draining:
            return "draining";
        case GenerationState::retiring:
            return "retiring";
        case GenerationState::retired:
            return "retired";
        case GenerationState::unmapped:
            return "unmapped";
        case GenerationState::failed:
            return "failed";
    }
    return {};
}

}  // namespace protohost::unit
