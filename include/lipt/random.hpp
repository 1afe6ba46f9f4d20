// Counter-based randomness: every draw is a pure function of (seed, stage, worker, pass, sample, position),
// so results do not depend on threads, on order, or on the host that ran a worker. source: [Salmon2011]
// Philox-4x32-10; tested against Random123's known answers.
#pragma once

#include <lipt/configuration.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace lipt {

/// One Philox-4x32-10 block: 128 random bits from a 128-bit counter and a 64-bit key.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) noexcept {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t left = std::uint64_t{0xD2511F53u} * counter[0];
        const std::uint64_t right = std::uint64_t{0xCD9E8D57u} * counter[2];
        counter = {
            static_cast<std::uint32_t>(right >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(right),
            static_cast<std::uint32_t>(left >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(left)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

/// Which part of the program draws; part of the key, so that no two parts share a stream. The numbers stay:
/// a new part comes at the end. cmake/lints/streams.cmake lists who draws from which.
enum class stream : std::uint8_t {
    weights,
    hold_out,
    subsample,
    initialize_order,
    initialize_augment,
    plan,
    local_order,
    local_augment,
    density,
    prune,
    select,
    train_order,
    train_augment,
    observe,
    test,
    trial,
    trial_hold_out,
    trial_observe,
    split,
    user = 128, ///< the first of those that no part of the library draws from
};

/// A stream of one's own: `number` below 128 of the half that no part of the library draws from.
constexpr stream user_stream(std::uint8_t number) noexcept {
    return static_cast<stream>(static_cast<std::uint8_t>(stream::user) | (number & 0x7Fu));
}

/// The coordinates of one random stream. Only the fields that a stage has are set.
struct stream_key {
    std::uint64_t seed = 0;
    stream stage = stream::user;
    std::uint32_t worker = 0; ///< below 2^24
    std::uint32_t pass = 0;   ///< epoch, pass or repetition
    std::uint32_t sample = 0; ///< index of the sample in its set, where each sample draws for itself
};

/// A generator over one stream; cheap to make (no state but the key and a position), copies continue alike.
class rng {
  public:
    using result_type = std::uint32_t;

    constexpr explicit rng(stream_key key) noexcept
        : key_{static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)},
          counter_{0, key.sample, key.pass,
                   (static_cast<std::uint32_t>(key.stage) << 24) | (key.worker & 0xFFFFFFu)} {}

    static constexpr result_type min() noexcept { return 0; }
    static constexpr result_type max() noexcept { return 0xFFFFFFFFu; }

    /// 32 random bits.
    constexpr result_type operator()() noexcept {
        if (used_ == 4) {
            block_ = philox(counter_, key_);
            ++counter_[0];
            used_ = 0;
        }
        return block_[used_++];
    }

    /// Uniform in [0, 1), 24 bits: exact in float.
    constexpr float uniform() noexcept { return static_cast<float>((*this)() >> 8) * 0x1p-24f; }

    /// Uniform in [low, high).
    constexpr float uniform(float low, float high) noexcept { return low + (high - low) * uniform(); }

    /// Uniform in 0 .. bound-1 without bias (multiply and reject); bound at least 1.
    constexpr std::uint32_t below(std::uint32_t bound) noexcept {
        const std::uint32_t rejected = (0u - bound) % bound;
        while (true) {
            const std::uint64_t product = std::uint64_t{(*this)()} * bound;
            if (static_cast<std::uint32_t>(product) >= rejected)
                return static_cast<std::uint32_t>(product >> 32);
        }
    }

    /// Standard normal (Box and Muller; the second of each pair is not kept, so that draws stay addressable).
    float normal() noexcept {
        const float radius = std::sqrt(-2.0f * std::log(1.0f - uniform()));
        return radius * std::cos(2.0f * std::numbers::pi_v<float> * uniform());
    }

    /// Fisher and Yates; the same order on every platform, unlike std::shuffle.
    template <class Value>
    constexpr void shuffle(std::span<Value> values) noexcept {
        for (std::size_t last = values.size(); last > 1; --last) {
            std::swap(values[last - 1], values[below(static_cast<std::uint32_t>(last))]);
        }
    }

  private:
    std::array<std::uint32_t, 2> key_;
    std::array<std::uint32_t, 4> counter_;
    std::array<std::uint32_t, 4> block_{};
    std::uint32_t used_ = 4;
};

} // namespace lipt
