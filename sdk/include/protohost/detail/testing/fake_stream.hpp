// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/detail/testing/write_queue.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::detail::testing {

using protohost::testing::Channel;
using protohost::testing::ConnectionSettings;

/// A stream transport, or one over a pipe, over a kernel that does what the test says: it takes as
/// much as it has room for, and delivers what it was fed.
class FakeStream final : public FakeTransport {
public:
    FakeStream(Unit& unit, const ConnectionSettings& settings)
        : FakeTransport(unit, settings.write_buffer), channel_(settings.channel) {
        if (channel_ != Channel::socket) return;
        set_extra_info("peername", settings.peername);
        set_extra_info("sockname", settings.sockname);
    }

    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    const char* descriptor_name() const { return channel_ == Channel::socket ? "socket" : "pipe"; }

    // The other side of the fake kernel.

    void feed_data(std::string_view data) {
        check_fed();
        incoming_ += data;
    }
    void feed_eof() {
        check_fed();
        incoming_end_ = true;
    }
    void break_connection(int os_errno) {
        broken_ = channel_ == Channel::write_pipe ? EPIPE : os_errno;
    }
    void set_room(std::size_t room) { room_ = room; }
    const std::string& sent() const { return sent_; }
    void forget_sent() { sent_.clear(); }
    bool eof_sent() const { return eof_sent_; }

    bool serves(ph_proto protocol) const override {
        if (protocol.ops == nullptr || protocol.ops->kind != PH_STREAM) return false;
        if (!PH_HAS(protocol.ops, connection_lost) || !PH_HAS(protocol.ops, destroy)) return false;
        const auto* ops = reinterpret_cast<const ph_stream_ops*>(protocol.ops);
        return PH_HAS(ops, data_received) || is_buffered(ops);
    }
    bool poll() override {
        if (channel_ == Channel::write_pipe && broken_ != 0 && !lost_) {
            reader_gone();
            return true;
        }
        const bool readable = listens() && (!incoming_.empty() || incoming_end_ || broken_ != 0);
        if (readable) on_readable();
        const bool writable = !is_flushed() && (room_ > 0 || broken_ != 0);
        if (writable) on_writable();
        return readable || writable;
    }

    ph_status write(const void* data, std::size_t size) override {
        const ph_status status = check_writable(size);
        if (status != PH_OK || size == 0) return status;
        if (passes_limit(size, size)) return PH_E_LIMIT;
        const std::string_view bytes(static_cast<const char*>(data), size);
        const std::size_t taken = queue_.empty() ? send(bytes) : 0;
        if (lost_) return PH_E_CLOSED;
        queue_.append(bytes.substr(taken));
        pause_if_over();
        return lost_ ? PH_E_CLOSED : PH_OK;
    }
    ph_status writelines(const ph_iov* pieces, std::size_t count) override {
        ph_status status = check_writable(0);
        for (std::size_t i = 0; i < count; ++i) {
            if (status == PH_OK) {
                status = write(pieces[i].p, pieces[i].n);
            } else {
                dropped_ += pieces[i].n;
            }
        }
        return status;
    }
    ph_status write_owned(ph_iov data, ph_fn release, void* arg) override {
        ph_status status = check_writable(data.n);
        if (status == PH_OK && data.n != 0 && passes_limit(data.n, data.n)) status = PH_E_LIMIT;
        if (status != PH_OK || data.n == 0) {
            give_back(release, arg);
            return status;
        }
        const std::string_view bytes(static_cast<const char*>(data.p), data.n);
        const std::size_t taken = queue_.empty() ? send(bytes) : 0;
        if (lost_ || taken == data.n) {
            give_back(release, arg);
            return lost_ ? PH_E_CLOSED : PH_OK;
        }
        queue_.append_owned(bytes.substr(taken), release, arg);
        pause_if_over();
        return lost_ ? PH_E_CLOSED : PH_OK;
    }
    ph_status write_eof() override {
        if (!writes()) return PH_E_UNSUPPORTED;
        // A pipe has one way: its end is the end.
        if (channel_ == Channel::write_pipe) {
            close();
            eof_requested_ = true;
            return PH_OK;
        }
        if (closing_ || eof_requested_) return PH_OK;
        eof_requested_ = true;
        if (is_flushed()) shut_down_writing();
        return PH_OK;
    }
    ph_status sendfile(const FileRange& file, FileSent done) override {
        if (!writes()) return PH_E_UNSUPPORTED;
        if (closing_) return PH_E_CLOSED;
        if (eof_requested_) return PH_E_EOF_WRITTEN;
        if (file_) return PH_E_BUSY;
        if (file.count == 0 || file.offset > INT64_MAX) return PH_E_INVAL;
        file_.emplace(SentFile{file, 0, std::move(done)});
        return PH_OK;
    }
    std::uint64_t cancel_sendfile() override {
        const std::uint64_t sent = file_ ? file_->sent : 0;
        file_.reset();
        flushed();
        return sent;
    }
    bool is_reading() const override { return FakeTransport::is_reading() && !file_; }
    bool can_write_eof() const override { return writes(); }
    std::size_t get_write_buffer_size() const override { return queue_.size(); }

private:
    static constexpr std::size_t most_at_once = 64 * 1024;  ///< in one data_received

    const ph_stream_ops& ops() const {
        return *reinterpret_cast<const ph_stream_ops*>(protocol_.ops);
    }
    DrainRequested drain_requested() const override {
        return PH_HAS(&ops(), drain_requested) ? ops().drain_requested : nullptr;
    }
    void callback_failed(Loss reason) override { lose(std::move(reason)); }
    static bool is_buffered(const ph_stream_ops* ops) {
        return PH_HAS(ops, get_buffer) && PH_HAS(ops, buffer_updated);
    }
    bool reads() const override { return channel_ != Channel::write_pipe; }
    bool writes() const override { return channel_ != Channel::read_pipe; }
    bool listens() const { return started_ && is_reading() && !eof_received_; }
    bool is_flushed() const override { return queue_.empty() && !file_; }

    void on_readable() {
        if (is_buffered(&ops())) return read_into_protocol();
        if (incoming_.empty()) return received_nothing();
        const std::string data = receive(most_at_once);
        call("data_received",
             [&](void* self) { return ops().data_received(self, data.data(), data.size()); });
    }
    void read_into_protocol() {
        const ph_proto lender = protocol_;
        void* data = nullptr;
        std::size_t room = 0;
        const bool lent = call(
            "get_buffer", [&](void* self) { return ops().get_buffer(self, -1, &data, &room); });
        // Whoever was put in its place is asked in the next round.
        if (!lent || !is_reading()) return;
        if (protocol_.self != lender.self || protocol_.ops != lender.ops) return;
        if (data == nullptr || room == 0) {
            return fail("get_buffer", PH_E_INVAL, "get_buffer() returned an empty buffer");
        }
        if (incoming_.empty()) return received_nothing();
        const std::string bytes = receive(room);
        std::memcpy(data, bytes.data(), bytes.size());
        call("buffer_updated",
             [&](void* self) { return ops().buffer_updated(self, bytes.size()); });
    }
    std::string receive(std::size_t most) {
        std::string data = incoming_.substr(0, most);
        incoming_.erase(0, data.size());
        return data;
    }
    void received_nothing() {
        if (broken_ != 0) return lose_os(broken_);
        eof_received_ = true;
        std::int32_t keep_open = 0;
        if (PH_HAS(&ops(), eof_received)) {
            const bool told = call(
                "eof_received", [&](void* self) { return ops().eof_received(self, &keep_open); });
            if (!told) return;
        }
        // Nothing can be written to it: there is nothing to keep open.
        if (keep_open == 0 || channel_ == Channel::read_pipe) close();
    }
    void reader_gone() { queue_.empty() ? lose({}) : lose_os(EPIPE); }
    void check_fed() const {
        if (!reads()) throw std::logic_error("nothing is received from a pipe that is written to");
    }

    ph_status check_writable(std::size_t size) {
        if (!writes()) return PH_E_UNSUPPORTED;
        if (eof_requested_) return PH_E_EOF_WRITTEN;
        if (file_) return PH_E_BUSY;
        if (!lost_) return PH_OK;
        dropped_ += size;
        return size == 0 ? PH_OK : PH_E_CLOSED;
    }
    /// How much of `data` the fake kernel takes.
    std::size_t send(std::string_view data) {
        if (broken_ != 0) {
            dropped_ += data.size();
            lose_os(broken_);
            return 0;
        }
        const std::size_t taken = std::min(room_, data.size());
        sent_ += data.substr(0, taken);
        if (room_ != unlimited) room_ -= taken;
        return taken;
    }
    void on_writable() {
        if (broken_ != 0) return lose_os(broken_);
        const std::size_t taken = send(queue_.front(std::min(room_, queue_.size())));
        queue_.consume(taken);
        resume_if_under();
        if (!lost_ && queue_.empty() && file_) send_file();
        flushed();
    }
    void flushed() {
        if (lost_ || !is_flushed()) return;
        if (closing_) {
            lose({});
        } else if (eof_requested_) {
            shut_down_writing();
        }
    }
    /// As much as there is room for; the rest in the next round.
    void send_file() {
        SentFile& file = *file_;
        std::string block(std::min({room_, most_at_once, file.range.count - file.sent}), '\0');
        const ssize_t got = ::pread(file.range.descriptor,
                                    block.data(),
                                    block.size(),
                                    static_cast<off_t>(file.range.offset + file.sent));
        if (got < 0) return end_file(PH_E_OS, errno);
        file.sent += send(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
        const bool at_end = got == 0 && !block.empty();
        if (at_end || file.sent == file.range.count) end_file(PH_OK, 0);
    }
    void end_file(ph_status status, int os_errno) {
        const SentFile file = std::move(*file_);
        file_.reset();
        core().schedule.do_soon(
            [file, status, os_errno] { file.done(status, os_errno, file.sent); });
    }
    void shut_down_writing() {
        if (eof_sent_) return;
        if (broken_ != 0) return lose_os(broken_);
        eof_sent_ = true;
    }
    std::size_t clear() override {
        const std::size_t dropped = queue_.size();
        if (file_) end_file(broken_ != 0 ? PH_E_OS : PH_E_CLOSED, broken_);
        queue_.clear();
        return dropped;
    }

    struct SentFile {
        FileRange range;
        std::uint64_t sent;
        FileSent done;
    };

    Channel channel_;
    std::string incoming_;
    bool incoming_end_ = false;
    int broken_ = 0;  ///< errno
    std::size_t room_ = unlimited;
    std::string sent_;
    bool eof_received_ = false;
    bool eof_requested_ = false;
    bool eof_sent_ = false;
    WriteQueue queue_;
    std::optional<SentFile> file_;  ///< comes behind the queue
};

}  // namespace protohost::detail::testing
