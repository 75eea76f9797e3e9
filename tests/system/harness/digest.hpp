// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace protohost::harness {

/// SHA-256 of bytes as they come.
class Digest {
public:
    Digest();

    void add(std::span<const char> bytes);
    /// In hexadecimal; nothing may be added afterwards.
    std::string finish();

private:
    std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace protohost::harness
