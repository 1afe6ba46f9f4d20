#include <lipt/adapters/arrays/array_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::arrays {
namespace {

namespace fs = std::filesystem;

/// ".csv", in small letters.
std::string ending_of(const fs::path &path) {
    auto ending = path.extension().string();
    for (auto &letter : ending) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return ending;
}

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

constexpr std::string_view blank = " \t\"";

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
    while (!text.empty() && (blank.find(text.back()) != std::string_view::npos || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

/// The fields of one line: between commas, semicolons or tabs, whichever it has first, otherwise between
/// spaces.
std::vector<std::string_view> fields_of(std::string_view line) {
    line = trimmed(line);
    const auto found = line.find_first_of(",;\t");
    const char separator = found == std::string_view::npos ? ' ' : line[found];
    std::vector<std::string_view> fields;
    while (true) {
        const auto end = std::min(line.find(separator), line.size());
        const auto field = trimmed(line.substr(0, end));
        if (separator != ' ' || !field.empty()) fields.push_back(field);
        if (end == line.size()) return fields;
        line.remove_prefix(end + 1);
    }
}

/// The whole field as a number; false where it is none.
bool parse_number(std::string_view field, double &number) {
    const auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), number);
    return code == std::errc{} && end == field.data() + field.size();
}

/// Whether a first line is names of columns: not one of its fields is a number.
bool is_names(const std::vector<std::string_view> &fields) {
    double number = 0;
    return std::none_of(fields.begin(), fields.end(), [&](auto field) {
        if (!field.empty() && field.front() == '+') field.remove_prefix(1);
        return parse_number(field, number);
    });
}

/// One column: (N); several: (N,columns). errors: F28
array_file read_table(const fs::path &path) {
    const adapters::mapped_file file(path);
    std::string_view content(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
    constexpr std::string_view mark = "\xEF\xBB\xBF"; // that some programs write before UTF-8
    if (content.starts_with(mark)) content.remove_prefix(mark.size());
    const auto numbers = std::make_shared<std::vector<double>>();
    std::size_t rows = 0, columns = 0, line = 0;
    for (std::size_t begin = 0; begin < content.size();) {
        const std::size_t end = std::min(content.find('\n', begin), content.size());
        const auto fields = fields_of(content.substr(begin, end - begin));
        begin = end + 1;
        ++line;
        if (fields.size() == 0 || (fields.size() == 1 && fields[0].empty())) continue;
        if (line == 1 && is_names(fields)) continue;
        if (rows == 0) columns = fields.size();
        require(fields.size() == columns, "F28", "arrays: line ", line, " of '", path.string(), "' has ",
                fields.size(), " fields, expected ", columns, " as the first: give a table of numbers alone");
        for (const auto field : fields) {
            require(parse_number(field, numbers->emplace_back()), "F28", "arrays: line ", line, " of '",
                    path.string(), "' has '", field,
                    "', expected a number such as -1.5: give a table of numbers "
                    "alone, or save the array as .npy");
        }
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

bool is_npy(const fs::path &path) {
    if (path.string().rfind(".safetensors:") != std::string::npos) return false;
    const auto ending = ending_of(path);
    return ending != ".safetensors" && ending != ".csv" && ending != ".txt" && ending != ".tsv";
}

array_file open_array(const fs::path &path) {
    const std::string whole = path.string();
    const auto tensors = whole.rfind(".safetensors:");
    if (tensors != std::string::npos) {
        const auto colon = tensors + std::string_view(".safetensors").size();
        return open_safetensors(whole.substr(0, colon), whole.substr(colon + 1));
    }
    if (is_npy(path)) return open_npy(path);
    return ending_of(path) == ".safetensors" ? open_safetensors(path, "") : read_table(path);
}

} // namespace lipt::arrays
