#include <lipt/adapters/store/half.hpp>
#include <lipt/adapters/store/npy_rows.hpp>

#include <bit>
#include <cstring>

namespace lipt::adapters {
namespace {

/// What touching one byte of a mapped file may bring into memory: the pages around it come along.
constexpr std::size_t around = std::size_t{64} << 10;
/// Mapped pages kept before they are given back: enough that giving back costs nothing, and little memory.
constexpr std::size_t most_touched = std::size_t{256} << 20;

bool is_finite(float value) noexcept {
    return (std::bit_cast<std::uint32_t>(value) & 0x7F800000u) != 0x7F800000u;
}

void convert(const std::byte *from, npy_type type, std::size_t count, float *to) noexcept {
    switch (type) {
    case npy_type::f2:
        return widen(from, count, to);
    case npy_type::f4:
        std::memcpy(to, from, count * sizeof(float));
        return;
    default:
        for (std::size_t i = 0; i < count; ++i) {
            double value;
            std::memcpy(&value, from + i * sizeof(double), sizeof(double));
            to[i] = static_cast<float>(value);
        }
    }
}

} // namespace

npy_rows::npy_rows(const std::filesystem::path &path, std::size_t turned)
    : path_(path), file_(path), header_(parse_npy(file_.bytes(), path.string())) {
    require(header_.type == npy_type::f2 || header_.type == npy_type::f4 || header_.type == npy_type::f8,
            "F13", "npy: '", path.string(), "' holds ", name_of(header_.type),
            ", expected floating-point numbers: convert the array with .astype before saving it");
    require(header_.shape.size() == 2 && header_.shape[1] > 0, "F15", "npy: '", path.string(), "' has ",
            header_.shape.size(), " dimensions", header_.shape.size() == 2 ? " but no column" : "",
            ", expected 2: one row a sample");
    elements_ = file_.bytes().data() + header_.data_offset;
    if (!header_.fortran_order) {
        file_.expect_random_access();
        return;
    }
    const std::size_t bytes = header_.count * size_of(header_.type);
    require(bytes <= turned, "F18", "npy: '", path.string(), "' is in Fortran order and has ", bytes >> 20,
            " MiB, too much to turn in memory (at most ", turned >> 20,
            "): save numpy.ascontiguousarray of it");
    turned_.emplace(path);
    elements_ = turned_->bytes().data();
}

void npy_rows::prefetch(std::span<const std::int64_t> indices) const {
    for (std::size_t i = 0; i < indices.size();) {
        std::size_t end = i + 1;
        while (end < indices.size() && indices[end] == indices[end - 1] + 1) ++end;
        const std::size_t size = (end - i) * row_bytes();
        file_.prefetch(header_.data_offset + static_cast<std::size_t>(indices[i]) * row_bytes(), size);
        touched_ += size + around;
        i = end;
    }
}

void npy_rows::check(std::int64_t row, const float *values) const {
    bool finite = true;
    for (std::size_t j = 0; j < width(); ++j) finite &= is_finite(values[j]);
    if (finite) return;
    std::size_t column = 0;
    while (is_finite(values[column])) ++column;
    fail("F17", "npy: row ", row, " of '", path_.string(), "' has ", text(values[column]), " in column ",
         column, ", expected a finite float32: leave that sample out, or mend what wrote it");
}

void npy_rows::read(std::span<const std::int64_t> indices, float *to) const {
    file_.require_unchanged(path_);
    if (!turned_) prefetch(indices);
    for (const auto row : indices) {
        convert(elements_ + static_cast<std::size_t>(row) * row_bytes(), header_.type, width(), to);
        check(row, to);
        to += width();
    }
    if (touched_ > most_touched) {
        file_.release();
        touched_ = 0;
    }
}

} // namespace lipt::adapters
