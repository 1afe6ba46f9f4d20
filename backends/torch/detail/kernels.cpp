#include "kernels.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace lipt::torch::detail {
namespace {

/// Channels side by side as a vector of the compiler's.
template <int Width>
struct vectors {
    typedef float type __attribute__((vector_size(Width * sizeof(float)), may_alias));
    typedef float unaligned __attribute__((vector_size(Width * sizeof(float)), aligned(4), may_alias));
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

/// A tensor's memory as rows of channels.
struct extent {
    explicit extent(const at::Tensor &of) : channels(of.size(1)), rows(of.numel() / channels) {
        TORCH_INTERNAL_ASSERT(of.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
    std::int64_t channels, rows;
};

/// Calls body(width, first channel) for all channels, eight at a time as long as there are as many.
template <class Body>
inline void for_channels(std::int64_t channels, Body body) {
    std::int64_t c = 0;
    for (; c + 8 <= channels; c += 8) body(std::integral_constant<int, 8>{}, c);
    for (; c < channels; ++c) body(std::integral_constant<int, 1>{}, c);
}

/// Sums two values a place over all rows. term(width, offset, channel, first, second) adds those of one
/// place.
template <class Term>
void sum_rows(const extent &of, double *first, double *second, Term term) {
    // In float for a stretch, four rows at a time so that an addition need not wait for the one before.
    constexpr std::int64_t stretch = 128, tall = 4;
    const auto channels = of.channels;
    std::vector<float> sums(static_cast<std::size_t>(2 * channels));
    std::fill_n(first, channels, 0.0);
    std::fill_n(second, channels, 0.0);
    for (std::int64_t begin = 0; begin < of.rows; begin += stretch) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        const auto end = std::min(begin + stretch, of.rows);
        for (auto row = begin; row < end; row += tall) {
            const auto height = std::min(tall, end - row);
            for_channels(channels, [&](auto width, std::int64_t c) {
                vector<width> a{}, b{};
                for (std::int64_t k = 0; k < height; ++k) term(width, (row + k) * channels + c, c, a, b);
                float *const to = sums.data() + c;
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

/// Calls body(width, offset, channel) for all places.
template <class Body>
inline void for_places(const extent &of, Body body) {
    for (std::int64_t row = 0; row < of.rows; ++row) {
        for_channels(of.channels, [&](auto width, std::int64_t c) { body(width, row * of.channels + c, c); });
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

    template <int Width>
    inline vector<Width> distance(std::int64_t offset, std::int64_t c) const {
        return load<Width>(input + offset) - load<Width>(norm.mean + c);
    }
    template <int Width>
    inline vector<Width> gradient(std::int64_t offset, std::int64_t c, const vector<Width> &distance) const {
        const vector<Width> zero{}, value = load<Width>(from + offset);
        if constexpr (Gate == gate::open) {
            return value;
        } else if constexpr (Gate == gate::output) {
            return load<Width>(output + offset) > zero ? value : zero;
        } else {
            const auto y = distance * load<Width>(norm.factor + c) + load<Width>(norm.shift + c);
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
            origin[static_cast<std::size_t>(c)] = static_cast<float>(source[c]);
        }
        sum_rows(of, mean, squares,
                 [&](auto width, std::int64_t offset, std::int64_t c, auto &sum, auto &square) {
                     const auto distance = load<width>(source + offset) - load<width>(origin.data() + c);
                     sum += distance;
                     square += distance * distance;
                 });
        const auto count = static_cast<double>(of.rows);
        for (std::int64_t c = 0; c < of.channels; ++c) {
            const double total = mean[c], square = squares[c] - total * total / count;
            mean[c] = static_cast<double>(origin[static_cast<std::size_t>(c)]) + total / count;
            squares[c] = square < 0 ? 0 : square; // not std::max, which would turn NaN into 0
        }
    });
}

void normalise(const at::Tensor &input, const affine &norm, const at::Tensor &residual, bool relu,
               at::Tensor &output) {
    const extent of(input);
    with_type(input, [&](auto value) {
        using type = decltype(value);
        const type *const source = input.data_ptr<type>();
        const type *const other = residual.defined() ? residual.data_ptr<type>() : nullptr;
        type *const target = output.data_ptr<type>();
        const auto each = [&](auto with_residual, auto with_relu) {
            for_places(of, [&](auto width, std::int64_t offset, std::int64_t c) {
                auto y = (load<width>(source + offset) - load<width>(norm.mean + c)) *
                             load<width>(norm.factor + c) +
                         load<width>(norm.shift + c);
                if constexpr (with_residual) y += load<width>(other + offset);
                store<width>(target + offset, with_relu ? rectified<width>(y) : y);
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
        sum_rows(extent(at.input), sums, products,
                 [&](auto width, std::int64_t offset, std::int64_t c, auto &sum, auto &product) {
                     const auto distance = gated.template distance<width>(offset, c);
                     const auto gradient = gated.template gradient<width>(offset, c, distance);
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
        for_places(extent(at.input), [&](auto width, std::int64_t offset, std::int64_t c) {
            const auto distance = gated.template distance<width>(offset, c);
            const auto gradient = gated.template gradient<width>(offset, c, distance);
            if (passed != nullptr) store<width>(passed + offset, gradient);
            store<width>(target + offset,
                         (gradient - load<width>(constant + c) - distance * load<width>(slope + c)) *
                             load<width>(at.norm.factor + c));
        });
    });
}

} // namespace lipt::torch::detail
