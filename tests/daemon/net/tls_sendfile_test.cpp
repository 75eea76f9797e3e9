// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/net/sendfile_world.hpp"
#include "tests/daemon/net/tls_links.hpp"

namespace protohost::net::testing {
namespace {

/// Over TLS a file is read and encrypted by us; the rest is as over a plain socket.
class TlsSendfile : public ::testing::Test {
protected:
    TlsSendfile() { tls.rig.loop.set_executor(&executor); }
    ~TlsSendfile() override { tls.rig.loop.set_executor(nullptr); }

    Recorder recorder;
    TlsLinks tls;
    Executor executor{tls.rig.loop, 1};
    Sent sent;
};

TEST_F(TlsSendfile, SendsAllOfAFileBehindWhatWasWritten) {
    const std::string content = pattern(1 << 20);
    const File file(content);
    TlsPeer& peer = tls.connect(recorder);
    recorder.transport->write("before ", 7);
    ASSERT_EQ(recorder.transport->sendfile(file.fd(), 10, to_end, sent.done()), PH_OK);
    EXPECT_EQ(recorder.transport->write("x", 1), PH_E_BUSY);
    const std::string all = peer.receive(7 + content.size() - 10);
    EXPECT_TRUE(all == "before " + content.substr(10));
    tls.rig.run_until([&] { return sent.calls == 1; });
    EXPECT_EQ(sent.status, PH_OK);
    EXPECT_EQ(sent.bytes, content.size() - 10);
    recorder.transport->write(" after", 6);
    EXPECT_EQ(peer.receive(6), " after");
}

TEST_F(TlsSendfile, CancelledItsLastRecordIsWhole) {
    const std::string content = pattern(1 << 20);
    const File file(content);
    TlsPeer& peer = tls.connect(recorder);
    ASSERT_EQ(recorder.transport->sendfile(file.fd(), 0, to_end, sent.done()), PH_OK);
    // Until the kernel takes no more, in the middle of a record.
    tls.rig.run_until([&] { return recorder.transport->tls()->committed() > 0; });
    const std::uint64_t told = recorder.transport->cancel_sendfile();
    EXPECT_GT(told, 0u);
    EXPECT_LT(told, content.size());
    EXPECT_EQ(recorder.transport->write(" after", 6), PH_OK);
    recorder.transport->close();
    const std::string all = peer.receive_to_the_end();
    EXPECT_EQ(peer.end, TlsPeer::End::notified);
    EXPECT_TRUE(all == content.substr(0, told) + " after") << all.size() << " of " << told + 6;
    EXPECT_EQ(sent.calls, 0u);
}

}  // namespace
}  // namespace protohost::net::testing
