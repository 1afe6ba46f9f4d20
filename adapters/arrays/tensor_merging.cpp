#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/arrays/tensor_merging.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

namespace lipt::arrays {
namespace {

using values = std::vector<double>;

/// Rounds a block to the tensor's type, and puts it where it belongs.
void put(const matched_tensor &tensor, std::size_t begin, std::span<const double> from,
         std::span<std::byte> out) {
    narrow_elements(tensor.type, from.data(), from.size(), out.data() + begin * size_of(tensor.type));
}

/// The changes of all ingredients since the base. shapes: from (count), to n of (count)
void read_all_changes(const block_reader &reader, std::size_t ingredients, std::size_t begin,
                      std::size_t count, values &base, std::vector<values> &changes) {
    base.resize(count);
    reader.read(ingredients, begin, base);
    for (std::size_t i = 0; i < ingredients; ++i) {
        changes[i].resize(count);
        reader.read_changes(i, ingredients, begin, base, changes[i]);
    }
}

/// Adds a change to the base; where there is none, the base stays as it is, bit for bit.
double moved(double base, double change) { return change == 0 ? base : base + change; }

/// The share of the mean for model stock. shapes: products (n,n), inner products of the changes
double stock_share(std::span<const double> products, std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const double lengths = std::sqrt(products[i * n + i]) * std::sqrt(products[j * n + j]);
            if (lengths > 0) sum += products[i * n + j] / lengths;
        }
    }
    const auto count = static_cast<double>(n);
    const double cosine = std::clamp(2 * sum / (count * (count - 1)), 0.0, 1.0);
    return count * cosine / (1 + (count - 1) * cosine);
}

/// A change's magnitude as bits that are in its order.
std::uint32_t rank_of(double change) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(std::abs(change)));
}

/// Calls `work(changes)` for every block of one ingredient's changes.
template <class Work>
void for_changes(const merge_inputs &inputs, std::span<const matched_tensor> tensors, std::size_t ingredient,
                 Work &&work) {
    values base, change;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        if (!is_real(tensors[t].type) || tensors[t].tied_to != t) continue;
        const block_reader reader(inputs, tensors[t]);
        reader.for_blocks([&](std::size_t begin, std::size_t count) {
            base.resize(count);
            change.resize(count);
            reader.read(inputs.base(), begin, base);
            reader.read_changes(ingredient, inputs.base(), begin, base, change);
            work(std::span<const double>(change));
        });
    }
}

/// The bin in which the element of that rank from above lies; `above` becomes its rank within the bin.
std::size_t bin_of(std::span<const std::uint64_t> bins, std::uint64_t &above) {
    std::size_t bin = bins.size() - 1;
    while (bin > 0 && bins[bin] < above) above -= bins[bin--];
    return bin;
}

/// The k-th largest magnitude, k = round(density * count): its upper 16 bits, then its lower ones.
float trim_magnitude(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                     std::size_t ingredient, double density) {
    std::vector<std::uint64_t> upper(std::size_t{1} << 16), lower(std::size_t{1} << 16);
    std::uint64_t total = 0;
    for_changes(inputs, tensors, ingredient, [&](std::span<const double> changes) {
        total += changes.size();
        for (const double change : changes) ++upper[rank_of(change) >> 16];
    });
    auto above = static_cast<std::uint64_t>(std::llround(density * static_cast<double>(total)));
    if (above == 0) return std::numeric_limits<float>::infinity();
    const auto high = static_cast<std::uint32_t>(bin_of(upper, above));
    for_changes(inputs, tensors, ingredient, [&](std::span<const double> changes) {
        for (const double change : changes) {
            const auto rank = rank_of(change);
            if (rank >> 16 == high) ++lower[rank & 0xFFFFu];
        }
    });
    return std::bit_cast<float>(high << 16 | static_cast<std::uint32_t>(bin_of(lower, above)));
}

/// The change that TIES makes of one element's changes. shapes: changes n of (count)
double ties_change(const std::vector<values> &changes, std::span<const float> magnitudes, std::size_t i) {
    const auto counts = [&](std::size_t model) {
        return static_cast<float>(std::abs(changes[model][i])) >= magnitudes[model];
    };
    double mass = 0;
    for (std::size_t m = 0; m < changes.size(); ++m)
        if (counts(m)) mass += changes[m][i];
    double sum = 0;
    std::size_t agreeing = 0;
    for (std::size_t m = 0; m < changes.size(); ++m) {
        if (!counts(m) || !(changes[m][i] * mass > 0)) continue;
        sum += changes[m][i];
        ++agreeing;
    }
    return agreeing == 0 ? 0 : sum / static_cast<double>(agreeing);
}

template <class Value>
Value whole_at(std::span<const std::byte> bytes, std::size_t i) {
    Value value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    return value;
}

bool less_whole(scalar type, std::span<const std::byte> a, std::span<const std::byte> b) {
    switch (type) {
    case scalar::i8:
        return whole_at<std::int8_t>(a, 0) < whole_at<std::int8_t>(b, 0);
    case scalar::i16:
        return whole_at<std::int16_t>(a, 0) < whole_at<std::int16_t>(b, 0);
    case scalar::i32:
        return whole_at<std::int32_t>(a, 0) < whole_at<std::int32_t>(b, 0);
    case scalar::i64:
        return whole_at<std::int64_t>(a, 0) < whole_at<std::int64_t>(b, 0);
    case scalar::u8:
        return whole_at<std::uint8_t>(a, 0) < whole_at<std::uint8_t>(b, 0);
    case scalar::u16:
        return whole_at<std::uint16_t>(a, 0) < whole_at<std::uint16_t>(b, 0);
    case scalar::u32:
        return whole_at<std::uint32_t>(a, 0) < whole_at<std::uint32_t>(b, 0);
    default:
        return whole_at<std::uint64_t>(a, 0) < whole_at<std::uint64_t>(b, 0);
    }
}

} // namespace

void merge_inputs::expect(std::size_t elements) const {
    constexpr std::size_t often = std::size_t{1} << 19;
    expected_ += elements;
    if (expected_ < often) return;
    expected_ = 0;
    if (watch_) watch_();
    for (const auto &model : models_) model.release();
}

block_reader::block_reader(const merge_inputs &inputs, const matched_tensor &tensor)
    : inputs_(inputs), tensor_(tensor), count_(tensor.count()), rooms_(tensor.values.size()) {
    for (std::size_t m = 0; m < tensor.values.size(); ++m)
        elements_.push_back(in_rows(*tensor.values[m], rooms_[m]));
}

void block_reader::refuse(std::size_t model, std::size_t element, double value) const {
    fail("S19", "soup: '", tensor_.name, "' of ", inputs_.models()[model].name(), " has ", value,
         " as its element ", element,
         ", which cannot be merged: the training diverged, so leave that model out");
}

void block_reader::read(std::size_t model, std::size_t begin, std::span<double> to) const {
    widen_elements(tensor_.type, elements_[model].data() + begin * size_of(tensor_.type), to.size(),
                   to.data());
    for (std::size_t i = 0; i < to.size(); ++i)
        if (std::isnan(to[i])) refuse(model, begin + i, to[i]);
}

void block_reader::read_changes(std::size_t model, std::size_t origin, std::size_t begin,
                                std::span<const double> from, std::span<double> to) const {
    widen_elements(tensor_.type, elements_[model].data() + begin * size_of(tensor_.type), to.size(),
                   to.data());
    for (std::size_t i = 0; i < to.size(); ++i) {
        const double value = to[i];
        to[i] = value == from[i] ? 0 : value - from[i];
        if (std::isfinite(to[i])) continue;
        if (!std::isfinite(value)) refuse(model, begin + i, value);
        refuse(std::isfinite(from[i]) ? model : origin, begin + i, std::isfinite(from[i]) ? to[i] : from[i]);
    }
}

void merge_uniform(const merge_inputs &inputs, const matched_tensor &tensor, std::span<std::byte> out) {
    const block_reader reader(inputs, tensor);
    values first, change, sum;
    reader.for_blocks([&](std::size_t begin, std::size_t count) {
        first.resize(count);
        change.resize(count);
        sum.assign(count, 0);
        reader.read(0, begin, first);
        for (std::size_t m = 1; m < inputs.ingredients(); ++m) {
            reader.read_changes(m, 0, begin, first, change);
            for (std::size_t i = 0; i < count; ++i) sum[i] += change[i];
        }
        for (std::size_t i = 0; i < count; ++i)
            sum[i] = moved(first[i], sum[i] / static_cast<double>(inputs.ingredients()));
        put(tensor, begin, sum, out);
    });
}

void merge_stock(const merge_inputs &inputs, const matched_tensor &tensor, std::span<std::byte> out) {
    const block_reader reader(inputs, tensor);
    const std::size_t n = inputs.ingredients();
    values base, products(n * n);
    std::vector<values> changes(n);
    reader.for_blocks([&](std::size_t begin, std::size_t count) {
        read_all_changes(reader, n, begin, count, base, changes);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j <= i; ++j) {
                double sum = 0;
                for (std::size_t e = 0; e < count; ++e) sum += changes[i][e] * changes[j][e];
                products[i * n + j] += sum;
            }
        }
    });
    const double share = stock_share(products, n) / static_cast<double>(n);
    reader.for_blocks([&](std::size_t begin, std::size_t count) {
        read_all_changes(reader, n, begin, count, base, changes);
        for (std::size_t e = 0; e < count; ++e) {
            double sum = 0;
            for (const auto &change : changes) sum += change[e];
            base[e] = moved(base[e], share * sum);
        }
        put(tensor, begin, base, out);
    });
}

std::vector<float> trim_magnitudes(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                                   double density) {
    std::vector<float> magnitudes;
    for (std::size_t i = 0; i < inputs.ingredients(); ++i)
        magnitudes.push_back(trim_magnitude(inputs, tensors, i, density));
    return magnitudes;
}

void merge_ties(const merge_inputs &inputs, const matched_tensor &tensor, std::span<const float> magnitudes,
                double scale, std::span<std::byte> out) {
    const block_reader reader(inputs, tensor);
    values base;
    std::vector<values> changes(inputs.ingredients());
    reader.for_blocks([&](std::size_t begin, std::size_t count) {
        read_all_changes(reader, inputs.ingredients(), begin, count, base, changes);
        for (std::size_t i = 0; i < count; ++i)
            base[i] = moved(base[i], scale * ties_change(changes, magnitudes, i));
        put(tensor, begin, base, out);
    });
}

void merge_whole(const merge_inputs &inputs, const matched_tensor &tensor,
                 std::span<const std::size_t> members, std::span<std::byte> out) {
    std::vector<std::byte> room, other;
    auto chosen = in_rows(*tensor.values[members.front()], room);
    for (const auto m : members.subspan(1)) {
        const auto given = in_rows(*tensor.values[m], other);
        if (tensor.is_counter()) {
            if (less_whole(tensor.type, chosen, given)) chosen = given;
            continue;
        }
        require(std::equal(given.begin(), given.end(), chosen.begin()), "S13", "soup: '", tensor.name,
                "' of ", inputs.models()[m].name(), " is not that of ",
                inputs.models()[members.front()].name(),
                ": whole numbers and booleans have no mean and must be equal in all");
    }
    std::copy(chosen.begin(), chosen.end(), out.begin());
}

} // namespace lipt::arrays
