// SPDX-License-Identifier: MIT
#include "daemon/config/load.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/config/keys.hpp"
#include "tests/daemon/config/manual.hpp"
#include "tests/daemon/config/messages.hpp"
#include "tests/daemon/config/scratch_folder.hpp"

namespace protohost::config {
namespace {

using namespace std::chrono_literals;
const std::filesystem::path source = source_folder();

model::Configuration loaded(const std::filesystem::path& file) {
    const auto configuration = load(file);
    EXPECT_TRUE(configuration) << messages_of(file);
    return configuration ? *configuration : model::Configuration{};
}

model::Node mapping() {
    model::Node node;
    node.kind = model::Node::Kind::mapping;
    return node;
}

model::Address tcp(std::string host, std::uint16_t port) {
    return {model::Address::Kind::tcp, std::move(host), port};
}

model::ListenerSpec listener(std::string name, std::uint16_t port) {
    model::ListenerSpec spec;
    spec.name = std::move(name);
    spec.listen = {{tcp("127.0.0.1", port), {}}};
    spec.protocol = {{"echo", ""}, {}};
    spec.options = mapping();
    return spec;
}

constexpr std::string_view one = "listeners: {one: {listen: tcp://127.0.0.1:1, protocol: echo}}\n";
constexpr std::string_view two = "listeners: {two: {listen: tcp://127.0.0.1:2, protocol: echo}}\n";

TEST(Load, TheShippedConfigurationStatesTheDefaults) {
    model::Configuration expected;
    expected.listeners["echo"] = listener("echo", 7007);
    EXPECT_EQ(loaded(source / "config/protohost.yaml"), expected);
}

TEST(Load, EveryExampleIsFine) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(source / "config/examples")) {
        EXPECT_EQ(messages_of(entry.path()), "") << entry.path();
        ++count;
    }
    EXPECT_GE(count, 1);
}

TEST(Load, TheExamplesOfTheManualAreFine) {
    std::size_t count = 0;
    for (const std::string& block : manual_blocks()) {
        const ScratchFolder folder;
        EXPECT_EQ(messages_of(folder.write("a.yaml", block)), "") << block;
        ++count;
    }
    EXPECT_GE(count, 4U);
}

TEST(Load, TheFirstExampleOfTheReferenceHoldsEveryKey) {
    const auto blocks = yaml_blocks(source / "docs/configuration.md");
    ASSERT_FALSE(blocks.empty());
    const ScratchFolder folder;
    const model::Configuration configuration = loaded(folder.write("a.yaml", blocks[0]));
    EXPECT_EQ(configuration.log.level, base::Level::warn);
    EXPECT_EQ(configuration.listeners.at("web").listen.size(), 4U);
    for (const keys::Key& key : keys::top::all) {
        EXPECT_NE(('\n' + blocks[0]).find("\n" + std::string(key.name) + ":"), std::string::npos)
            << key.name;
    }
    for (const std::string_view key : {"max_draining", "modules",     "unmap",
                                       "administer",   "operate",     "timeouts",
                                       "socket",       "limits",      "reconnect",
                                       "remote",       "required",    "connect",
                                       "bind",         "read",        "write",
                                       "idle",         "write_stall", "drain",
                                       "keepalive",    "nodelay",     "user_timeout",
                                       "reuse_port",   "backlog",     "ipv6_only",
                                       "local",        "send_buffer", "receive_buffer",
                                       "broadcast",    "multicast",   "interface",
                                       "mode",         "owner",       "group",
                                       "connections",  "per_source",  "initial",
                                       "max",          "jitter",      "command",
                                       "shell",        "restart",     "backoff",
                                       "reset_after",  "ready",       "newline",
                                       "notify",       "after",       "timeout",
                                       "signal",       "user",        "environment",
                                       "directory",    "nofile",      "core",
                                       "pty",          "depends_on",  "pipes"}) {
        EXPECT_NE(blocks[0].find(std::string(key) + ":"), std::string::npos) << key;
    }
}

TEST(Load, GivesEveryKeyItsValue) {
    const ScratchFolder folder;
    const auto file = folder.write("all.yaml", R"(
plugins:
  {directories: [/opt/a, /opt/b, /opt/a], max_draining: 3, modules: {a: {unmap: true}, b: , c: {unmap: false}}}
log: {level: warn, format: json, areas: {net: debug, plugin.echo: "off"}}
state: {directory: /srv/state}
control: {socket: /srv/control.sock, read: ["@adm", 1000], operate: [alice, "@4"], administer: [www-data]}
memory: {write_buffers: 256MiB}
endpoints: {}
subprocesses:
listeners:
  web-1.a_b:
    listen: [tcp://0.0.0.0:80, "tcp://[::]:80", tcp://localhost:0, tcp://localhost:0]
    protocol: http/server
    options: {root: /srv/www, retries: 3, names: [a, "b"], nested: {on: true}}
    write_buffer: {high: 2MiB, low: 1KB, limit: 1GiB, policy: refuse}
    timeouts: {drain: 1.5s}
)");
    const model::Configuration configuration = loaded(file);
    EXPECT_EQ(configuration.plugins.directories, (std::vector<std::string>{"/opt/a", "/opt/b"}));
    EXPECT_EQ(
        configuration.log,
        (base::LogSettings{base::Level::warn,
                           base::LogFormat::json,
                           {{"net", base::Level::debug}, {"plugin.echo", base::Level::off}}}));
    EXPECT_EQ(configuration.plugins.max_draining, 3U);
    EXPECT_EQ(
        configuration.plugins.modules,
        (std::map<std::string, model::ModuleSettings>{{"a", {true}}, {"b", {false}}, {"c", {}}}));
    ASSERT_TRUE(configuration.state_directory && configuration.control.socket);
    EXPECT_EQ(configuration.state_directory->value, "/srv/state");
    EXPECT_EQ(configuration.control.socket->value, "/srv/control.sock");
    EXPECT_EQ(to_string(configuration.state_directory->place), file.string() + ":5:20");
    using Accounts = std::vector<model::Located<model::Account>>;
    EXPECT_EQ(configuration.control.read, (Accounts{{{"adm", true}, {}}, {{"1000", false}, {}}}));
    EXPECT_EQ(configuration.control.operate, (Accounts{{{"alice", false}, {}}, {{"4", true}, {}}}));
    EXPECT_EQ(configuration.control.administer, (Accounts{{{"www-data", false}, {}}}));
    EXPECT_EQ(to_string(configuration.control.operate[1].place), file.string() + ":6:77");

    EXPECT_EQ(configuration.memory.write_buffers, 256U << 20U);
    ASSERT_EQ(configuration.listeners.size(), 1U);
    const model::ListenerSpec& spec = configuration.listeners.at("web-1.a_b");
    EXPECT_EQ(spec.name, "web-1.a_b");
    EXPECT_EQ(to_string(spec.place), file.string() + ":11:3");
    ASSERT_EQ(spec.listen.size(), 4U);
    EXPECT_EQ(spec.listen[0].value, tcp("0.0.0.0", 80));
    EXPECT_EQ(spec.listen[1].value, tcp("::", 80));
    EXPECT_EQ(spec.listen[2].value, tcp("localhost", 0));
    EXPECT_EQ(spec.protocol.value, (model::ProtocolName{"http", "server"}));
    EXPECT_EQ(spec.write_buffer,
              (model::WriteBuffer{2U << 20U, 1000, 1U << 30U, model::WriteBuffer::Policy::refuse}));
    EXPECT_EQ(spec.timeouts.drain, 1500ms);
    ASSERT_EQ(spec.options.members.size(), 4U);
    EXPECT_EQ(spec.options.find("names")->items[1].path, "listeners.web-1.a_b.options.names[1]");
    EXPECT_TRUE(spec.options.find("names")->items[1].quoted);
    EXPECT_FALSE(spec.options.find("retries")->quoted);
}

TEST(Load, AnEmptyMappingIsAConfiguration) {
    const ScratchFolder folder;
    EXPECT_EQ(loaded(folder.write("a.yaml", "{}")), model::Configuration{});
    EXPECT_EQ(loaded(folder.write("b.yaml", "log:\nlisteners:\n")), model::Configuration{});
}

TEST(Load, WhatIsAbsentHasTheDefaultsOfTheProduct) {
    const ScratchFolder folder;
    const model::Configuration configuration = loaded(folder.write("a.yaml", "{}"));
    EXPECT_EQ(configuration.plugins.max_draining, 8U);
    EXPECT_TRUE(configuration.plugins.modules.empty());
    EXPECT_FALSE(model::ModuleSettings{}.unmap);
    EXPECT_EQ(configuration.control.socket, std::nullopt);
    EXPECT_TRUE(configuration.control.read.empty());
    EXPECT_TRUE(configuration.control.operate.empty());
    EXPECT_TRUE(configuration.control.administer.empty());
    EXPECT_EQ(configuration.memory.write_buffers, 1U << 30U);
}

TEST(Load, AbsentOptionsHaveAPlaceToComplainAt) {
    const ScratchFolder folder;
    const auto file = folder.write("a.yaml", one);
    const model::Node options = loaded(file).listeners.at("one").options;
    EXPECT_EQ(options.kind, model::Node::Kind::mapping);
    EXPECT_EQ(to_string(options.place, options.path),
              file.string() + ":1:13: listeners.one.options");
}

TEST(Load, OneWatermarkFollowsFromTheOther) {
    const ScratchFolder folder;
    const std::string rest = "listeners: {a: {listen: tcp://h:1, protocol: p, write_buffer: ";
    const auto buffer = [&](const std::string& text) {
        return loaded(folder.write("a.yaml", rest + text + "}}")).listeners.at("a").write_buffer;
    };
    EXPECT_EQ(buffer("{high: 100KiB}").low, 25U * 1024);
    EXPECT_EQ(buffer("{high: 0}").low, 0U);
    EXPECT_EQ(buffer("{low: 100KiB}").high, 400U * 1024);
    EXPECT_EQ(buffer("{limit: 64KiB}"), (model::WriteBuffer{64U << 10U, 16U << 10U, 64U << 10U}));
    EXPECT_EQ(buffer(""), model::WriteBuffer{});
}

TEST(Load, UnitsOfAllFilesAreUnited) {
    const ScratchFolder folder;
    const auto file = folder.write("main.yaml",
                                   "log: {level: debug, areas: {net: info}}\n"
                                   "plugins: {directories: [/a, /b], modules: {echo: }}\n" +
                                       std::string(one));
    folder.write("conf.d/20-two.yaml", two);
    folder.write("conf.d/10-log.yaml",
                 "log: {format: json, areas: {unit: warn}}\n"
                 "plugins: {directories: [/c, /a], modules: {chat: {unmap: true}}}\nlisteners:\n");
    folder.write("conf.d/note.txt", "{");
    folder.write("conf.d/old.yml", "{");
    folder.write("conf.d/.hidden.yaml", "{");
    folder.write("conf.d/.yaml", "{");
    model::Configuration expected;
    expected.log = {base::Level::debug,
                    base::LogFormat::json,
                    {{"net", base::Level::info}, {"unit", base::Level::warn}}};
    expected.plugins.directories = {"/a", "/b", "/c"};
    expected.plugins.modules = {{"echo", {false}}, {"chat", {true}}};
    expected.listeners["one"] = listener("one", 1);
    expected.listeners["two"] = listener("two", 2);
    EXPECT_EQ(loaded(file), expected);
}

TEST(Load, TheSameThingTwiceOverSeveralFilesNamesBothPlaces) {
    const ScratchFolder folder;
    const auto file = folder.write("main.yaml",
                                   "log: {level: info, areas: {net: info}}\n"
                                   "control: {socket: /a}\n" +
                                       std::string(one));
    folder.write(
        "conf.d/a.yaml",
        "log: {level: info, areas: {net: warn}}\ncontrol: {socket: /b}\n" + std::string(one));
    folder.write("conf.d/b.yaml", "listeners:\n  other: {listen: tcp://127.0.0.1:1, protocol: x}");
    EXPECT_EQ(
        messages_of(file),
        "conf.d/a.yaml:1:7: log.level: already set at main.yaml:1:7 (remove one of the two)\n"
        "conf.d/a.yaml:1:28: log.areas.net: already set at main.yaml:1:28 "
        "(remove one of the two)\n"
        "conf.d/a.yaml:2:11: control.socket: already set at main.yaml:2:11 "
        "(remove one of the two)\n"
        "conf.d/a.yaml:3:13: listeners.one: already set at main.yaml:3:13 "
        "(remove one of the two)\n"
        "conf.d/b.yaml:2:19: listeners.other.listen: tcp://127.0.0.1:1 is already taken by "
        "listeners.one at main.yaml:3:27 (choose another, or set socket.reuse_port in both)\n");
}

TEST(Load, WhoMayControlIsSaidInOnePlace) {
    const ScratchFolder folder;
    const auto file = folder.write("main.yaml",
                                   "control: {read: [alice]}\n"
                                   "plugins: {max_draining: 2, modules: {echo: {unmap: true}}}\n");
    folder.write("conf.d/a.yaml",
                 "control: {read: [bob], operate: [bob]}\n"
                 "plugins: {max_draining: 2, modules: {echo: {unmap: false}}}\n");
    EXPECT_EQ(
        messages_of(file),
        "conf.d/a.yaml:1:11: control.read: already set at main.yaml:1:11 (remove one of the two)\n"
        "conf.d/a.yaml:2:11: plugins.max_draining: already set at main.yaml:2:11 "
        "(remove one of the two)\n"
        "conf.d/a.yaml:2:38: plugins.modules.echo: already set at main.yaml:2:38 "
        "(remove one of the two)\n");
}

TEST(Load, AllErrorsOfAllFilesComeAtOnceInTheOrderOfReading) {
    const ScratchFolder folder;
    const auto file =
        folder.write("main.yaml", "listeners:\n  a:\n    protocol: [x]\nlog: {level: loud}\n");
    folder.write("conf.d/1.yaml", "log: {levels: info\n");
    folder.write("conf.d/2.yaml", "");
    folder.write("conf.d/3.yaml", "log: {format: xml}\nlog: {}\nstate: {directory: x}\n");
    folder.write("conf.d/4.yaml", "log: plain\nlistners: {}\n");
    folder.write("conf.d/5.yaml", "- log\n");
    EXPECT_EQ(
        messages_of(file),
        "main.yaml:2:3: listeners.a: \"listen\" is missing (add listen: tcp://127.0.0.1:7007)\n"
        "main.yaml:3:15: listeners.a.protocol: expected a protocol such as echo, or "
        "plugin/factory, found a list\n"
        "main.yaml:4:14: log.level: expected trace, debug, info, warn, error or off, found "
        "\"loud\"\n"
        "conf.d/1.yaml:2:1: expected \",\" or \"}\" in the mapping at conf.d/1.yaml:1:6\n"
        "conf.d/2.yaml: empty: there is no configuration in it (write {} if that is meant)\n"
        "conf.d/3.yaml:1:15: log.format: expected automatic, text, json or journal, found \"xml\"\n"
        "conf.d/3.yaml:2:1: log: duplicate key \"log\"; the first is at conf.d/3.yaml:1:1 "
        "(remove one of the two)\n"
        "conf.d/3.yaml:3:20: state.directory: expected an absolute path, found \"x\" "
        "(begin with /)\n"
        "conf.d/4.yaml:1:6: log: expected a mapping, found \"plain\"\n"
        "conf.d/4.yaml:2:1: listners: unknown key (did you mean \"listeners\"?)\n"
        "conf.d/5.yaml:1:1: expected a mapping of sections, found a list\n");
}

TEST(Load, FilesAreNamedAsTheyWereGiven) {
    const ScratchFolder folder;
    folder.write("here.yaml", "lgo: {}\n");
    folder.write("conf.d/a.yaml", "lgo: {}\nlog: 5\n");
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    const auto configuration = load("here.yaml");
    std::filesystem::current_path(before);
    ASSERT_FALSE(configuration);
    const base::Errors errors = configuration.error();
    ASSERT_EQ(errors.size(), 3U);
    EXPECT_EQ(errors[0].where, "here.yaml:1:1: lgo");
    EXPECT_EQ(errors[1].where, "conf.d/a.yaml:1:1: lgo");
    EXPECT_EQ(errors[2].where, "conf.d/a.yaml:2:6: log");
}

TEST(Load, FilesThatCannotBeReadSayWhy) {
    const ScratchFolder folder;
    EXPECT_EQ(messages_of(folder.path() / "none.yaml"),
              "none.yaml: cannot be read: no such file or directory\n");
    std::filesystem::create_directory(folder.path() / "folder.yaml");
    EXPECT_EQ(messages_of(folder.path() / "folder.yaml"),
              "folder.yaml: is a directory, not a file\n");
    ASSERT_EQ(mkfifo((folder.path() / "pipe.yaml").c_str(), 0600), 0);
    EXPECT_EQ(messages_of(folder.path() / "pipe.yaml"), "pipe.yaml: is not a regular file\n");
    EXPECT_EQ(messages_of(folder.write("big.yaml", std::string((1U << 20U) + 1, '#'))),
              "big.yaml: is larger than 1MiB (split it into several files in conf.d beside it)\n");
    const auto secret = folder.write("secret.yaml", "{}");
    std::filesystem::permissions(secret, std::filesystem::perms::none);
    if (geteuid() != 0) {
        EXPECT_EQ(messages_of(secret), "secret.yaml: cannot be read: permission denied\n");
    }
}

TEST(Load, AdditionsThatCannotBeReadSayWhy) {
    const ScratchFolder folder;
    const auto file = folder.write("main.yaml", "{}");
    folder.write("conf.d", "a file");
    EXPECT_EQ(messages_of(file), "conf.d: cannot be read: not a directory\n");
    std::filesystem::remove(folder.path() / "conf.d");
    std::filesystem::create_directories(folder.path() / "conf.d/b.yaml");
    std::filesystem::create_symlink("nowhere", folder.path() / "conf.d/a.yaml");
    EXPECT_EQ(messages_of(file),
              "conf.d/a.yaml: cannot be read: no such file or directory\n"
              "conf.d/b.yaml: is a directory, not a file\n");
}

}  // namespace
}  // namespace protohost::config
