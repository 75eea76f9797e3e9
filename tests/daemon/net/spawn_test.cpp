// SPDX-License-Identifier: MIT
#include "daemon/net/spawn.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/net/account.hpp"
#include "daemon/net/process_environment.hpp"
#include "daemon/net/relaxed_service.hpp"
#include "tests/daemon/net/process_rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"

namespace protohost::net::testing {
namespace {

using How = ProcessExit::How;

/// A line of /proc/self/status: "SigBlk".
std::string status_line(const std::string& status, const std::string& name) {
    const auto begin = status.find(name + ":\t");
    if (begin == std::string::npos) return "no " + name;
    const auto value = begin + name.size() + 2;
    return status.substr(value, status.find('\n', value) - value);
}

bool has_children() {
    siginfo_t child{};
    return ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void write_file(const std::string& path, const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

TEST(Spawn, AProgramGetsItsArgumentsItsEnvironmentAndNothingElse) {
    ProcessPlan plan = plan_for({"sh", "-c", "echo \"$0|$1|$A\"; env", "x y", ""});
    plan.environment = {"A=b c", usual_path};
    const Ran ran = run(plan);
    EXPECT_EQ(ran.exit, (ProcessExit{How::exited, 0}));
    EXPECT_TRUE(ran.output.starts_with("x y||b c\n")) << ran.output;
    plan.command = {"env"};
    EXPECT_EQ(run(plan).output, "A=b c\n" + usual_path + "\n");
}

TEST(Spawn, AnotherProgramThanItsNameSays) {
    ProcessPlan plan = plan_for({"-login", "-c", "echo $0"});
    plan.executable = "/bin/sh";
    EXPECT_EQ(run(plan).output, "-login\n");
}

TEST(Spawn, ItSeesThreeDescriptorsAndWhatWasDeclared) {
    // Not closed on exec, as a plugin may have made them.
    const base::Descriptor low(::open("/dev/null", O_RDONLY));
    const base::Descriptor high(::fcntl(low.get(), F_DUPFD, 900));
    ASSERT_TRUE(high);
    ProcessPlan plan = plan_for({"ls", "/proc/self/fd"});
    // One more is the folder that it reads.
    EXPECT_EQ(words(run(plan).output), (std::vector<std::string>{"0", "1", "2", "3"}));
    plan.descriptors[9] = high.get();
    EXPECT_EQ(words(run(plan).output), (std::vector<std::string>{"0", "1", "2", "3", "9"}));
    plan.descriptors.erase(0);
    plan.descriptors.erase(9);
    plan.descriptors.erase(2);
    EXPECT_EQ(words(run(plan).output), (std::vector<std::string>{"0", "1"}));
}

TEST(Spawn, DescriptorsMayChangePlaces) {
    Pipe five;
    Pipe six;
    const int a = five.writing.get();
    const int b = six.writing.get();
    ProcessPlan plan = shell("echo to-a >&" + std::to_string(a) + "; echo to-b >&" +
                             std::to_string(b) + "; echo again >&2");
    plan.descriptors[a] = b;
    plan.descriptors[b] = a;
    plan.descriptors[2] = a;
    EXPECT_EQ(run(plan).exit, (ProcessExit{How::exited, 0}));
    EXPECT_EQ(five.read_all(), "to-b\nagain\n");
    EXPECT_EQ(six.read_all(), "to-a\n");
}

TEST(Spawn, SignalsAreAsAtTheBeginningOfAProgram) {
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
    const auto user_before = std::signal(SIGUSR2, [](int) {});
    const std::string status = run(plan_for({"cat", "/proc/self/status"})).output;
    EXPECT_EQ(status_line(status, "SigBlk"), "0000000000000000");
    EXPECT_EQ(status_line(status, "SigIgn"), "0000000000000000");
    EXPECT_EQ(status_line(status, "SigCgt"), "0000000000000000");
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, &before, &after);
    EXPECT_EQ(::sigismember(&after, SIGUSR1), 1) << "ours are as they were";
    EXPECT_EQ(::sigismember(&after, SIGTERM), 0);
    EXPECT_NE(std::signal(SIGUSR2, user_before), SIG_DFL);
    EXPECT_EQ(std::signal(SIGPIPE, pipe_before), SIG_IGN);
}

TEST(Spawn, ItLeadsAGroupOrASession) {
    ProcessPlan plan = shell(
        "read -r pid _ _ ppid pgrp session _ < /proc/self/stat; "
        "echo $(( pid == pgrp )) $(( pid == session ))");
    EXPECT_EQ(run(plan).output, "1 0\n");
    plan.new_session = true;
    EXPECT_EQ(run(plan).output, "1 1\n");
}

TEST(Spawn, FolderUmaskAndLimits) {
    const ScratchFolder folder;
    ProcessPlan plan = shell("pwd; umask; ulimit -n; ulimit -c");
    plan.directory = folder.path();
    plan.umask = 027;
    plan.limits = {{RLIMIT_NOFILE, 77, 77}, {RLIMIT_CORE, 0, 0}};
    EXPECT_EQ(words(run(plan).output),
              (std::vector<std::string>{folder.path(), "0027", "77", "0"}));
}

TEST(Spawn, TheProgramIsLookedUpInItsOwnPath) {
    const ScratchFolder folder;
    const std::string first = folder / "first";
    const std::string second = folder / "second";
    ASSERT_EQ(::mkdir(first.c_str(), 0755) + ::mkdir(second.c_str(), 0755), 0);
    write_file(second + "/greets", "#!/bin/sh\necho found\n", 0755);
    ProcessPlan plan = plan_for({"greets"});
    plan.environment = {"PATH=" + first + ":" + second};
    EXPECT_EQ(run(plan).output, "found\n");
    // What may not be run is passed over, as a shell does.
    write_file(first + "/greets", "#!/bin/sh\necho wrong\n", 0644);
    EXPECT_EQ(run(plan).output, "found\n");
    // A path of its own is relative to the folder that it runs in.
    plan.command = {"second/greets"};
    plan.directory = folder.path();
    EXPECT_EQ(run(plan).output, "found\n");
}

TEST(Spawn, WhyItCannotBeStarted) {
    const ScratchFolder folder;
    const std::string file = folder / "file";
    write_file(file, "no program\n", 0644);
    const auto expect = [](const ProcessPlan& plan, const std::string& text, int error) {
        const base::Error said = refusal(plan);
        EXPECT_EQ(base::to_string(said), text);
        EXPECT_EQ(said.os_errno, error);
    };
    expect(plan_for({"no-such-program"}),
           "cannot start no-such-program: No such file or directory (PATH is /usr/bin:/bin)",
           ENOENT);
    expect(plan_for({"/no/such"}), "cannot start /no/such: No such file or directory", ENOENT);
    expect(plan_for({file}),
           "cannot start " + file +
               ": Permission denied (it, and every folder above it, must be executable for its "
               "user)",
           EACCES);
    ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
    expect(plan_for({file}),
           "cannot start " + file +
               ": Exec format error (a script begins with a line such as #!/bin/sh)",
           ENOEXEC);
    write_file(file, "#!/no/such/interpreter\n", 0755);
    expect(plan_for({file}),
           "cannot start " + file +
               ": No such file or directory (it is there, but the interpreter is not that it asks "
               "for)",
           ENOENT);
    ProcessPlan plan = plan_for({"true"});
    plan.directory = "/no/such";
    expect(plan, "cannot start true: cannot enter /no/such: No such file or directory", ENOENT);
    plan = plan_for({"true"});
    plan.limits = {{RLIMIT_NOFILE, 20, 10}};
    expect(plan, "cannot start true: cannot set a resource limit: Invalid argument", EINVAL);
    plan = plan_for({"true"});
    plan.descriptors[5] = 12345;
    expect(plan, "cannot start true: cannot arrange the descriptors: Bad file descriptor", EBADF);
    expect({}, "no program was named", 0);
    expect(plan_for({std::string("a\0b", 3)}),
           "a command, and where it runs, are texts without a NUL",
           0);
    plan = plan_for({"true"});
    plan.environment = {"=x"};
    expect(plan, "\"=x\" is no variable of an environment (NAME=value)", 0);
    EXPECT_FALSE(has_children()) << "what failed is gone";
}

TEST(Spawn, ItRunsAsItsUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may run programs as somebody else";
    const auto nobody = find_account("nobody");
    ASSERT_TRUE(nobody);
    ProcessPlan plan = plan_for({"id", "-u"});
    plan.user = nobody->user;
    plan.group = nobody->group;
    plan.groups = {nobody->group};
    EXPECT_EQ(run(plan).output, std::to_string(nobody->user) + "\n");
    plan.command = {"id", "-G"};
    EXPECT_EQ(run(plan).output, std::to_string(nobody->group) + "\n");
    plan.groups = std::vector<gid_t>{};
    EXPECT_EQ(run(plan).output, std::to_string(nobody->group) + "\n");
}

TEST(Spawn, OnlyRootRunsProgramsAsSomebodyElse) {
    // In a process of its own, for there is no way back.
    const pid_t test = ::fork();
    if (test == 0) {
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
        ProcessPlan plan = plan_for({"/bin/true"});
        plan.user = 1;
        const auto started = spawn(plan);
        const bool refused =
            !started && base::Errors(started.error()).front() ==
                            base::Error{"",
                                        "cannot start /bin/true: cannot become user 1: Operation "
                                        "not permitted",
                                        "only root may run programs as somebody else; " +
                                            std::string(relaxed_service),
                                        EPERM};
        ::_exit(refused ? 0 : 2);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(test, &status, 0), test);
    EXPECT_EQ(status, 0);
}

TEST(Spawn, OnlyRootGivesProgramsMoreThanTheDaemonHas) {
    const pid_t test = ::fork();
    if (test == 0) {
        const rlimit little{65536, 65536};
        if (::setrlimit(RLIMIT_MEMLOCK, &little) != 0) ::_exit(1);
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
        ProcessPlan plan = plan_for({"/bin/true"});
        plan.limits = {{RLIMIT_MEMLOCK, 65537, 65537}};
        const auto started = spawn(plan);
        if (started) ::_exit(2);
        const base::Error error = base::Errors(started.error()).front();
        const bool refused =
            error.what ==
                "cannot start /bin/true: cannot set a resource limit: Operation not permitted" &&
            error.hint.ends_with(relaxed_service);
        ::_exit(refused ? 0 : 3);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(test, &status, 0), test);
    EXPECT_EQ(status, 0);
}

TEST(Spawn, ItDiesWithItsParent) {
    Pipe pipe;
    const pid_t parent = ::fork();
    if (parent == 0) {
        ProcessPlan plan = plan_for({"sleep", "1000"});
        if (::geteuid() == 0) plan.user = 65534;  // which must not make it forget
        auto started = spawn(plan);
        const pid_t id = started ? started->id : -1;
        const ssize_t told = ::write(pipe.writing.get(), &id, sizeof id);
        while (told == sizeof id) ::pause();
        ::_exit(1);
    }
    pid_t child = -1;
    ASSERT_EQ(::read(pipe.reading.get(), &child, sizeof child), static_cast<ssize_t>(sizeof child));
    const base::Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    ASSERT_TRUE(handle);
    EXPECT_FALSE(becomes_readable(handle.get(), 0)) << "it lives";
    ASSERT_EQ(::kill(parent, SIGKILL), 0);
    EXPECT_TRUE(becomes_readable(handle.get())) << "it lives on";
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
}

TEST(CleanEnvironment, IsThePathTheLanguageAndTheUser) {
    const Account account{7, 7, {}, "somebody", "/home/somebody"};
    std::vector<std::string> expected = {std::string("PATH=") + std::getenv("PATH")};
    if (std::getenv("LANG") != nullptr)
        expected.push_back(std::string("LANG=") + std::getenv("LANG"));
    expected.insert(expected.end(), {"HOME=/home/somebody", "USER=somebody"});
    EXPECT_EQ(clean_environment(account), expected);
}

TEST(CleanEnvironment, AVariableReplacesTheOneOfItsName) {
    std::vector<std::string> environment{"A=1", "AB=2"};
    set_variable(environment, "AB=3");
    set_variable(environment, "C=");
    set_variable(environment, "no variable");
    EXPECT_EQ(environment, (std::vector<std::string>{"A=1", "AB=3", "C=", "no variable"}));
}

TEST(Account, ByNameAndByNumber) {
    const auto root = find_account("root");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->user, 0u);
    EXPECT_EQ(root->name, "root");
    EXPECT_EQ(root->home, "/root");
    const auto same = find_account("0");
    ASSERT_TRUE(same);
    EXPECT_EQ(same->name, "root");
    EXPECT_EQ(*find_group("12345"), 12345u);
    EXPECT_EQ(*find_group("root"), 0u);
    EXPECT_EQ(own_account().user, ::geteuid());
}

TEST(Account, WhoIsNotThere) {
    EXPECT_EQ(base::to_string(base::Errors(find_account("no-such-user").error()).front()),
              "there is no user \"no-such-user\"");
    EXPECT_EQ(base::to_string(base::Errors(find_account("4000000123").error()).front()),
              "there is no user \"4000000123\"");
    EXPECT_EQ(base::to_string(base::Errors(find_group("no-such-group").error()).front()),
              "there is no group \"no-such-group\"");
    // Given to the kernel it would mean that nothing changes: the daemon's own, root's perhaps.
    EXPECT_EQ(base::to_string(base::Errors(find_group("4294967295").error()).front()),
              "there is no group \"4294967295\"");
    EXPECT_EQ(base::to_string(base::Errors(find_user("4294967295").error()).front()),
              "there is no user \"4294967295\"");
}

}  // namespace
}  // namespace protohost::net::testing
