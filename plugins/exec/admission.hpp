// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <protohost/loop.hpp>

namespace exec {

/// Who may come in: so many programs at a time, and so many new ones in a second, as many at once
/// as in a whole one. 0: as many as come.
class Admission {
public:
    /// One of the programs that may run at a time, until it goes.
    class Place {
    public:
        Place() = default;
        Place(Place&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
        Place& operator=(Place&& other) noexcept {
            std::swap(admission_, other.admission_);
            return *this;
        }
        ~Place() {
            if (admission_ != nullptr) --admission_->taken_;
        }
        explicit operator bool() const { return admission_ != nullptr; }

    private:
        friend Admission;
        explicit Place(Admission& admission) : admission_(&admission) { ++admission.taken_; }

        Admission* admission_ = nullptr;
    };

    Admission(std::int64_t instances, std::int64_t per_second)
        : instances_(instances), per_second_(static_cast<double>(per_second)), left_(per_second_) {}

    /// False where there is none now.
    Place enter(protohost::TimePoint now) {
        refill(now);
        const bool full = instances_ != 0 && taken_ >= instances_;
        if (full || (per_second_ != 0 && left_ < 1)) {
            ++refused_;
            full_ = full;
            return {};
        }
        if (per_second_ != 0) left_ -= 1;
        return Place(*this);
    }

    /// For which limit the last one was refused.
    const char* limit() const { return full_ ? "instances" : "per_second"; }
    /// How many were refused since somebody asked.
    std::uint64_t refused() const { return refused_; }
    std::uint64_t take_refused() { return std::exchange(refused_, 0); }

private:
    void refill(protohost::TimePoint now) {
        const double seconds = std::chrono::duration<double>(now - last_).count();
        left_ = std::min(per_second_, left_ + seconds * per_second_);
        last_ = now;
    }

    const std::int64_t instances_;
    std::int64_t taken_ = 0;
    const double per_second_;
    double left_;
    protohost::TimePoint last_{};
    std::uint64_t refused_ = 0;
    bool full_ = false;  ///< when the last one was refused
};

}  // namespace exec
