// SPDX-License-Identifier: MIT
#include <array>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "tests/contract/descriptor_world.hpp"

namespace protohost::contract {
namespace {

/// The read end and the write end of a pipe, as small as the kernel makes them.
std::array<base::Descriptor, 2> open_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
    return {base::Descriptor(ends[0]), base::Descriptor(ends[1])};
}

Ends open_to_read() {
    auto [reading, writing] = open_pipe();
    return {std::move(reading), std::move(writing), net::PeerName("a pipe")};
}

Ends open_to_write() {
    auto [reading, writing] = open_pipe();
    return {std::move(writing), std::move(reading), net::PeerName("a pipe")};
}

/// A pipe is not reset: it ends. No contract of pipes asks for more.
void close_pipe(int, base::Descriptor& theirs) {
    theirs.close();
}

constexpr DescriptorKind to_read{open_to_read, close_pipe, net::Channel::read_pipe};
constexpr DescriptorKind to_write{open_to_write, close_pipe, net::Channel::write_pipe};
const auto read_pipe = ::testing::Values(WorldKind{"read_pipe", world_over<to_read>});
const auto write_pipe = ::testing::Values(WorldKind{"write_pipe", world_over<to_write>});

INSTANTIATE_TEST_SUITE_P(ReadPipe, LifeContract, read_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(ReadPipe, ReadContract, read_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(ReadPipe, ReadPipeContract, read_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(WritePipe, LifeContract, write_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(WritePipe, WriteContract, write_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(WritePipe, WritePipeContract, write_pipe, name_of<World>);

}  // namespace
}  // namespace protohost::contract
