// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "daemon/base/json.hpp"
#include "daemon/supervisor/snapshot.hpp"
#include "daemon/unit/generation_status.hpp"

// The status as JSON. Every listing is a part of it: there is no second set of names.

namespace protohost::control {

base::Json to_json(const supervisor::Snapshot& snapshot);
base::Json to_json(const supervisor::ReloadRecord& record);
base::Json to_json(const unit::UnitSnapshot& unit);
base::Json to_json(const unit::ConnectionSnapshot& connection);
base::Json to_json(const unit::GenerationStatus& generation);
base::Json to_json(const supervisor::CertificateStatus& certificate);

template <class T>
base::Json to_json(const std::vector<T>& values) {
    base::Json list = base::Json::array();
    for (const T& value : values) list.push_back(to_json(value));
    return list;
}

}  // namespace protohost::control
