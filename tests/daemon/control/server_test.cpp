// SPDX-License-Identifier: MIT
#include "daemon/control/server.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/control/rig.hpp"

namespace protohost::control::testing {
namespace {

using ControlServer = Rig;

std::string code_of(const Json& answer) {
    return answer.contains("error") ? answer["error"]["code"].get<std::string>() : "";
}

TEST_F(ControlServer, GivesRequestsInTurnAndAnswersThem) {
    Peer peer(path_);
    peer.ask("first", R"({"a": 1})");
    peer.ask("second");
    run_until([&] { return calls_.size() == 1; });
    run_ready();
    // The second waits for the answer to the first.
    ASSERT_EQ(calls_.size(), 1u);
    EXPECT_EQ(calls_[0].verb(), "first");
    EXPECT_EQ(calls_[0].arguments()["a"], 1);
    calls_[0].answer({{"done", true}});
    EXPECT_EQ(answer_to(peer), Json::parse(R"({"version": 1, "result": {"done": true}})"));
    run_until([&] { return calls_.size() == 2; });
    calls_[1].fail(Code::rejected, "no", base::failure("file:1:2", "wrong", "mend it"));
    EXPECT_EQ(answer_to(peer)["error"], Json::parse(R"({"code": "rejected", "message": "no",
                  "errors": [{"where": "file:1:2", "what": "wrong", "hint": "mend it"}]})"));
}

TEST_F(ControlServer, AnAnswerCountsOnce) {
    Peer peer(path_);
    peer.ask("one");
    run_until([&] { return calls_.size() == 1; });
    calls_[0].answer({{"n", 1}});
    calls_[0].answer({{"n", 2}});
    peer.ask("two");
    run_until([&] { return calls_.size() == 2; });
    calls_[1].answer({{"n", 3}});
    EXPECT_EQ(answer_to(peer)["result"]["n"], 1);
    EXPECT_EQ(answer_to(peer)["result"]["n"], 3);
}

TEST_F(ControlServer, TellsWhatIsNoRequestAndGoesOn) {
    Peer peer(path_);
    const std::string deep(20'000, '[');
    for (const std::string& line :
         std::vector<std::string>{"",
                                  "help",
                                  "[1]",
                                  "{}",
                                  R"({"version": 2, "verb": "status"})",
                                  R"({"version": "1", "verb": "status"})",
                                  R"({"version": 1})",
                                  R"({"version": 1, "verb": 7})",
                                  R"({"version": 1, "verb": "status", "arguments": []})",
                                  "\xff\xfe",
                                  deep}) {
        peer.send(line + "\n");
        const Json answer = answer_to(peer);
        EXPECT_EQ(code_of(answer), "bad_request") << line.substr(0, 60) << ": " << answer.dump();
    }
    EXPECT_TRUE(calls_.empty());
    peer.ask("status");
    run_until([&] { return calls_.size() == 1; });
}

TEST_F(ControlServer, EndsALineThatNeverEnds) {
    Peer peer(path_);
    const std::string endless(longest_request + 1, 'x');
    for (std::size_t sent = 0; sent < endless.size(); sent += 16384) {
        peer.send(endless.substr(sent, 16384));
        run_ready();
    }
    EXPECT_EQ(code_of(answer_to(peer)), "bad_request");
    run_until([&] { return peer.ended(); });
    EXPECT_TRUE(calls_.empty());
}

TEST_F(ControlServer, AnswersTheLastRequestOfOneWhoSendsNoMore) {
    Peer peer(path_);
    peer.ask("last");
    peer.shut_down_writing();
    run_until([&] { return calls_.size() == 1; });
    run_ready();
    EXPECT_FALSE(peer.ended());
    calls_[0].answer(Json::object());
    answer_to(peer);
    run_until([&] { return peer.ended(); });
}

TEST_F(ControlServer, AnswersNobodyWhoIsGone) {
    Peer peer(path_);
    peer.ask("slow");
    run_until([&] { return calls_.size() == 1; });
    peer.close();
    run_ready();
    calls_[0].answer(Json::object());
    Peer other(path_);
    other.ask("next");
    run_until([&] { return calls_.size() == 2; });
}

TEST_F(ControlServer, WhoDoesNotReadHoldsUpNobodyElse) {
    Peer slow(path_);
    slow.ask("much");
    run_until([&] { return calls_.size() == 1; });
    const std::string much(8 << 20, 'x');
    calls_[0].answer({{"text", much}});
    for (int i = 0; i < 10; ++i) {
        Peer quick(path_);
        quick.ask("little");
        run_until([&] { return calls_.size() == 2; });
        calls_.back().answer(Json::object());
        answer_to(quick);
        calls_.pop_back();
    }
    EXPECT_EQ(answer_to(slow)["result"]["text"], much);
}

TEST_F(ControlServer, HasSoManySessionsAndTheOthersWait) {
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::size_t i = 0; i < Server::most_of_own; ++i) {
        peers.push_back(std::make_unique<Peer>(path_));
        peers.back()->ask("hello");
    }
    run_until([&] { return calls_.size() == Server::most_of_own; });
    Peer waits(path_);
    ASSERT_TRUE(waits.connected());
    waits.ask("hello");
    run_ready();
    EXPECT_EQ(calls_.size(), Server::most_of_own);
    for (const Call& call : calls_) call.answer(Json::object());
    peers.pop_back();
    run_until([&] { return calls_.size() == Server::most_of_own + 1; });
}

TEST_F(ControlServer, IsForItsOwnUserUnlessOthersAreNamed) {
    const auto mode = [&] { return std::filesystem::status(path_).permissions(); };
    EXPECT_EQ(mode(), std::filesystem::perms(0600));
    model::ControlSettings settings;
    settings.read.push_back({{"12345", false}, {}});
    base::Errors errors;
    server_.set_permissions(Permissions::look_up(settings, errors));
    EXPECT_EQ(mode(), std::filesystem::perms(0666));
    server_.set_permissions(Permissions::look_up({}, errors));
    EXPECT_EQ(mode(), std::filesystem::perms(0600));
}

TEST_F(ControlServer, ThePathOfALivingOneIsNotTaken) {
    Server second(loop_, [](const Call&) {});
    const base::Errors errors = second.open(path_, {}, "control.socket");
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(errors.front().where, "control.socket");
    EXPECT_TRUE(Peer(path_).connected());
    second.close([] {});
}

TEST_F(ControlServer, MakesItsFolder) {
    Server second(loop_, [](const Call&) {});
    EXPECT_TRUE(second.open(folder_ / "run/control.sock", {}, "control.socket").empty());
    EXPECT_FALSE(second.open(folder_ / "a/b/control.sock", {}, "control.socket").empty());
    second.close([] {});
}

}  // namespace
}  // namespace protohost::control::testing
