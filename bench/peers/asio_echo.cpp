// SPDX-License-Identifier: MIT
// Asio as its examples use it: async_read_some into a buffer of the connection's own, async_write.
#include <array>
#include <cstdio>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(tcp::socket socket) : socket_(std::move(socket)) {
        socket_.set_option(tcp::no_delay(true));
    }

    void read() {
        socket_.async_read_some(boost::asio::buffer(data_),
                                [self = shared_from_this()](error_code error, std::size_t size) {
                                    if (!error) self->write(size);
                                });
    }

private:
    void write(std::size_t size) {
        boost::asio::async_write(socket_,
                                 boost::asio::buffer(data_, size),
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                     if (!error) self->read();
                                 });
    }

    tcp::socket socket_;
    std::array<char, 64 * 1024> data_;
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](error_code error, tcp::socket socket) {
        if (!error) std::make_shared<Session>(std::move(socket))->read();
        accept(acceptor);
    });
}

}  // namespace

int main() {
    boost::asio::io_context io(1);  // one thread, and it knows
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    acceptor.listen(4096);
    std::printf("%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    accept(acceptor);
    io.run();
}
