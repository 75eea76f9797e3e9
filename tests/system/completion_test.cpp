// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

using Words = std::set<std::string>;

/// What bash offers at the end of `line`, which is parted where bash parts it.
Words offered(const std::string& line, const std::string& folder = "/") {
    // Readline's own part: words and "=" are apart. The function, its name and its options are
    // bash's.
    static const std::string script = R"(
        set -u
        source "$1"
        cd "$3"
        read -r -a COMP_WORDS <<< "${2//=/ = }"
        [[ $2 != *[\ =] ]] || COMP_WORDS+=('')
        COMP_WORDS[0]=$4
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMPREPLY=(stale)
        [[ $(complete -p protohostctl) =~ -F\ ([a-z_]+) ]] || exit 3
        "${BASH_REMATCH[1]}" "$4" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"}
    )";
    const Finished finished = run({"bash",
                                   "--norc",
                                   "-c",
                                   script,
                                   "bash",
                                   PROTOHOST_SOURCE_DIR "/ctl/completion.bash",
                                   line,
                                   folder,
                                   control_program()});
    EXPECT_EQ(finished.code, 0) << line << ": " << finished.errors;
    EXPECT_EQ(finished.errors, "") << line;
    Words words;
    std::istringstream output(finished.output);
    for (std::string word; std::getline(output, word);) {
        if (!word.empty()) words.insert(word);
    }
    return words;
}

/// What zsh offers at the end of each line.
std::vector<Words> offered_by_zsh(const std::vector<std::string>& lines,
                                  const std::string& folder = "/") {
    // zsh completes in its line editor alone, and that needs a terminal. It edits one line after
    // the other, and what its completion adds is written down.
    static const std::string script = R"(
        PS1= RPS1=
        base=/usr/share/zsh/functions/Completion
        fpath=(${OFFERED:h} $base $base/Base $base/Unix)
        autoload -Uz compinit && compinit -D -u
        lines=(${(f)COMPLETED})
        cd $FOLDER
        compadd() {
            local -a hits
            if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
                builtin compadd -O hits "$@"
                print -rl -- "${(@Q)hits}" >> $OFFERED
            fi
            builtin compadd "$@"
        }
        offer() { _main_complete; compstate[insert]= compstate[list]=; }
        zle -C offer complete-word offer
        zle-line-init() {
            if (( $#lines )); then
                print -r -- "> $lines[1]" >> $OFFERED
                BUFFER=$lines[1] CURSOR=$#lines[1]
                zle offer
                shift lines
                BUFFER=
            else
                BUFFER=exit
            fi
            zle accept-line
        }
        zle -N zle-line-init
    )";
    const ScratchFolder scratch;
    std::filesystem::copy_file(PROTOHOST_SOURCE_DIR "/ctl/completion.zsh",
                               scratch.path() / "_protohostctl");
    const std::string file = scratch.write("script", script);
    const std::filesystem::path output = scratch.path() / "offered";
    std::string all;
    for (const std::string& line : lines) {
        all += control_program() + line.substr(line.find(' ')) + "\n";
    }
    const Finished finished = run({"env",
                                   "COMPLETED=" + all,
                                   "OFFERED=" + output.string(),
                                   "FOLDER=" + folder,
                                   "zsh",
                                   "-fc",
                                   "zmodload zsh/zpty; zpty shell zsh -fi; zpty -w shell source $1;"
                                   "while zpty -r shell said; do print -rn -- $said; done; true",
                                   "zsh",
                                   file});
    EXPECT_EQ(finished.code, 0) << finished.errors;
    std::vector<Words> words;
    std::ifstream offered(output);
    for (std::string word; std::getline(offered, word);) {
        if (word.starts_with("> ")) {
            words.emplace_back();
        } else if (!word.empty()) {
            words.back().insert(word);
        }
    }
    EXPECT_EQ(words.size(), lines.size()) << finished.output;
    words.resize(lines.size());
    return words;
}

void expect_zsh_offers_as_bash(const std::vector<std::string>& lines,
                               const std::string& folder = "/") {
    const auto by_zsh = offered_by_zsh(lines, folder);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        Words by_bash;
        // zsh leaves out the folder that is written already.
        for (const std::string& word : offered(lines[i], folder)) {
            by_bash.insert(word.substr(word.rfind('/') + 1));
        }
        EXPECT_EQ(by_zsh[i], by_bash) << lines[i];
    }
}

/// The names below "Subcommands:" of a help.
Words commands_of(const std::vector<std::string>& command) {
    std::vector<std::string> words{control_program()};
    words.insert(words.end(), command.begin(), command.end());
    words.push_back("--help");
    std::istringstream help(run(words).output);
    Words names;
    bool below = false;
    for (std::string line; std::getline(help, line);) {
        if (line.starts_with("Subcommands:")) {
            below = true;
        } else if (line.empty()) {
            below = false;
        } else if (below && line.starts_with("  ") && line[2] != ' ') {
            names.insert(line.substr(2, line.find(' ', 2) - 2));
        }
    }
    return names;
}

TEST(Completion, OffersEveryCommandThereIs) {
    EXPECT_GE(commands_of({}).size(), 15U);
    EXPECT_EQ(offered("protohostctl "), commands_of({}));
    for (const char* const group : {"connection", "log", "config", "plugin"}) {
        EXPECT_FALSE(commands_of({group}).empty()) << group;
        EXPECT_EQ(offered("protohostctl " + std::string(group) + " "), commands_of({group}))
            << group;
    }
    EXPECT_EQ(offered("protohostctl st"), (Words{"status", "stop", "start"}));
    EXPECT_EQ(offered("protohostctl nothing"), Words());
    EXPECT_EQ(offered("protohostctl list "),
              (Words{"listeners",
                     "endpoints",
                     "subprocesses",
                     "connections",
                     "plugins",
                     "generations",
                     "certificates"}));
}

TEST(Completion, OffersTheOptionsOfTheCommand) {
    const Words everywhere{"--help", "--json", "--socket", "--timeout", "--version"};
    const auto and_also = [&](const char* more) {
        Words words = everywhere;
        words.insert(more);
        return words;
    };
    EXPECT_EQ(offered("protohostctl -"), everywhere);
    EXPECT_EQ(offered("protohostctl reload --"), everywhere);
    EXPECT_EQ(offered("protohostctl status -"), and_also("--watch"));
    EXPECT_EQ(offered("protohostctl connection close -"), and_also("--abort"));
    EXPECT_EQ(offered("protohostctl log set unit=debug -"), and_also("--for"));
    EXPECT_EQ(offered("protohostctl config show -"), and_also("--effective"));
    EXPECT_EQ(offered("protohostctl check -"), and_also("--config"));
    EXPECT_EQ(offered("protohostctl --timeout "), Words());
}

TEST(Completion, OffersTheNamesOfTheDaemonThatTheLineNames) {
    Daemon daemon({.listeners = listener("web", "echo") + listener("lab", "lab"),
                   .endpoints = "  names: {bind: \"udp://127.0.0.1:0\", protocol: udp-echo}\n"});
    Client client(daemon.port("web"));
    ASSERT_TRUE(client.echoes("hello"));
    Words ids;
    for (const auto& each : Control(daemon).ask("list", {{"what", "connections"}})) {
        ids.insert(each["id"].get<std::string>());
    }
    EXPECT_EQ(ids.size(), 2U);
    for (const char* const socket : {"--socket ", "--socket="}) {
        const std::string line = "protohostctl " + (socket + daemon.control_socket()) + " ";
        for (const char* const verb : {"show ", "drain ", "stop ", "start "}) {
            EXPECT_EQ(offered(line + verb), (Words{"lab", "names", "web"})) << line << verb;
        }
        EXPECT_EQ(offered(line + "show w"), Words{"web"});
        EXPECT_EQ(offered(line + "connection close "), ids);
        EXPECT_EQ(offered(line + "plugin rollback "), (Words{"echo", "lab", "udp-echo"}));
        EXPECT_EQ(offered(line), commands_of({}));
        expect_zsh_offers_as_bash({line + "show ",
                                   line + "show w",
                                   line + "restart ",
                                   line + "connection close ",
                                   line + "plugin rollback ",
                                   line});
    }
    EXPECT_EQ(offered("protohostctl --socket /nonexistent show "), Words());
}

TEST(Completion, OffersFilesAndTheFoldersOnTheWay) {
    const ScratchFolder folder;
    folder.write("a plugin.so", "");
    folder.write("other.txt", "");
    folder.write("below/plugin.so", "");
    const std::string path = folder.path().string();
    EXPECT_EQ(offered("protohostctl plugin check ", path), (Words{"a plugin.so", "below"}));
    EXPECT_EQ(offered("protohostctl plugin check below/", path), Words{"below/plugin.so"});
    const Words all{"a plugin.so", "below", "other.txt"};
    EXPECT_EQ(offered("protohostctl check --config ", path), all);
    EXPECT_EQ(offered("protohostctl --socket ", path), all);
    EXPECT_EQ(offered("protohostctl --socket=o", path), Words{"other.txt"});
    expect_zsh_offers_as_bash({"protohostctl plugin check ",
                               "protohostctl plugin check below/",
                               "protohostctl check --config ",
                               "protohostctl --socket ",
                               "protohostctl --socket=o"},
                              path);
}

TEST(Completion, OfZshOffersTheSameCommandsAndOptions) {
    expect_zsh_offers_as_bash({"protohostctl ",
                               "protohostctl st",
                               "protohostctl nothing",
                               "protohostctl connection ",
                               "protohostctl log ",
                               "protohostctl config ",
                               "protohostctl plugin ",
                               "protohostctl list ",
                               "protohostctl signal worker ",
                               "protohostctl -",
                               "protohostctl reload --",
                               "protohostctl status -",
                               "protohostctl connection close -",
                               "protohostctl log set unit=debug -",
                               "protohostctl config show -",
                               "protohostctl check -",
                               "protohostctl tail worker -",
                               "protohostctl --timeout ",
                               "protohostctl --socket /nonexistent show "});
}

}  // namespace
}  // namespace protohost::harness
