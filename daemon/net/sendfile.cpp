// SPDX-License-Identifier: MIT
#include "daemon/net/sendfile.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {

namespace {

/// As much as one event may send, and have the kernel read from the disk.
constexpr std::size_t most_in_kernel = 256 * 1024;

/// Of a file or of a system that sendfile(2) does not serve.
bool needs_a_buffer(int error) {
    return error == EINVAL || error == ENOSYS || error == EOVERFLOW;
}

/// sendfile(2) fails for its file and for its socket alike.
bool is_broken(int socket, int error) {
    if (error == EPIPE || error == ECONNRESET) return true;
    pollfd asked{socket, 0, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

/// What is read at a time. A thread fills it, while nobody else looks; it may outlive the sendfile,
/// and so has a descriptor of its own.
struct StreamTransport::Sendfile::Block {
    void read(std::uint64_t offset, std::size_t most) {
        ssize_t got = 0;
        do {
            got = ::pread(file.get(), bytes.data(), most, static_cast<off_t>(offset));
        } while (got < 0 && errno == EINTR);
        os_errno = got < 0 ? errno : 0;
        size = got < 0 ? 0 : static_cast<std::size_t>(got);
        taken = 0;
    }

    Sendfile* owner;  ///< nullptr: gone
    base::Descriptor file;
    std::size_t size = 0;
    std::size_t taken = 0;
    int os_errno = 0;
    std::array<std::byte, 64 * 1024> bytes;
};

StreamTransport::Sendfile::Sendfile(StreamTransport& transport, const Source& source, FileSent done)
    : transport_(transport),
      source_(source),
      done_(std::move(done)),
      in_kernel_(transport.channel_ == Channel::socket && transport.tls() == nullptr) {
    transport_.loop_.call_soon(*this);
}

void StreamTransport::Sendfile::stop() {
    unlink();
    if (block_ != nullptr) block_->owner = nullptr;
    Executor* const executor = transport_.loop_.executor();
    if (job_ != 0 && executor != nullptr) executor->cancel(job_);
}

// May destroy this, as block_is_read() may.
void StreamTransport::Sendfile::run() {
    reading_ = false;
    transport_.push_file();
}

std::size_t StreamTransport::Sendfile::at_most(std::size_t size) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(size, source_.count - sent_));
}

std::span<const std::byte> StreamTransport::Sendfile::next(std::size_t size) const {
    // While a block is being read, nothing of it has been tried.
    if (size == 0 || block_ == nullptr || reading_) return {};
    return std::span(block_->bytes)
        .subspan(block_->taken, std::min(size, block_->size - block_->taken));
}

StreamTransport::Sendfile::Step StreamTransport::Sendfile::push() {
    if (reading_) return {Step::State::more};
    unlink();
    waits_for_peer_ = false;
    if (in_kernel_) return copy_in_kernel();
    return block_ == nullptr ? read_block() : send_block();
}

StreamTransport::Sendfile::Step StreamTransport::Sendfile::taken(std::size_t bytes) {
    sent_ += bytes;
    const bool all = sent_ == source_.count;
    waits_for_peer_ = !all;
    return {all ? Step::State::finished : Step::State::more, bytes};
}

StreamTransport::Sendfile::Step StreamTransport::Sendfile::copy_in_kernel() {
    const int socket = transport_.socket_.get();
    auto offset = static_cast<off_t>(source_.offset + sent_);
    const ssize_t copied = ::sendfile(socket, source_.file, &offset, at_most(most_in_kernel));
    if (copied > 0) return taken(static_cast<std::size_t>(copied));
    if (copied == 0) return {Step::State::finished};
    const int error = errno;
    if (error == EAGAIN || error == EINTR) return taken(0);
    if (sent_ == 0 && needs_a_buffer(error)) {
        in_kernel_ = false;
        return read_block();
    }
    const bool broken = is_broken(socket, error);
    return {broken ? Step::State::connection_lost : Step::State::file_failed, 0, error};
}

StreamTransport::Sendfile::Step StreamTransport::Sendfile::read_block() {
    if (block_ == nullptr) {
        block_ = std::make_shared<Block>();
        block_->owner = this;
        block_->file = base::Descriptor(::fcntl(source_.file, F_DUPFD_CLOEXEC, 3));
        if (!block_->file) return {Step::State::file_failed, 0, errno};
    }
    const auto work = [block = block_,
                       offset = source_.offset + sent_,
                       most = at_most(block_->bytes.size())] { block->read(offset, most); };
    reading_ = true;
    Executor* const executor = transport_.loop_.executor();
    job_ = executor == nullptr
               ? 0
               : executor->submit(this, work, [block = block_](const Executor::Outcome& outcome) {
                     if (outcome.status < 0) block->os_errno = ECANCELED;
                     if (block->owner != nullptr) block->owner->block_is_read();
                 });
    if (job_ == 0) {
        work();
        transport_.loop_.call_soon(*this);
    }
    return {Step::State::more};
}

void StreamTransport::Sendfile::block_is_read() {
    job_ = 0;
    run();
}

StreamTransport::Sendfile::Step StreamTransport::Sendfile::send_block() {
    Block& block = *block_;
    if (block.os_errno != 0) return {Step::State::file_failed, 0, block.os_errno};
    if (block.size == 0) return {Step::State::finished};
    iovec rest{block.bytes.data() + block.taken, block.size - block.taken};
    const ssize_t sent = transport_.send({&rest, 1});
    if (sent < 0) return {Step::State::connection_lost, 0, static_cast<int>(-sent)};
    block.taken += static_cast<std::size_t>(sent);
    Step step = taken(static_cast<std::size_t>(sent));
    if (step.state != Step::State::more || block.taken != block.size) return step;
    waits_for_peer_ = false;
    step.state = read_block().state;
    return step;
}

}  // namespace protohost::net
