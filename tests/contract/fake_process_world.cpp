// SPDX-License-Identifier: MIT
#include <csignal>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tests/contract/process_contract.hpp"

#include <protohost/services.hpp>
#include <protohost/testing.hpp>

namespace protohost::contract {
namespace {

using protohost::testing::Host;
using protohost::testing::Process;

/// As a real one: its input takes so much before it reads.
constexpr std::size_t pipe_size = 64 * 1024;

class FakeProgram final : public Program {
public:
    explicit FakeProgram(Process& process, bool reads) : process_(process) {
        if (reads) process_.kernel_room(pipe_size);
    }

    void say(int fd, std::string_view text) override { process_.feed_data(fd, text); }
    void close(int fd) override { process_.close_pipe(fd); }
    void listen(std::size_t size) override {
        wanted_ = size;
        process_.kernel_room(size);
    }
    std::string heard() override { return process_.written().substr(0, wanted_); }
    void exit(int code) override { process_.exit(code); }
    void exit_before_its_pipes(int code) override { process_.exit_before_its_pipes(code); }
    void let_go() override {
        for (const int fd : {0, 1, 2}) process_.close_pipe(fd);
    }

    Process& process() { return process_; }

private:
    Process& process_;
    std::size_t wanted_ = 0;
};

class FakeProcessWorld final : public ProcessWorld {
public:
    Program& start(std::unique_ptr<SubprocessProtocol> protocol,
                   const Settings& settings) override {
        host_.get_loop().subprocess_exec(
            [&protocol] { return std::move(protocol); }, {"program"}, settings.options);
        protohost::testing::Opening opening = host_.opening();
        EXPECT_EQ(opening.args(), std::vector<std::string>{"program"});
        protohost::testing::ProcessSettings with;
        if (settings.handles_terminate) with.handled_signals = {SIGTERM};
        const bool reads = settings.options.in.to_abi().kind == PH_STDIO_PIPE;
        return programs_.emplace_back(opening.spawn(with), reads);
    }
    void turn() override { host_.run_ready(); }
    void settle() override { host_.run_ready(); }
    void drain() override {
        for (FakeProgram& program : programs_) program.process().drain();
    }
    std::vector<std::string> failures() override {
        std::vector<std::string> all;
        for (FakeProgram& program : programs_) {
            const auto& some = program.process().failures();
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }

private:
    Host host_;
    std::deque<FakeProgram> programs_;
};

const auto fake = ::testing::Values(ProcessKind{
    "fake", [] { return std::unique_ptr<ProcessWorld>(std::make_unique<FakeProcessWorld>()); }});

INSTANTIATE_TEST_SUITE_P(Fake, SubprocessContract, fake, name_of<ProcessWorld>);

}  // namespace
}  // namespace protohost::contract
