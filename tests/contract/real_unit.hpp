// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/net/executor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "daemon/unit/unit.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

#include <protohost/loop.hpp>

namespace protohost::contract {

/// The daemon's own: a unit that opens nothing by itself, with a loaded plugin whose context the
/// statements use. It serves.
class RealUnit {
public:
    RealUnit() { unit_->start(); }
    ~RealUnit() {
        if (unit_ != nullptr) go();
    }
    RealUnit(const RealUnit&) = delete;
    RealUnit& operator=(const RealUnit&) = delete;

    Loop loop() { return Loop({&host_.table(), &binding_->context()}); }
    unit::Unit& unit() { return *unit_; }
    const plugin::testing::TemporaryFolder& folder() const { return folder_; }

    void turn() {
        if (loop_.run_ready()) return;
        loop_.run_once(std::chrono::milliseconds(1));
    }
    void settle() {
        do {
            loop_.run_ready();
        } while (loop_.run_once(std::chrono::milliseconds(10)));
    }
    /// It stops, and everything of it ends.
    void go() {
        bool stopped = false;
        unit_->stop([&] { stopped = true; });
        unit_->abort_connections();
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!stopped && std::chrono::steady_clock::now() < deadline) turn();
        EXPECT_TRUE(stopped);
        settle();
        unit_.reset();
        binding_.reset();
    }

private:
    class IdleUnit final : public unit::Unit {
    public:
        IdleUnit(const unit::Shared& shared, std::shared_ptr<unit::Binding> binding)
            : Unit(shared, spec(), "listener contract", std::move(binding)) {}

        base::Errors bind() override { return {}; }

    private:
        static model::UnitSpec spec() {
            model::UnitSpec spec;
            spec.name = "contract";
            spec.protocol.value.plugin = "good";
            return spec;
        }
        void open() override {}
        void close() override {}
        void describe(unit::UnitSnapshot&) const override {}
    };

    std::shared_ptr<unit::Binding> bind() {
        auto staged = staging_->stage(plugin::testing::put_guest(folder_, "good"));
        auto generation = generations_.load(staged.value()).value();
        const auto* declared = generation->module()->find_factory("here", "").value();
        model::Node options;
        options.kind = model::Node::Kind::mapping;
        return unit::Binding::make(generation, *declared, options, "listener contract").value();
    }

    net::Loop loop_;
    net::Executor executor_{loop_, 2};
    net::Resolver resolver_{loop_};
    unit::Host host_;
    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_ =
        plugin::StagingDirectory::create(folder_ / "state").value();
    unit::Generations generations_{loop_, host_.table()};
    std::shared_ptr<unit::Binding> binding_ = bind();
    std::unique_ptr<unit::Unit> unit_ =
        std::make_unique<IdleUnit>(unit::Shared{loop_, resolver_, executor_}, binding_);
};

}  // namespace protohost::contract
