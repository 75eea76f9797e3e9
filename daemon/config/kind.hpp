// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// A kind of value: how it is read, and how it is written so that it is read back as the same.
template <class T>
struct Kind {
    base::Result<T> (*read)(const model::Node&);
    model::Node (*write)(const T&);
};

}  // namespace protohost::config
