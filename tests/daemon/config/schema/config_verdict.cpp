// SPDX-License-Identifier: MIT
#include <cstdio>
#include <iostream>
#include <string>

#include "daemon/config/decode.hpp"
#include "daemon/config/load_yaml.hpp"
#include "daemon/config/merge.hpp"
#include "daemon/config/schema.hpp"

// config_verdict: prints the schema, then for each line of standard input, which is a
// configuration, a line with what is wrong with it; an empty one where nothing is.

namespace {

using namespace protohost::config;

const std::vector<DeclaredProtocol> protocols{
    {"talk",
     "talk",
     "stream",
     {{"greeting", "string", false, "hello", "What is said first"},
      {"count", "integer", false, "3", ""},
      {"ratio", "number", false, "0.5", ""},
      {"loud", "boolean", false, "false", ""},
      {"pause", "duration", false, "10ms", ""},
      {"most", "size", false, "64KiB", ""},
      {"words", "list", false, "[a, 'b']", ""},
      {"more", "any", false, "", ""}}},
    {"talk", "log", "datagram", {{"file", "string", true, "", "Where to"}}},
    {"only", "one", "stream", {}},
};

std::string verdict(const std::string& text) {
    Report report;
    Merge merge;
    if (auto tree = load_yaml("", text, report)) merge.add(std::move(*tree), report);
    decode(merge.take(), report);
    std::string line;
    for (const auto& error : report.sorted()) line += (line.empty() ? "" : "; ") + to_string(error);
    return line;
}

}  // namespace

int main() {
    const std::string text = schema(protocols);
    std::printf("%zu\n%s", text.size(), text.c_str());
    for (std::string line; std::getline(std::cin, line);) {
        std::printf("%s\n", verdict(line).c_str());
    }
    return 0;
}
