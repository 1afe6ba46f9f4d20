#include <lipt/adapters/arrays/array_rows.hpp>
#include <lipt/adapters/store/fingerprint.hpp>
#include <lipt/adapters/store/half.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace lipt::arrays {
namespace {

template <class Value>
Value load(const std::byte *from) noexcept {
    Value value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

float widened(std::uint16_t brain) noexcept { return std::bit_cast<float>(std::uint32_t{brain} << 16); }

/// Calls use(type-correct loader) for an element type: one switch for all that reads elements.
template <class Use>
auto with_loader(scalar type, Use &&use) {
    switch (type) {
    case scalar::f16:
        return use([](const std::byte *at) { return adapters::to_float(load<std::uint16_t>(at)); });
    case scalar::bf16:
        return use([](const std::byte *at) { return widened(load<std::uint16_t>(at)); });
    case scalar::f32:
        return use([](const std::byte *at) { return load<float>(at); });
    case scalar::f64:
        return use([](const std::byte *at) { return load<double>(at); });
    case scalar::i8:
        return use([](const std::byte *at) { return load<std::int8_t>(at); });
    case scalar::i16:
        return use([](const std::byte *at) { return load<std::int16_t>(at); });
    case scalar::i32:
        return use([](const std::byte *at) { return load<std::int32_t>(at); });
    case scalar::i64:
        return use([](const std::byte *at) { return load<std::int64_t>(at); });
    case scalar::u8:
        return use([](const std::byte *at) { return load<std::uint8_t>(at); });
    case scalar::u16:
        return use([](const std::byte *at) { return load<std::uint16_t>(at); });
    case scalar::u32:
        return use([](const std::byte *at) { return load<std::uint32_t>(at); });
    case scalar::u64:
        break;
    }
    return use([](const std::byte *at) { return load<std::uint64_t>(at); });
}

/// One row as float32, its elements `step` bytes apart.
void convert(const std::byte *from, scalar type, std::ptrdiff_t step, std::size_t count, float *to) {
    const bool dense = step == static_cast<std::ptrdiff_t>(size_of(type));
    if (dense && type == scalar::f32) {
        std::memcpy(to, from, count * sizeof(float));
    } else if (dense && type == scalar::f16) {
        adapters::widen(from, count, to);
    } else {
        with_loader(type, [&](auto &&at) {
            for (std::size_t j = 0; j < count; ++j)
                to[j] = static_cast<float>(at(from + static_cast<std::ptrdiff_t>(j) * step));
        });
    }
}

std::string shown_name(const array_input &input, std::string_view member) {
    return input.path() != nullptr ? text('\'', input.path()->string(), '\'') : std::string(member);
}

/// The fingerprint of an array in memory: of all its elements, block by block, since a person may have mended
/// any.
std::string whole_fingerprint(const array_view &view) {
    constexpr std::size_t block = std::size_t{1} << 23;
    const std::size_t size = size_of(view.type), rows = view.shape.empty() ? 0 : view.shape[0];
    std::size_t width = 1;
    for (std::size_t d = 1; d < view.shape.size(); ++d) width *= view.shape[d];
    const std::ptrdiff_t step = view.shape.size() > 1 ? view.strides[1] : 0;
    std::vector<std::byte> bytes;
    std::string all;
    for (std::size_t r = 0; r < rows; ++r) {
        const auto *row = view.data + static_cast<std::ptrdiff_t>(r) * view.strides[0];
        for (std::size_t j = 0; j < width; ++j) {
            const auto *at = row + static_cast<std::ptrdiff_t>(j) * step;
            bytes.insert(bytes.end(), at, at + size);
        }
        if (bytes.size() < block && r + 1 < rows) continue;
        all += adapters::sampled_fingerprint(bytes);
        bytes.clear();
    }
    return adapters::sampled_fingerprint(std::as_bytes(std::span(all)));
}

/// That an array is (N) or (N,1). errors: C30
void require_vector(const opened_array &array, std::string_view what) {
    const auto &shape = array.view().shape;
    const bool column = shape.size() == 2 && shape[1] == 1;
    std::string shown;
    for (const auto extent : shape) shown += text(shown.empty() ? "" : ",", extent);
    const bool one_hot = shape.size() == 2 && shape[1] > 1 && what == "label";
    require(shape.size() == 1 || column, "C30", "select: ", array.name(), " has ", shape.size(),
            " dimensions (", shown, "), expected 1, one ", what, " a sample",
            one_hot ? ": of one-hot rows give the argmax" : "");
}

} // namespace

opened_array::opened_array(const array_input &input, std::string_view member)
    : name_(shown_name(input, member)) {
    if (input.path() != nullptr) {
        path_ = *input.path();
        file_ = open_array(path_);
        view_ = file_.view;
    } else {
        view_ = *input.view();
    }
    if (view_.strides.empty()) {
        view_.strides.resize(view_.shape.size());
        auto step = static_cast<std::ptrdiff_t>(size_of(view_.type));
        for (std::size_t d = view_.shape.size(); d-- > 0;) {
            view_.strides[d] = step;
            step *= static_cast<std::ptrdiff_t>(view_.shape[d]);
        }
    }
    require(view_.strides.size() == view_.shape.size(), "F15", "arrays: ", name_, " has ", view_.shape.size(),
            " dimensions and ", view_.strides.size(),
            " strides: give one of each a dimension, or no strides");
}

array_record opened_array::record(bool fingerprint) const {
    array_record record{.type = arrays::name_of(view_.type), .shape = view_.shape};
    if (is_file()) {
        record.name = path_.string();
        record.fingerprint = adapters::sampled_fingerprint(file_.content);
        record.modified = file_.modified;
        return record;
    }
    record.name = "memory";
    record.address = reinterpret_cast<std::uintptr_t>(view_.data);
    if (fingerprint) record.fingerprint = whole_fingerprint(view_);
    return record;
}

array_rows::array_rows(const array_input &input, std::string_view member) : name_(shown_name(input, member)) {
    if (input.path() != nullptr && is_npy(*input.path())) {
        file_.emplace(*input.path());
        return;
    }
    opened_.emplace(input, member);
    const auto &shape = opened_->view().shape;
    require(shape.size() == 2 && shape[1] > 0, "F15", "arrays: ", name_, " has ", shape.size(), " dimensions",
            shape.size() == 2 ? " but no column" : "", ", expected 2: one row a sample");
}

std::size_t array_rows::row_bytes() const noexcept {
    return file_ ? file_->row_bytes() : width() * size_of(opened_->view().type);
}

array_record array_rows::record(bool fingerprint) const {
    if (!file_) return opened_->record(fingerprint);
    array_record record{.name = file_->path().string(),
                        .type = arrays::name_of(scalar_of(file_->header().type)),
                        .shape = file_->header().shape,
                        .fingerprint = adapters::sampled_fingerprint(file_->file().bytes()),
                        .modified = file_->file().modified()};
    file_->file().release();
    return record;
}

void array_rows::read(std::span<const std::int64_t> indices, float *to) const {
    if (file_) return file_->read(indices, to);
    const auto &view = opened_->view();
    for (const auto row : indices) {
        convert(view.data + row * view.strides[0], view.type, view.strides[1], width(), to);
        const auto *bad = std::find_if(to, to + width(), [](float value) { return !std::isfinite(value); });
        require(bad == to + width(), "F17", "arrays: row ", row, " of ", name_, " has ",
                bad == to + width() ? 0.0f : *bad, " in column ", bad - to,
                ", expected a finite float32: leave that sample out, or mend what made it");
        to += width();
    }
}

std::vector<std::int64_t> whole_numbers(const opened_array &array, std::string_view what) {
    require_vector(array, what);
    const auto &view = array.view();
    std::vector<std::int64_t> out;
    out.reserve(array.rows());
    with_loader(view.type, [&](auto &&at) {
        for (std::size_t i = 0; i < array.rows(); ++i) {
            const auto value = at(view.data + static_cast<std::ptrdiff_t>(i) * view.strides[0]);
            using type = std::remove_const_t<decltype(value)>;
            bool whole = true;
            if constexpr (std::is_floating_point_v<type>)
                whole = std::abs(value) < type(0x1p62) && std::trunc(value) == value;
            else
                whole = std::in_range<std::int64_t>(value);
            require(whole, "C30", "select: ", what, " ", i, " of ", array.name(), " is ", value, " (",
                    name_of(view.type), "), expected a whole number of 64 bits");
            out.push_back(static_cast<std::int64_t>(value));
        }
    });
    return out;
}

std::vector<double> real_numbers(const opened_array &array, std::string_view what) {
    require_vector(array, what);
    const auto &view = array.view();
    std::vector<double> out;
    out.reserve(array.rows());
    with_loader(view.type, [&](auto &&at) {
        for (std::size_t i = 0; i < array.rows(); ++i)
            out.push_back(
                static_cast<double>(at(view.data + static_cast<std::ptrdiff_t>(i) * view.strides[0])));
    });
    return out;
}

} // namespace lipt::arrays
