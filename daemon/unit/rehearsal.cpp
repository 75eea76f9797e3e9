// SPDX-License-Identifier: MIT
#include "daemon/unit/rehearsal.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/format.hpp"
#include "daemon/net/loop_time.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using plugin::ProbeEvent;

/// What a plugin has to stop by then, it has to stop sooner in a daemon that serves.
constexpr auto patience = std::chrono::seconds(2);
constexpr auto pause = std::chrono::milliseconds(10);

std::map<int, std::string> open_descriptors() {
    std::map<int, std::string> open;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
        const std::string name = entry.path().filename().string();
        int number = -1;
        std::from_chars(name.data(), name.data() + name.size(), number);
        open[number] = fs::read_symlink(entry.path(), error).string();
    }
    // The one that looked at them is closed by now.
    std::erase_if(open, [&](const auto& entry) {
        return !fs::exists(
            fs::symlink_status("/proc/self/fd/" + std::to_string(entry.first), error));
    });
    return open;
}

std::size_t count_threads() {
    std::error_code error;
    const fs::directory_iterator first("/proc/self/task", error);
    return error ? 0 : static_cast<std::size_t>(std::distance(first, fs::directory_iterator()));
}

/// How many there are beside `known`. One that has been joined may still be seen for a moment.
std::size_t threads_beside(std::size_t known) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(200);
    std::size_t count = count_threads();
    while (count > known && Clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        count = count_threads();
    }
    return count > known ? count - known : 0;
}

}  // namespace

Rehearsal::Rehearsal(plugin::ProbeRequest request, Tell tell)
    : request_(std::move(request)), tell_(std::move(tell)) {}

Rehearsal::~Rehearsal() = default;

void Rehearsal::run() {
    descriptors_ = open_descriptors();
    std::thread([this] { load(); }).join();
    if (refused_) return;
    release();
    if (quiesce()) unload();
    check_descriptors();
}

void Rehearsal::load() {
    threads_ = count_threads();
    step("a constructor");
    auto library = plugin::Library::open(request_.staged);
    if (!library) return failed(library.error());
    step("its entry function");
    auto module = plugin::Module::open(std::move(*library), request_.staged, host_.table());
    if (!module) return failed(module.error());
    module_ = std::move(*module);
    context_ = std::make_unique<ph_ctx>(loop_, module_->name());
    step("load");
    if (auto errors = module_->load(context_.get()); !errors.empty()) return failed(errors);
    check_threads("load");
    for (const auto& binding : request_.bindings) configure(binding);
}

void Rehearsal::configure(const plugin::ProbeRequest::Binding& binding) {
    const auto declared = module_->find_factory(binding.where, binding.factory);
    if (!declared) return failed(declared.error());
    if (auto errors = plugin::check_kind(binding.where, **declared, binding.kind, binding.title);
        !errors.empty()) {
        return failed(errors);
    }
    step("configure for " + binding.title);
    Part& part = parts_.emplace_back();
    part.context = std::make_unique<ph_ctx>(loop_, module_->name(), binding.title);
    auto factory =
        plugin::Factory::configure(module_, **declared, binding.options, part.context.get());
    if (!factory) return failed(factory.error());
    part.factory = std::move(*factory);
    check_threads("configure");
}

void Rehearsal::release() {
    step("release");
    for (Part& part : parts_) {
        part.context->calls.drop_all();
        part.factory.reset();
    }
    parts_.clear();
}

bool Rehearsal::quiesce() {
    step("quiesce");
    const auto deadline = Clock::now() + patience;
    while (true) {
        const ph_status status = module_->quiesce(net::loop_time(deadline));
        if (status >= 0) return true;
        if (status != PH_E_BUSY || Clock::now() >= deadline) {
            warn(base::format("does not quiesce: {}", plugin::failure_text(status)),
                 "it will be neither unloaded nor freed");
            return false;
        }
        // What it waits for may be something that it posted.
        loop_.run_once(Clock::now() + pause);
    }
}

void Rehearsal::unload() {
    if (const std::size_t left = threads_beside(threads_ - 1); left > 0) {
        warn(base::format("leaves {} running after quiesce", base::counted(left, "thread")),
             "join them in quiesce, or in the end of a factory");
    }
    step("unload");
    context_->calls.drop_all();
    module_->unload();
}

void Rehearsal::check_threads(const std::string& where) {
    if ((request_.staged.identity.flags & PH_PLUGIN_THREADS) != 0) return;
    const std::size_t started = threads_beside(threads_);
    if (started == 0) return;
    threads_ += started;
    failed(base::failure(request_.staged.source,
                         base::format("starts {} in {}, which its note does not announce",
                                      base::counted(started, "thread"),
                                      where),
                         "set PH_PLUGIN_THREADS in its note"));
}

void Rehearsal::check_descriptors() {
    std::string left;
    std::size_t count = 0;
    for (const auto& [number, name] : open_descriptors()) {
        if (descriptors_.contains(number)) continue;
        ++count;
        left += (left.empty() ? "" : ", ") + name;
    }
    if (count == 0) return;
    warn(base::format("leaves {} open: {}", base::counted(count, "descriptor"), left),
         "close them in unload, or in the end of a factory");
}

void Rehearsal::step(std::string what) {
    tell_({ProbeEvent::Kind::step, {{}, std::move(what), {}}});
}

void Rehearsal::failed(const base::Errors& errors) {
    refused_ = true;
    for (const base::Error& error : errors) tell_({ProbeEvent::Kind::failure, error});
}

void Rehearsal::warn(std::string what, std::string hint) {
    tell_({ProbeEvent::Kind::warning, {request_.staged.source, std::move(what), std::move(hint)}});
}

}  // namespace protohost::unit
