// SPDX-License-Identifier: MIT
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// Clients that nobody here wrote.
class ForeignPeer : public testing::Test {
protected:
    std::string port() const { return std::to_string(daemon_.port("echo")); }
    std::string python(const std::string& program) const {
        const Finished finished = run({"/usr/bin/python3", "-c", program, port()});
        EXPECT_EQ(finished.code, 0) << finished.errors;
        return finished.output;
    }

    Daemon daemon_{{.listeners = listener("echo", "echo")}};
};

TEST_F(ForeignPeer, NetcatGetsItsLineBack) {
    const Finished nc = run({"nc", "-N", "127.0.0.1", port()}, "hello\n");
    EXPECT_EQ(nc.code, 0) << nc.errors;
    EXPECT_EQ(nc.output, "hello\n");
}

TEST_F(ForeignPeer, AsyncioStreamsTalkInBothDirectionsAtOnce) {
    EXPECT_EQ(python(R"(
import asyncio, sys
async def talk(number):
    reader, writer = await asyncio.open_connection('127.0.0.1', int(sys.argv[1]))
    sent = bytes([number]) * 300000
    writer.write(sent)
    received = await asyncio.wait_for(reader.readexactly(len(sent)), 60)
    writer.write_eof()
    rest = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    await writer.wait_closed()
    return received == sent and rest == b''
async def main():
    print(sum(await asyncio.gather(*[talk(number) for number in range(50)])))
asyncio.run(main())
)"),
              "50\n");
}

TEST_F(ForeignPeer, PythonSocketHalfClosesAndReadsTheRest) {
    EXPECT_EQ(python(R"(
import socket, sys
peer = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 60)
peer.sendall(b'x' * 100000)
peer.shutdown(socket.SHUT_WR)
received = b''
while data := peer.recv(65536):
    received += data
print(received == b'x' * 100000)
)"),
              "True\n");
}

TEST_F(ForeignPeer, SocatGetsAllOfItBack) {
    if (!std::filesystem::exists("/usr/bin/socat")) GTEST_SKIP() << "socat is not installed";
    const Finished socat = run({"socat", "-t60", "-", "TCP:127.0.0.1:" + port()}, "hello\n");
    EXPECT_EQ(socat.code, 0) << socat.errors;
    EXPECT_EQ(socat.output, "hello\n");
}

}  // namespace
}  // namespace protohost::harness
