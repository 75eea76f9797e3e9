// SPDX-License-Identifier: MIT
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connection.hpp"

// Every callback, handed on to the connection.

namespace conformance {
namespace {

class Stream final : public protohost::Protocol, public Acting {
public:
    Stream(std::shared_ptr<Connection> connection, const Role& role)
        : connection_(std::move(connection)), role_(role) {}

    void connection_made(protohost::Transport transport) override {
        connection_->made(role_, transport);
    }
    void data_received(protohost::Bytes data) override {
        connection_->received(role_, "data_received", data);
    }
    bool eof_received() override { return connection_->eof_received(role_); }
    void pause_writing() override { connection_->called(role_, "pause_writing"); }
    void resume_writing() override { connection_->called(role_, "resume_writing"); }
    void connection_lost(const protohost::Error* why) override { connection_->lost(role_, why); }
    const Role& role() const override { return role_; }

private:
    std::shared_ptr<Connection> connection_;
    const Role& role_;
};

class Buffered final : public protohost::BufferedProtocol, public Acting {
public:
    Buffered(std::shared_ptr<Connection> connection, const Role& role)
        : connection_(std::move(connection)), role_(role), buffer_(*role.buffer) {}

    void connection_made(protohost::Transport transport) override {
        connection_->made(role_, transport);
    }
    std::span<std::byte> get_buffer(std::ptrdiff_t sizehint) override {
        connection_->called(role_, "get_buffer", std::to_string(sizehint));
        return buffer_;
    }
    void buffer_updated(std::size_t nbytes) override {
        connection_->received(role_, "buffer_updated", std::span(buffer_).first(nbytes));
    }
    bool eof_received() override { return connection_->eof_received(role_); }
    void pause_writing() override { connection_->called(role_, "pause_writing"); }
    void resume_writing() override { connection_->called(role_, "resume_writing"); }
    void connection_lost(const protohost::Error* why) override { connection_->lost(role_, why); }
    const Role& role() const override { return role_; }

private:
    std::shared_ptr<Connection> connection_;
    const Role& role_;
    std::vector<std::byte> buffer_;
};

class Datagrams final : public protohost::DatagramProtocol, public Acting {
public:
    Datagrams(std::shared_ptr<Connection> connection, const Role& role)
        : connection_(std::move(connection)), role_(role) {}

    void connection_made(protohost::DatagramTransport transport) override {
        // One handle for all kinds: what a transport does not have, it refuses.
        connection_->made(role_, {transport.context(), transport.handle()});
    }
    void datagram_received(protohost::Bytes data, const protohost::Address& addr) override {
        connection_->datagram_received(role_, data, addr);
    }
    void error_received(const protohost::Error& exc, const protohost::Address&) override {
        connection_->error_received(role_, exc);
    }
    void pause_writing() override { connection_->called(role_, "pause_writing"); }
    void resume_writing() override { connection_->called(role_, "resume_writing"); }
    void connection_lost(const protohost::Error* why) override { connection_->lost(role_, why); }
    const Role& role() const override { return role_; }

private:
    std::shared_ptr<Connection> connection_;
    const Role& role_;
};

}  // namespace

std::unique_ptr<protohost::DatagramProtocol> Connection::make_datagram_protocol(
    std::string_view name) {
    return std::make_unique<Datagrams>(shared_from_this(), script_.roles.find(name)->second);
}

std::unique_ptr<protohost::BaseProtocol> Connection::make_protocol(std::string_view name) {
    if (script_.datagrams) return make_datagram_protocol(name);
    if (is_process_) return make_subprocess_protocol(name);
    const Role& role = script_.roles.find(name)->second;
    if (role.buffer) return std::make_unique<Buffered>(shared_from_this(), role);
    return std::make_unique<Stream>(shared_from_this(), role);
}

}  // namespace conformance
