// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <yaml-cpp/exceptions.h>

#include "daemon/base/error.hpp"
#include "daemon/config/tree_builder.hpp"
#include "daemon/model/node.hpp"
#include "daemon/model/place.hpp"

namespace protohost::config {

/// What the parser found wrong with `text`, in the words of someone who edits the file. `builder`
/// knows how far it came.
base::Error explain(const YAML::Exception& exception,
                    std::string_view text,
                    const TreeBuilder& builder);

/// Something follows at `place` when the document is complete: a second document, or a line that
/// does not fit what is before it.
base::Error explain_second_document(std::string_view text,
                                    const model::Place& place,
                                    const model::Node& first);

}  // namespace protohost::config
