// SPDX-License-Identifier: MIT
#include <cerrno>
#include <stdexcept>
#include <string>

#include "tests/contract/contract_test.hpp"

namespace protohost::contract {

using protohost::testing::Loss;

TEST_P(ReadPipeContract, ItsEndClosesItWhateverTheProtocolWants) {
    story.keep_open_at_eof = true;
    Link& link = connect();
    link.send("all");
    link.end();
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "data", "eof", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(ReadPipeContract, NothingCanBeWrittenToIt) {
    connect();
    EXPECT_FALSE(transport().can_write_eof());
    EXPECT_THROW(transport().write_eof(), std::logic_error);
    EXPECT_EQ(transport().write("x"), WriteStatus::closed);
    EXPECT_EQ(transport().get_write_buffer_size(), 0u);
    EXPECT_EQ(transport().get_write_buffer_limits().high, 0u);
    world->settle();
    EXPECT_FALSE(transport().is_closing()) << "nor does it suffer from the attempt";
}

TEST_P(ReadPipeContract, ItHasNoAddresses) {
    connect();
    EXPECT_FALSE(transport().get_extra_info("peername"));
    EXPECT_FALSE(transport().get_extra_info("sockname"));
    EXPECT_FALSE(transport().get_extra_info("socket"));
}

TEST_P(WritePipeContract, NothingIsReadFromIt) {
    connect();
    EXPECT_FALSE(transport().is_reading());
    transport().resume_reading();
    EXPECT_FALSE(transport().is_reading());
}

TEST_P(WritePipeContract, AReaderThatGoesEndsItInOrder) {
    connect().end();
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(WritePipeContract, AReaderThatGoesWhileBytesWaitBreaksIt) {
    Link& link = connect();
    link.fill(transport());
    link.end();
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->status, PH_E_OS);
    EXPECT_EQ(story.loss->os_errno, EPIPE);
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(WritePipeContract, WriteEofIsTheEnd) {
    Link& link = connect();
    EXPECT_TRUE(transport().can_write_eof());
    link.fill(transport());
    transport().write("tail");
    transport().write_eof();
    EXPECT_TRUE(transport().is_closing());
    EXPECT_THROW(transport().write("x"), std::logic_error);
    EXPECT_TRUE(read_to_the_end(link).ends_with("tail"));
    EXPECT_EQ(story.loss, Loss{});
}

}  // namespace protohost::contract
