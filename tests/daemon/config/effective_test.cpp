// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/config/load_yaml.hpp"
#include "daemon/config/write_json.hpp"
#include "daemon/config/write_yaml.hpp"
#include "tests/daemon/config/manual.hpp"
#include "tests/daemon/config/messages.hpp"
#include "tests/daemon/config/scratch_folder.hpp"

// What holds, with where it comes from, and that it is exactly what is applied.

namespace protohost::config {
namespace {

/// Without the folder, which is another one each time.
std::string effective_yaml(const ScratchFolder& folder, const std::filesystem::path& file) {
    const auto loaded = load_with_source(file);
    EXPECT_TRUE(loaded) << messages_of(file);
    if (!loaded) return "";
    std::string text = to_yaml(effective(loaded->written));
    const std::string before = folder.path().string() + '/';
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before)) {
        text.erase(at, before.size());
    }
    return text;
}

/// Without the defaults that are no values: there is no notation for them.
model::Node without_nothing(model::Node node) {
    std::erase_if(node.members, [](const model::Member& member) {
        return member.value.kind == model::Node::Kind::null && member.value.is_default;
    });
    for (model::Member& member : node.members) member.value = without_nothing(member.value);
    return node;
}

/// In JSON every text has quotation marks. That numbers have none is for the tests of to_json.
enum class Quotation { is_kept, is_one };

void quote_all(model::Node& options) {
    options.quoted = options.kind == model::Node::Kind::scalar;
    for (model::Node& item : options.items) quote_all(item);
    for (model::Member& member : options.members) quote_all(member.value);
}

model::Configuration quoted(model::Configuration configuration) {
    for (auto& [name, spec] : configuration.listeners) quote_all(spec.options);
    for (auto& [name, spec] : configuration.endpoints) quote_all(spec.options);
    return configuration;
}

/// `text`, made of the effective tree of `configuration`, is the same configuration.
void expect_the_same(const model::Configuration& configuration,
                     const std::string& text,
                     Quotation quotation) {
    const ScratchFolder folder;
    const auto copy = folder.write("copy.yaml", text);
    const auto again = load(copy);
    ASSERT_TRUE(again) << messages_of(copy) << text;
    if (quotation == Quotation::is_kept) {
        EXPECT_TRUE(*again == configuration) << text;
    } else {
        EXPECT_TRUE(quoted(*again) == quoted(configuration)) << text;
    }
}

void expect_round_trip_as_yaml(const std::filesystem::path& file) {
    SCOPED_TRACE(file);
    const auto loaded = load_with_source(file);
    ASSERT_TRUE(loaded) << messages_of(file);
    expect_the_same(loaded->configuration, to_yaml(effective(loaded->written)), Quotation::is_kept);
}

void expect_round_trip(const std::filesystem::path& file) {
    expect_round_trip_as_yaml(file);
    const auto loaded = load_with_source(file);
    ASSERT_TRUE(loaded) << messages_of(file);
    const model::Node values = without_nothing(effective(loaded->written));
    expect_the_same(loaded->configuration, to_json(values, false), Quotation::is_one);
    expect_the_same(loaded->configuration, to_json(values, true), Quotation::is_one);
}

TEST(Effective, OfNothingIsEveryDefault) {
    const ScratchFolder folder;
    EXPECT_EQ(effective_yaml(folder, folder.write("a.yaml", "{}")),
              R"(plugins:
  directories: []              # default
  max_draining: 8              # default
  modules: {}                  # default
log:
  level: info                  # default
  format: automatic            # default
  # file: standard error       # default
  areas: {}                    # default
state:
  # directory: $STATE_DIRECTORY, which systemd sets; else /var/lib/protohost as root, or $XDG_STATE_HOME/protohost  # default
control:
  # socket: in $RUNTIME_DIRECTORY, which systemd sets; else /run/protohost/control.sock as root, or in $XDG_RUNTIME_DIR  # default
  read: []                     # default
  operate: []                  # default
  administer: []               # default
memory:
  write_buffers: 1GiB          # default
# user: the one who starts it  # default
# group: that of user          # default
listeners: {}                  # default
endpoints: {}                  # default
subprocesses: {}               # default
)");
}

TEST(Effective, SaysOfEveryValueWhereItComesFrom) {
    const ScratchFolder folder;
    const auto file =
        folder.write("main.yaml",
                     "plugins: {directories: [/b, /a, /b], modules: {z: {unmap: true}}}\n"
                     "log: {areas: {unit: debug}}\n"
                     "control: {read: ['@adm', 7], operate:\n"
                     "  [a,\n"
                     "   b]}\n"
                     "endpoints:\n"
                     "  web:\n"
                     "    bind: udp://127.0.0.1:53\n"
                     "    protocol: dns/udp\n"
                     "    options: {zone: 'a: b', on: yes, deep: {list: [1, '1']}}\n"
                     "    write_buffer: {low: 1000}\n"
                     "    socket: {multicast: [{group: 239.1.2.3, interface: eth0}]}\n");
    folder.write("conf.d/1.yaml",
                 "plugins: {directories: [/c], modules: {a: }}\n"
                 "listeners: {l: {listen: fd:3, protocol: p, limits: {connections: 5}}}\n"
                 "endpoints: {c: {connect: 'unix:@x', protocol: p, reconnect: never}}\n");
    EXPECT_EQ(effective_yaml(folder, file),
              R"(plugins:
  directories:
    - /b                            # main.yaml:1:25
    - /a                            # main.yaml:1:29
    - /c                            # conf.d/1.yaml:1:25
  max_draining: 8                   # default
  modules:
    a:
      unmap: false                  # default
    z:
      unmap: true                   # main.yaml:1:59
log:
  level: info                       # default
  format: automatic                 # default
  # file: standard error            # default
  areas:
    unit: debug                     # main.yaml:2:21
state:
  # directory: $STATE_DIRECTORY, which systemd sets; else /var/lib/protohost as root, or $XDG_STATE_HOME/protohost  # default
control:
  # socket: in $RUNTIME_DIRECTORY, which systemd sets; else /run/protohost/control.sock as root, or in $XDG_RUNTIME_DIR  # default
  read: ["@adm", 7]                 # main.yaml:3:17
  operate:
    - a                             # main.yaml:4:4
    - b                             # main.yaml:5:4
  administer: []                    # default
memory:
  write_buffers: 1GiB               # default
# user: the one who starts it       # default
# group: that of user               # default
listeners:
  l:
    listen: fd:3                    # conf.d/1.yaml:2:25
    protocol: p                     # conf.d/1.yaml:2:41
    options: {}                     # default
    write_buffer:
      high: 64KiB                   # default
      low: 16KiB                    # default
      limit: 16MiB                  # default
      policy: abort                 # default
    timeouts:
      connect: 10s                  # default
      idle: 0                       # default
      write_stall: 0                # default
      drain: 30s                    # default
      pipes: 0                      # default
    socket:
      keepalive: true               # default
      nodelay: true                 # default
      user_timeout: 0               # default
      backlog: 4096                 # default
      send_buffer: 0                # default
      receive_buffer: 0             # default
      broadcast: false              # default
    limits:
      connections: 5                # conf.d/1.yaml:2:66
      per_source: 0                 # default
endpoints:
  c:
    connect: unix:@x                # conf.d/1.yaml:3:26
    protocol: p                     # conf.d/1.yaml:3:47
    options: {}                     # default
    write_buffer:
      high: 64KiB                   # default
      low: 16KiB                    # default
      limit: 16MiB                  # default
      policy: abort                 # default
    timeouts:
      connect: 10s                  # default
      idle: 0                       # default
      write_stall: 0                # default
      drain: 30s                    # default
      pipes: 0                      # default
    socket:
      keepalive: true               # default
      nodelay: true                 # default
      user_timeout: 0               # default
      backlog: 4096                 # default
      # local: the kernel's choice  # default
      send_buffer: 0                # default
      receive_buffer: 0             # default
      broadcast: false              # default
    reconnect: never                # conf.d/1.yaml:3:61
    required: false                 # default
  web:
    bind: udp://127.0.0.1:53        # main.yaml:8:11
    protocol: dns/udp               # main.yaml:9:15
    options:
      zone: "a: b"                  # main.yaml:10:21
      on: yes                       # main.yaml:10:33
      deep:
        list: [1, "1"]              # main.yaml:10:51
    write_buffer:
      high: 4000                    # default
      low: 1000                     # main.yaml:11:25
      limit: 16MiB                  # default
      policy: abort                 # default
    timeouts:
      connect: 10s                  # default
      drain: 30s                    # default
      pipes: 0                      # default
    socket:
      keepalive: true               # default
      nodelay: true                 # default
      user_timeout: 0               # default
      reuse_port: false             # default
      backlog: 4096                 # default
      send_buffer: 0                # default
      receive_buffer: 0             # default
      broadcast: false              # default
      multicast: [{group: 239.1.2.3, interface: eth0}]  # main.yaml:12:25
    # remote: none                  # default
    required: false                 # default
subprocesses: {}                    # default
)");
}

TEST(Effective, IsEveryExampleAgain) {
    expect_round_trip(source_folder() / "config/protohost.yaml");
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(source_folder() / "config/examples")) {
        expect_round_trip(entry.path());
        ++count;
    }
    EXPECT_GE(count, 1);
}

TEST(Effective, WritesOptionsThatAreReadAsTheSame) {
    const ScratchFolder folder;
    const std::string before = "listeners: {a: {listen: 'unix:///run/#a', protocol: p, options: ";
    for (const std::string text :
         {"{a: 1, b: '1', c: \"\", d: null, e: , f: ~, g: 'null', h: \"~\"}",
          "{a: yes, b: 'true', c: true, d: -1, e: '-', g: --- x, h: -x}",
          "{a: \"line\\nbreak\", b: \"\\x1b[1m\", c: \"\\u202e\", d: \"back\\\\slash\", e: "
          "'quo\"te'}",
          "{a: 'x: y', b: 'x #y', c: 'x:', d: ' x', e: 'x ', f: '#', g: '@', h: '%', i: '*', j: "
          "'&'}",
          "{a: 'x, y', b: '[x]', c: '{}', d: [], e: {}, f: [[]], g: [{}], h: [[1, [2]], {a: [b]}]}",
          "{a: 2024-01-01, b: 1e3, c: 0x10, d: 0o7, e: .5, f: 007, g: 1_000, h: .inf}",
          "{'a b': 1, 'a: b': 2, '<<': 3, 'null': 4, '#': 5, '- x': 6, '\\': 7, '1': 8}",
          "{a: [tcp://h:1, 'tcp://[::]:1', \"@x\"], b: Grüße, c: '日本語'}"}) {
        const auto file = folder.write("a.yaml", before + text + "}}\n");
        expect_round_trip_as_yaml(file);
    }
    // Plain texts that are none between brackets, and a list that is too long for one line.
    const std::string list(200, 'x');
    expect_round_trip_as_yaml(
        folder.write("a.yaml",
                     "listeners:\n  a:\n    listen: unix:@a\n    protocol: p\n"
                     "    options:\n"
                     "      one: a, b\n      two: x[1] {y}\n      three: a\n        b\n"
                     "      list: [" +
                         list + ", [" + list + ", {a: " + list +
                         "}]]\n"
                         "      block:\n        - a, b\n        - - c: d\n            e: f\n"));
}

TEST(Effective, IsEveryExampleOfTheManualAgain) {
    std::size_t count = 0;
    for (const std::string& block : manual_blocks()) {
        const ScratchFolder folder;
        expect_round_trip(folder.write("a.yaml", block));
        ++count;
    }
    EXPECT_GE(count, 4U);
}

}  // namespace
}  // namespace protohost::config
