// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace protohost::harness {

/// Writes FOLDER/NAME.pem and FOLDER/NAME.key, which openssl makes: a P-256 certificate for `host`
/// and 127.0.0.1 that nobody else has signed. What was there is replaced.
void make_certificate(const std::string& folder,
                      const std::string& name,
                      const std::string& host,
                      int days = 30);

}  // namespace protohost::harness
