// SPDX-License-Identifier: MIT
#include "daemon/unit/checked_transport_api.hpp"

#include <type_traits>

#include "daemon/net/write_queue.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/entry_name.hpp"
#include "daemon/unit/transport_api.hpp"

namespace protohost::unit {

namespace {

const ph_transport_api& unchecked() {
    static const ph_transport_api api = transport_api();
    return api;
}

template <EntryName name, auto Entry>
struct Checked;

template <EntryName name,
          class Answer,
          class... Args,
          Answer (*ph_transport_api::*Entry)(ph_ctx*, Args...)>
struct Checked<name, Entry> {
    static Answer call(ph_ctx* ctx, Args... args) {
        if (ctx->is_on_loop(name.text)) return (unchecked().*Entry)(ctx, args...);
        if constexpr (std::is_same_v<Answer, ph_status>) {
            return PH_E_WRONG_THREAD;
        } else if constexpr (!std::is_void_v<Answer>) {
            return Answer{};
        }
    }
};

ph_status write_owned(ph_ctx* ctx, ph_transport* handle, ph_iov data, ph_fn release, void* arg) {
    if (ctx->is_on_loop("write_owned")) {
        return unchecked().write_owned(ctx, handle, data, release, arg);
    }
    net::WriteQueue::give_back(release, arg);
    return PH_E_WRONG_THREAD;
}

void get_write_buffer_limits(ph_ctx* ctx,
                             ph_transport* handle,
                             std::size_t* low,
                             std::size_t* high) {
    *low = 0;
    *high = 0;
    if (!ctx->is_on_loop("get_write_buffer_limits")) return;
    unchecked().get_write_buffer_limits(ctx, handle, low, high);
}

}  // namespace

ph_transport_api checked_transport_api() {
    using Api = ph_transport_api;
    Api api = unchecked();
    api.close = Checked<"close", &Api::close>::call;
    api.abort = Checked<"abort", &Api::abort>::call;
    api.is_closing = Checked<"is_closing", &Api::is_closing>::call;
    api.get_extra_info = Checked<"get_extra_info", &Api::get_extra_info>::call;
    api.set_protocol = Checked<"set_protocol", &Api::set_protocol>::call;
    api.get_protocol = Checked<"get_protocol", &Api::get_protocol>::call;
    api.pause_reading = Checked<"pause_reading", &Api::pause_reading>::call;
    api.resume_reading = Checked<"resume_reading", &Api::resume_reading>::call;
    api.is_reading = Checked<"is_reading", &Api::is_reading>::call;
    api.write = Checked<"write", &Api::write>::call;
    api.writelines = Checked<"writelines", &Api::writelines>::call;
    api.write_owned = write_owned;
    api.write_eof = Checked<"write_eof", &Api::write_eof>::call;
    api.can_write_eof = Checked<"can_write_eof", &Api::can_write_eof>::call;
    api.set_write_buffer_limits =
        Checked<"set_write_buffer_limits", &Api::set_write_buffer_limits>::call;
    api.get_write_buffer_limits = get_write_buffer_limits;
    api.get_write_buffer_size = Checked<"get_write_buffer_size", &Api::get_write_buffer_size>::call;
    api.ref = Checked<"ref", &Api::ref>::call;
    api.deref = Checked<"deref", &Api::deref>::call;
    api.sendto = Checked<"sendto", &Api::sendto>::call;
    api.get_pid = Checked<"get_pid", &Api::get_pid>::call;
    api.get_pipe_transport = Checked<"get_pipe_transport", &Api::get_pipe_transport>::call;
    api.get_returncode = Checked<"get_returncode", &Api::get_returncode>::call;
    api.send_signal = Checked<"send_signal", &Api::send_signal>::call;
    return api;
}

}  // namespace protohost::unit
