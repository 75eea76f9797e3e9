// SPDX-License-Identifier: MIT
#include <memory>

#include "admission.hpp"
#include "client.hpp"
#include "settings.hpp"

#include <protohost/plugin.hpp>

namespace exec {

namespace {

class Factory {
public:
    explicit Factory(const protohost::Options& options)
        : settings_(options), admission_(settings_.instances, settings_.per_second) {}
    std::unique_ptr<Client> operator()() { return std::make_unique<Client>(settings_, admission_); }

private:
    const Settings settings_;
    Admission admission_;
};

constexpr ph_option options[] = {
    protohost::required_option("command",
                               protohost::OptionType::list,
                               "the program and its arguments, run for each connection"),
    protohost::option("user", protohost::OptionType::string, "", "whom it runs as"),
    protohost::option("group", protohost::OptionType::string, "", "the group it runs as"),
    protohost::option("directory", protohost::OptionType::string, "", "where it starts"),
    protohost::option("environment",
                      protohost::OptionType::any,
                      "",
                      "variables beside PATH, LANG, HOME, USER and what tells of the connection"),
    protohost::option("errors",
                      protohost::OptionType::string,
                      "log",
                      "where its standard error goes: to the log, or to the client"),
    protohost::option("instances",
                      protohost::OptionType::integer,
                      "0",
                      "with so many programs running, further connections are closed; 0: none are"),
    protohost::option("per_second",
                      protohost::OptionType::integer,
                      "0",
                      "connections beyond so many in a second are closed; 0: none are"),
    protohost::option("grace",
                      protohost::OptionType::duration,
                      "5s",
                      "how long a program may go on after its client has gone"),
};

}  // namespace

}  // namespace exec

PROTOHOST_PLUGIN("exec",
                 "1.0",
                 protohost::factory<exec::Factory>(
                     "exec",
                     "runs a program for each connection, which is its standard input and output",
                     exec::options));
