// The transforms of Winograd's F(4x4,3x3) on vectors of channels.
#pragma once

#include <cstddef>

namespace lipt::onednn::detail {

/// Cpu names a processor's vectors: no function here is the same for two of them.
template <class Cpu>
struct winograd_transforms {
    using lane = typename Cpu::lane;

    // In one dimension: `in` values at stride From to `out` values at stride To.

    struct input {
        static constexpr std::size_t in = 6, out = 6;
        template <std::size_t From, std::size_t To>
        static void apply(const lane *d, lane *t) {
            const lane &d0 = d[0], &d1 = d[From], &d2 = d[2 * From], &d3 = d[3 * From], &d4 = d[4 * From],
                       &d5 = d[5 * From];
            const lane even = d4 - 4.0f * d2, odd = d3 - 4.0f * d1;
            const lane near = d4 - d2, far = 2.0f * (d3 - d1);
            t[0] = 4.0f * d0 - 5.0f * d2 + d4;
            t[To] = even + odd;
            t[2 * To] = even - odd;
            t[3 * To] = near + far;
            t[4 * To] = near - far;
            t[5 * To] = 4.0f * d1 - 5.0f * d3 + d5;
        }
    };
    struct kernel {
        static constexpr std::size_t in = 3, out = 6;
        template <std::size_t From, std::size_t To>
        static void apply(const lane *g, lane *t) {
            const lane &g0 = g[0], &g1 = g[From], &g2 = g[2 * From];
            const lane ends = g0 + g2, far_ends = g0 + 4.0f * g2;
            t[0] = 0.25f * g0;
            t[To] = (-1.0f / 6) * (ends + g1);
            t[2 * To] = (-1.0f / 6) * (ends - g1);
            t[3 * To] = (1.0f / 24) * (far_ends + 2.0f * g1);
            t[4 * To] = (1.0f / 24) * (far_ends - 2.0f * g1);
            t[5 * To] = g2;
        }
    };
    struct output {
        static constexpr std::size_t in = 6, out = 4;
        template <std::size_t From, std::size_t To>
        static void apply(const lane *m, lane *t) {
            const lane &m0 = m[0], &m1 = m[From], &m2 = m[2 * From], &m3 = m[3 * From], &m4 = m[4 * From],
                       &m5 = m[5 * From];
            const lane sum = m1 + m2, difference = m1 - m2, far_sum = m3 + m4, far_difference = m3 - m4;
            t[0] = m0 + sum + far_sum;
            t[To] = difference + 2.0f * far_difference;
            t[2 * To] = sum + 4.0f * far_sum;
            t[3 * To] = difference + 8.0f * far_difference + m5;
        }
    };
    /// The transpose of the output's.
    struct slope {
        static constexpr std::size_t in = 4, out = 6;
        template <std::size_t From, std::size_t To>
        static void apply(const lane *m, lane *t) {
            const lane &m0 = m[0], &m1 = m[From], &m2 = m[2 * From], &m3 = m[3 * From];
            const lane even = m0 + m2, odd = m1 + m3, far_even = m0 + 4.0f * m2,
                       far_odd = 2.0f * m1 + 8.0f * m3;
            t[0] = m0;
            t[To] = even + odd;
            t[2 * To] = even - odd;
            t[3 * To] = far_even + far_odd;
            t[4 * To] = far_even - far_odd;
            t[5 * To] = m3;
        }
    };
    /// The transpose of the kernel's.
    struct gradient {
        static constexpr std::size_t in = 6, out = 3;
        template <std::size_t From, std::size_t To>
        static void apply(const lane *u, lane *t) {
            const lane &u0 = u[0], &u1 = u[From], &u2 = u[2 * From], &u3 = u[3 * From], &u4 = u[4 * From],
                       &u5 = u[5 * From];
            const lane sum = (-1.0f / 6) * (u1 + u2), far_sum = (1.0f / 24) * (u3 + u4);
            t[0] = 0.25f * u0 + sum + far_sum;
            t[To] = (1.0f / 6) * (u2 - u1) + (1.0f / 12) * (u3 - u4);
            t[2 * To] = sum + 4.0f * far_sum + u5;
        }
    };

    /// In both dimensions. shapes: values (in,in), result (out,out)
    template <class Transform>
    static void transform(const lane *values, lane *result) {
        constexpr std::size_t in = Transform::in, out = Transform::out;
        lane half[out * in];
        for (std::size_t x = 0; x < in; ++x) Transform::template apply<in, in>(values + x, half + x);
        for (std::size_t y = 0; y < out; ++y)
            Transform::template apply<1, 1>(half + y * in, result + y * out);
    }
};

} // namespace lipt::onednn::detail
