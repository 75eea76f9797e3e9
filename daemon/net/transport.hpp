// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <protohost/abi.h>

namespace protohost::net {

/// What the border calls a ph_transport: the operations of every kind of transport, under asyncio's
/// names. Those that a kind does not have answer PH_E_UNSUPPORTED. All [loop].
class Transport {
public:
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    virtual void close() = 0;
    virtual void abort() = 0;
    virtual bool is_closing() const = 0;
    virtual ph_status get_extra_info(std::string_view name, ph_info& info) = 0;
    virtual ph_status set_protocol(ph_proto next) = 0;
    virtual ph_proto get_protocol() const = 0;

    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    virtual bool is_reading() const = 0;

    virtual ph_status write(const void* data, std::size_t size) = 0;
    virtual ph_status writelines(const ph_iov* pieces, std::size_t count) = 0;
    virtual ph_status write_owned(ph_iov data, ph_fn release, void* arg) = 0;
    virtual ph_status write_eof() = 0;
    virtual bool can_write_eof() const = 0;
    virtual ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) = 0;
    virtual void get_write_buffer_limits(std::size_t& low, std::size_t& high) const = 0;
    virtual std::size_t get_write_buffer_size() = 0;

    /// Never 0; stale once connection_lost has returned.
    virtual ph_ref ref() const = 0;

    /// What a plugin is given: not an address but a reference, so that a plugin which keeps it too
    /// long never reaches another connection.
    ph_transport* handle() { return std::bit_cast<ph_transport*>(ref()); }

protected:
    Transport() = default;
    ~Transport() = default;
};
static_assert(sizeof(ph_transport*) == sizeof(ph_ref));

}  // namespace protohost::net
