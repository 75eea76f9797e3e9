// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// A kind of value: how it is read, how it is written so that it is read back as the same, and what
/// it is in the words of JSON Schema.
template <class T>
struct Kind {
    base::Result<T> (*read)(const model::Node&);
    model::Node (*write)(const T&);
    model::Node (*shape)();
};

}  // namespace protohost::config
