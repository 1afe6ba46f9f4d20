#include <lipt/adapters/arrays/array_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::arrays {
namespace {

namespace fs = std::filesystem;

/// Strides of an array in Fortran order: the first index is that of neighbours.
std::vector<std::ptrdiff_t> columns_first(const std::vector<std::size_t> &shape, std::size_t element) {
    std::vector<std::ptrdiff_t> strides;
    auto step = static_cast<std::ptrdiff_t>(element);
    for (const auto extent : shape) {
        strides.push_back(step);
        step *= static_cast<std::ptrdiff_t>(extent);
    }
    return strides;
}

array_file open_npy(const fs::path &path) {
    const auto file = std::make_shared<const adapters::mapped_file>(path);
    const auto header = adapters::parse_npy(file->bytes(), path.string());
    array_view view{.data = file->bytes().data() + header.data_offset,
                    .type = scalar_of(header.type),
                    .shape = header.shape};
    if (header.fortran_order) view.strides = columns_first(header.shape, size_of(view.type));
    return {.view = std::move(view), .memory = file, .content = file->bytes(), .modified = file->modified()};
}

/// errors: F29
scalar scalar_of(std::string_view type, const fs::path &path) {
    constexpr std::pair<std::string_view, scalar> types[] = {
        {"F16", scalar::f16}, {"BF16", scalar::bf16}, {"F32", scalar::f32}, {"F64", scalar::f64},
        {"I8", scalar::i8},   {"I16", scalar::i16},   {"I32", scalar::i32}, {"I64", scalar::i64},
        {"U8", scalar::u8},   {"U16", scalar::u16},   {"U32", scalar::u32}, {"U64", scalar::u64}};
    const auto *known =
        std::find_if(std::begin(types), std::end(types), [&](const auto &one) { return one.first == type; });
    require(known != std::end(types), "F29", "arrays: '", path.string(), "' holds ", type,
            ", expected floating-point numbers of 16 to 64 bits or integers");
    return known->second;
}

array_file open_safetensors(const fs::path &path, const std::string &name) {
    const auto file = std::make_shared<const adapters::mapped_file>(path);
    const auto header = adapters::parse_safetensors(file->bytes(), path.string());
    std::string names;
    for (const auto &tensor : header.tensors) {
        if (name.empty() ? header.tensors.size() == 1 : tensor.name == name) {
            return {.view = {.data = file->bytes().data() + tensor.begin,
                             .type = scalar_of(tensor.type, path),
                             .shape = tensor.shape},
                    .memory = file,
                    .content = file->bytes(),
                    .modified = file->modified()};
        }
        if (names.size() < 200) names += text(names.empty() ? "" : ", ", tensor.name);
    }
    fail(name.empty() ? "F30" : "F22", "arrays: '", path.string(), "' has ", header.tensors.size(),
         " tensors (", names, "), expected ", name.empty() ? "one, or its name after a colon" : name,
         ": give the path as FILE.safetensors:NAME");
}

/// The numbers of one line; false where something else stands there.
bool append_numbers(std::string_view line, std::vector<double> &numbers) {
    constexpr std::string_view between = ",; \t";
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t\""), line.size()));
        double value = 0;
        const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (code != std::errc{}) return false;
        numbers.push_back(value);
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
        line.remove_prefix(std::min(line.find_first_not_of(" \t\"\r"), line.size()));
        if (line.empty()) return true;
        if (between.find(line.front()) != std::string_view::npos) line.remove_prefix(1);
    }
}

/// One column: (N); several: (N,columns). errors: F28
array_file read_table(const fs::path &path) {
    const adapters::mapped_file file(path);
    const std::string_view content(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
    const auto numbers = std::make_shared<std::vector<double>>();
    std::size_t rows = 0, columns = 0, number = 0;
    for (std::size_t begin = 0; begin < content.size();) {
        const std::size_t end = std::min(content.find('\n', begin), content.size());
        auto line = content.substr(begin, end - begin);
        begin = end + 1;
        ++number;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        const std::size_t before = numbers->size();
        const bool read = append_numbers(line, *numbers);
        if (!read) numbers->resize(before);
        if (!read && rows == 0 && number == 1) continue; // names of the columns
        const std::size_t here = numbers->size() - before;
        if (rows == 0) columns = here;
        require(read && here == columns, "F28", "arrays: line ", number, " of '", path.string(), "' has ",
                read ? text(here, " numbers") : "something that is no number", ", expected ",
                rows == 0 ? std::string("numbers") : text(columns, " numbers"),
                ": give a table of numbers alone, or save the array as .npy");
        ++rows;
    }
    require(rows > 0, "F28", "arrays: '", path.string(), "' has no line of numbers: give a table of numbers");
    std::vector<std::size_t> shape{rows};
    if (columns > 1) shape.push_back(columns);
    return {.view = array_view::of(std::span<const double>(*numbers), std::move(shape)),
            .memory = numbers,
            .content = std::as_bytes(std::span<const double>(*numbers)),
            .modified = file.modified()};
}

} // namespace

scalar scalar_of(adapters::npy_type type) noexcept {
    using enum adapters::npy_type;
    switch (type) {
    case f2:
        return scalar::f16;
    case f4:
        return scalar::f32;
    case f8:
        return scalar::f64;
    case i1:
        return scalar::i8;
    case i2:
        return scalar::i16;
    case i4:
        return scalar::i32;
    case i8:
        return scalar::i64;
    case u1:
        return scalar::u8;
    case u2:
        return scalar::u16;
    case u4:
        return scalar::u32;
    case u8:
        break;
    }
    return scalar::u64;
}

array_file open_array(const fs::path &path) {
    const std::string whole = path.string();
    const auto tensors = whole.rfind(".safetensors:");
    if (tensors != std::string::npos) {
        const auto colon = tensors + std::string_view(".safetensors").size();
        return open_safetensors(whole.substr(0, colon), whole.substr(colon + 1));
    }
    const auto ending = path.extension();
    if (ending == ".safetensors") return open_safetensors(path, "");
    if (ending == ".csv" || ending == ".txt" || ending == ".tsv") return read_table(path);
    return open_npy(path);
}

} // namespace lipt::arrays
