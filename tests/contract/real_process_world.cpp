// SPDX-License-Identifier: MIT
#include <array>
#include <csignal>
#include <deque>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/descriptor.hpp"
#include "tests/contract/process_contract.hpp"
#include "tests/contract/real_unit.hpp"

#include <protohost/services.hpp>

namespace protohost::contract {
namespace {

/// Says that it has begun, then does each line that comes by one FIFO; it answers by the other.
/// What it starts in the background has its standard input as 7, for a shell gives that no other.
const char* const obeying =
    "exec 7<&0 8<\"$1\" 9>\"$2\"; echo begun >&9; "
    "while read -r line <&8; do eval \"$line\"; done";

/// Both of its FIFOs are open at this end for both directions, so that nobody waits for anybody.
class RealProgram final : public Program {
public:
    explicit RealProgram(const std::string& folder)
        : commands_path_(folder + ".commands"), answers_path_(folder + ".answers") {
        commands_ = fifo(commands_path_);
        answers_ = fifo(answers_path_);
    }
    ~RealProgram() override {
        ::unlink(commands_path_.c_str());
        ::unlink(answers_path_.c_str());
        let_go();
    }

    std::vector<std::string> command(bool handles_terminate) const {
        const std::string line = std::string(handles_terminate ? "trap '' TERM; " : "") + obeying;
        return {"/bin/sh", "-c", line, "sh", commands_path_, answers_path_};
    }

    /// Before that, a signal would find it as the kernel has started it.
    void wait_until_it_has_begun() {
        wait_for_line();
        heard_.clear();
    }

    void say(int fd, std::string_view text) override {
        tell("printf %s '" + std::string(text) + "' >&" + std::to_string(fd));
    }
    void close(int fd) override {
        tell(fd == 0 ? "exec 0<&- 7<&-" : "exec " + std::to_string(fd) + ">&-");
    }
    void listen(std::size_t size) override { tell("head -c " + std::to_string(size) + " <&7 >&9"); }
    std::string heard() override {
        std::array<char, 65536> some;
        for (ssize_t got = 0; (got = ::read(answers_.get(), some.data(), some.size())) > 0;) {
            heard_.append(some.data(), static_cast<std::size_t>(got));
        }
        return heard_;
    }
    void exit(int code) override { tell("exit " + std::to_string(code)); }
    void exit_before_its_pipes(int code) override {
        tell("sleep 1000 <&7 & echo $! >&9; exit " + std::to_string(code));
        holds_ = true;
    }
    void let_go() override {
        if (!std::exchange(holds_, false)) return;
        wait_for_line();
        if (!heard_.empty()) ::kill(std::stoi(heard_), SIGKILL);
    }

private:
    static base::Descriptor fifo(const std::string& path) {
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return base::Descriptor(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }
    void wait_for_line() {
        pollfd answer{answers_.get(), POLLIN, 0};
        while (heard().find('\n') == std::string::npos) {
            ASSERT_EQ(::poll(&answer, 1, 10'000), 1) << "the program does not answer";
        }
    }
    void tell(const std::string& line) {
        const std::string command = line + "\n";
        EXPECT_EQ(::write(commands_.get(), command.data(), command.size()), std::ssize(command));
    }

    std::string commands_path_;
    std::string answers_path_;
    base::Descriptor commands_;
    base::Descriptor answers_;
    std::string heard_;
    bool holds_ = false;
};

class RealProcessWorld final : public ProcessWorld {
public:
    RealProcessWorld() { ::testing::internal::CaptureStderr(); }
    ~RealProcessWorld() override {
        if (!log_taken_) ::testing::internal::GetCapturedStderr();
    }

    Program& start(std::unique_ptr<SubprocessProtocol> protocol,
                   const Settings& settings) override {
        RealProgram& program =
            programs_.emplace_back(unit_.folder() / ("program" + std::to_string(programs_.size())));
        bool told = false;
        unit_.loop().subprocess_exec([&protocol] { return std::move(protocol); },
                                     program.command(settings.handles_terminate),
                                     settings.options,
                                     [&](const Error* exc, SubprocessTransport) {
                                         told = true;
                                         EXPECT_EQ(exc, nullptr);
                                     });
        run_until([&] { return told; });
        program.wait_until_it_has_begun();
        return program;
    }
    void turn() override { unit_.turn(); }
    void settle() override { unit_.settle(); }
    void drain() override { unit_.unit().drain(); }
    std::vector<std::string> failures() override {
        log_taken_ = true;
        const std::string log = ::testing::internal::GetCapturedStderr();
        std::vector<std::string> all;
        const std::string mark = ": plugin good: ";
        for (std::size_t at = log.find(mark); at != std::string::npos;
             at = log.find(mark, at + 1)) {
            const std::size_t begin = at + mark.size();
            std::string line = log.substr(begin, log.find('\n', begin) - begin);
            const std::string failed = " failed: ";
            const std::size_t middle = line.find(failed);
            if (middle != std::string::npos)
                all.push_back(line.replace(middle, failed.size(), ": "));
        }
        return all;
    }

private:
    RealUnit unit_;
    std::deque<RealProgram> programs_;
    bool log_taken_ = false;
};

const auto real = ::testing::Values(ProcessKind{
    "real", [] { return std::unique_ptr<ProcessWorld>(std::make_unique<RealProcessWorld>()); }});

INSTANTIATE_TEST_SUITE_P(Real, SubprocessContract, real, name_of<ProcessWorld>);

}  // namespace
}  // namespace protohost::contract
