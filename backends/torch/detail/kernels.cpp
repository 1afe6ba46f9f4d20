#include "kernels.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace lipt::torch::detail {
namespace {

/// Channels side by side as a vector of the compiler's.
template <int Width>
struct vectors {
    using type __attribute__((vector_size(Width * sizeof(float)))) = float;
    using unaligned __attribute__((vector_size(Width * sizeof(float)), aligned(4))) = float;
};
template <int Width>
using vector = typename vectors<Width>::type;

template <int Width, class Value>
inline vector<Width> load(const Value *from) {
    if constexpr (std::is_same_v<Value, float>) {
        return *reinterpret_cast<const typename vectors<Width>::unaligned *>(from);
    } else {
        vector<Width> value{};
        for (int i = 0; i < Width; ++i) value[i] = static_cast<float>(from[i]);
        return value;
    }
}
template <int Width, class Value>
inline void store(Value *to, const vector<Width> &value) {
    if constexpr (std::is_same_v<Value, float>) {
        *reinterpret_cast<typename vectors<Width>::unaligned *>(to) = value;
    } else {
        for (int i = 0; i < Width; ++i) to[i] = static_cast<Value>(value[i]);
    }
}

/// Values side by side in memory: of neighbouring channels (`Across`, channels last) or of one.
template <int Width, bool Across>
struct place {
    static constexpr int width = Width;
    std::int64_t offset, channel;

    /// What belongs to the channels of these values.
    vector<Width> of_channels(const float *values) const {
        if constexpr (Across) {
            return load<Width>(values + channel);
        } else {
            return vector<Width>{} + values[channel];
        }
    }
};

/// Calls body(place) for one value after another, eight at a time as long as there are as many; they start at
/// an offset in memory and at a channel.
template <bool Across, class Body>
inline void for_run(std::int64_t count, std::int64_t offset, std::int64_t channel, Body body) {
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8) body(place<8, Across>{offset + i, Across ? channel + i : channel});
    for (; i < count; ++i) body(place<1, Across>{offset + i, Across ? channel + i : channel});
}

/// How a tensor lies in memory. shapes: (B,C,h,w)
struct extent {
    explicit extent(const at::Tensor &of)
        : images(of.size(0)), channels(of.size(1)), plane(of.numel() / (images * channels)),
          channels_last(of.is_contiguous(at::MemoryFormat::ChannelsLast)) {
        TORCH_INTERNAL_ASSERT(channels_last || of.is_contiguous());
    }
    std::int64_t images, channels, plane;
    bool channels_last;
};

/// Calls body(place) for all values.
template <class Body>
inline void for_places(const extent &of, Body body) {
    if (of.channels_last) {
        for (std::int64_t row = 0; row < of.images * of.plane; ++row) {
            for_run<true>(of.channels, row * of.channels, 0, body);
        }
    } else {
        for (std::int64_t p = 0; p < of.images * of.channels; ++p) {
            for_run<false>(of.plane, p * of.plane, p % of.channels, body);
        }
    }
}

// Sums are in float for a stretch, four vectors side by side so that an addition need not wait for the one
// before, and in double from one stretch to the next.
inline constexpr std::int64_t stretch = 128, tall = 4;

/// Channels last: adds a stretch of rows to sums of each channel.
template <class Term>
void sum_rows(const extent &of, double *first, double *second, Term term) {
    const auto channels = of.channels, rows = of.images * of.plane;
    std::vector<float> sums(static_cast<std::size_t>(2 * channels));
    for (std::int64_t begin = 0; begin < rows; begin += stretch) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        const auto end = std::min(begin + stretch, rows);
        for (auto row = begin; row < end; row += tall) {
            const auto height = std::min(tall, end - row);
            for_run<true>(channels, row * channels, 0, [&](auto at) {
                constexpr int width = decltype(at)::width;
                vector<width> a{}, b{};
                for (std::int64_t k = 0; k < height; ++k, at.offset += channels) term(at, a, b);
                float *const to = sums.data() + at.channel;
                store<width>(to, load<width>(to) + a);
                store<width>(to + channels, load<width>(to + channels) + b);
            });
        }
        for (std::int64_t c = 0; c < channels; ++c) {
            first[c] += static_cast<double>(sums[static_cast<std::size_t>(c)]);
            second[c] += static_cast<double>(sums[static_cast<std::size_t>(channels + c)]);
        }
    }
}

/// Channels first: adds a stretch of one plane to its channel's sums.
template <class Term>
void sum_stretch(std::int64_t length, std::int64_t offset, std::int64_t channel, double &first,
                 double &second, Term term) {
    vector<8> a[tall]{}, b[tall]{};
    vector<1> last_a{}, last_b{};
    for_run<false>(length, offset, channel, [&](auto at) {
        if constexpr (decltype(at)::width == 8) {
            const auto chain = (at.offset - offset) / 8 % tall;
            term(at, a[chain], b[chain]);
        } else {
            term(at, last_a, last_b);
        }
    });
    const auto sum_a = (a[0] + a[1]) + (a[2] + a[3]), sum_b = (b[0] + b[1]) + (b[2] + b[3]);
    first += static_cast<double>(last_a[0]);
    second += static_cast<double>(last_b[0]);
    for (int i = 0; i < 8; ++i) {
        first += static_cast<double>(sum_a[i]);
        second += static_cast<double>(sum_b[i]);
    }
}

/// Sums two values a place for each channel. term(place, first, second) adds those of one place.
template <class Term>
void sum_places(const extent &of, double *first, double *second, Term term) {
    std::fill_n(first, of.channels, 0.0);
    std::fill_n(second, of.channels, 0.0);
    if (of.channels_last) {
        sum_rows(of, first, second, term);
        return;
    }
    for (std::int64_t p = 0; p < of.images * of.channels; ++p) {
        const auto c = p % of.channels;
        for (std::int64_t begin = 0; begin < of.plane; begin += 8 * stretch) {
            sum_stretch(std::min(8 * stretch, of.plane - begin), p * of.plane + begin, c, first[c], second[c],
                        term);
        }
    }
}

/// NaN passes, so that a training that diverged shows.
template <int Width>
inline vector<Width> rectified(const vector<Width> &x) {
    const vector<Width> zero{};
    return zero > x ? zero : x;
}

/// The gradient behind the ReLU at one place, and how far the input is from its mean.
template <gate Gate, class Value>
struct gated {
    using value_type = Value;
    const Value *from, *input, *output;
    affine norm;

    template <class Place>
    inline vector<Place::width> distance(const Place &at) const {
        return load<Place::width>(input + at.offset) - at.of_channels(norm.mean);
    }
    template <class Place>
    inline vector<Place::width> gradient(const Place &at, const vector<Place::width> &distance) const {
        constexpr int width = Place::width;
        const vector<width> zero{}, value = load<width>(from + at.offset);
        if constexpr (Gate == gate::open) {
            return value;
        } else if constexpr (Gate == gate::output) {
            return load<width>(output + at.offset) > zero ? value : zero;
        } else {
            const auto y = distance * at.of_channels(norm.factor) + at.of_channels(norm.shift);
            return y > zero ? value : zero;
        }
    }
};

/// Calls body with a value of the tensor's type.
template <class Body>
void with_type(const at::Tensor &of, Body body) {
    if (of.scalar_type() == at::kFloat) {
        body(float{});
    } else {
        body(at::BFloat16{});
    }
}

/// Calls body with the gradient's `gated`.
template <class Body>
void with_gate(const norm_gradient &at, Body body) {
    with_type(at.input, [&](auto value) {
        using type = decltype(value);
        const auto *from = at.from.data_ptr<type>(), *input = at.input.data_ptr<type>();
        switch (at.relu) {
        case gate::open:
            return body(gated<gate::open, type>{from, input, nullptr, at.norm});
        case gate::output:
            return body(gated<gate::output, type>{from, input, at.output.template data_ptr<type>(), at.norm});
        case gate::input:
            return body(gated<gate::input, type>{from, input, nullptr, at.norm});
        }
    });
}

} // namespace

void find_statistics(const at::Tensor &input, double *mean, double *squares) {
    const extent of(input);
    with_type(input, [&](auto value) {
        const auto *const source = input.data_ptr<decltype(value)>();
        // Distances from one value of the channel: no cancellation, and one pass.
        std::vector<float> origin(static_cast<std::size_t>(of.channels));
        for (std::int64_t c = 0; c < of.channels; ++c) {
            origin[static_cast<std::size_t>(c)] =
                static_cast<float>(source[of.channels_last ? c : c * of.plane]);
        }
        sum_places(of, mean, squares, [&](const auto &at, auto &sum, auto &square) {
            const auto distance =
                load<std::decay_t<decltype(at)>::width>(source + at.offset) - at.of_channels(origin.data());
            sum += distance;
            square += distance * distance;
        });
        const auto count = static_cast<double>(of.images * of.plane);
        for (std::int64_t c = 0; c < of.channels; ++c) {
            const double total = mean[c], square = squares[c] - total * total / count;
            mean[c] = static_cast<double>(origin[static_cast<std::size_t>(c)]) + total / count;
            squares[c] = square < 0 ? 0 : square; // not std::max, which would turn NaN into 0
        }
    });
}

void normalise(const at::Tensor &input, const affine &norm, const at::Tensor &residual, bool relu,
               at::Tensor &output) {
    with_type(input, [&](auto value) {
        using type = decltype(value);
        const type *const source = input.data_ptr<type>();
        const type *const other = residual.defined() ? residual.data_ptr<type>() : nullptr;
        type *const target = output.data_ptr<type>();
        const auto each = [&](auto with_residual, auto with_relu) {
            for_places(extent(input), [&](const auto &at) {
                constexpr int width = std::decay_t<decltype(at)>::width;
                auto y = (load<width>(source + at.offset) - at.of_channels(norm.mean)) *
                             at.of_channels(norm.factor) +
                         at.of_channels(norm.shift);
                if constexpr (with_residual) y += load<width>(other + at.offset);
                store<width>(target + at.offset, with_relu ? rectified<width>(y) : y);
            });
        };
        using yes = std::true_type;
        using no = std::false_type;
        if (other != nullptr) {
            relu ? each(yes{}, yes{}) : each(yes{}, no{});
        } else {
            relu ? each(no{}, yes{}) : each(no{}, no{});
        }
    });
}

void sum_gradient(const norm_gradient &at, double *sums, double *products) {
    with_gate(at, [&](const auto &gated) {
        sum_places(extent(at.input), sums, products, [&](const auto &here, auto &sum, auto &product) {
            const auto distance = gated.distance(here), gradient = gated.gradient(here, distance);
            sum += gradient;
            product += gradient * distance;
        });
    });
}

void differentiate_norm(const norm_gradient &at, const float *constant, const float *slope, at::Tensor &to,
                        at::Tensor &residual) {
    with_gate(at, [&](const auto &gated) {
        using value = typename std::decay_t<decltype(gated)>::value_type;
        value *const target = to.data_ptr<value>();
        value *const passed = residual.defined() ? residual.data_ptr<value>() : nullptr;
        for_places(extent(at.input), [&](const auto &here) {
            constexpr int width = std::decay_t<decltype(here)>::width;
            const auto distance = gated.distance(here), gradient = gated.gradient(here, distance);
            if (passed != nullptr) store<width>(passed + here.offset, gradient);
            store<width>(target + here.offset,
                         (gradient - here.of_channels(constant) - distance * here.of_channels(slope)) *
                             here.of_channels(at.norm.factor));
        });
    });
}

namespace {

/// Values that a thread takes at once where all threads share a pass.
constexpr std::int64_t grain = 16384;

} // namespace

bool sum_parts(const parts &found, at::Tensor &to) {
    const auto plain = [](const at::Tensor &at) {
        return at.device().is_cpu() && at.scalar_type() == at::kFloat && at.is_contiguous();
    };
    if (!std::all_of(found.begin(), found.end(), plain) || !plain(to)) return false;
    float *const out = to.data_ptr<float>();
    at::parallel_for(0, to.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
        constexpr std::int64_t block = 1024; // stays in the nearest cache from part to part
        for (; begin < end; begin += block) {
            const auto stop = std::min(begin + block, end);
            std::copy(found[0].data_ptr<float>() + begin, found[0].data_ptr<float>() + stop, out + begin);
            for (std::size_t part = 1; part < found.size(); ++part) {
                const float *const values = found[part].data_ptr<float>();
                for (auto i = begin; i < stop; ++i) out[i] += values[i];
            }
        }
    });
    return true;
}

void descend(const sgd_step &step, const at::Tensor &gradient, const at::Tensor &trained,
             const at::Tensor &keep_mask, at::Tensor &momentum, at::Tensor &weights) {
    const float *const slope = gradient.data_ptr<float>(), *const decays = trained.data_ptr<float>();
    float *const speed = momentum.data_ptr<float>(), *const weight = weights.data_ptr<float>();
    const float *const keep = keep_mask.defined() ? keep_mask.data_ptr<float>() : nullptr;
    // Copies, which no store through a pointer can change.
    const float decay = step.weight_decay, kept = step.momentum, rate = step.learning_rate;
    const float of_move = step.nesterov ? 1.0f : 0.0f, of_speed = step.nesterov ? step.momentum : 1.0f;
    at::parallel_for(0, weights.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
        for (auto i = begin; i < end; ++i) {
            const float move = slope[i] + decay * decays[i] * weight[i];
            const float now = kept * speed[i] + move;
            speed[i] = now;
            const float next = weight[i] - rate * (of_move * move + of_speed * now);
            weight[i] = keep != nullptr ? next * keep[i] : next;
        }
    });
}

} // namespace lipt::torch::detail
