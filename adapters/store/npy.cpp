#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/half.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

namespace lipt::adapters {
namespace {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian and read without swapping");

struct type_entry {
    npy_type type;
    std::string_view name;
    std::size_t size;
};
constexpr std::array<type_entry, 11> known_types{{{npy_type::f2, "<f2", 2},
                                                  {npy_type::f4, "<f4", 4},
                                                  {npy_type::f8, "<f8", 8},
                                                  {npy_type::i1, "|i1", 1},
                                                  {npy_type::i2, "<i2", 2},
                                                  {npy_type::i4, "<i4", 4},
                                                  {npy_type::i8, "<i8", 8},
                                                  {npy_type::u1, "|u1", 1},
                                                  {npy_type::u2, "<u2", 2},
                                                  {npy_type::u4, "<u4", 4},
                                                  {npy_type::u8, "<u8", 8}}};

/// Reads the Python dictionary of the header: three keys in any order, each once.
class header_reader {
  public:
    header_reader(std::string_view rest, std::string_view name) : rest_(rest), name_(name) {}

    npy_header read() {
        npy_header header;
        bool has_type = false, has_order = false, has_shape = false;
        expect('{');
        while (!accept('}')) {
            const auto key = quoted();
            expect(':');
            if (key == "descr" && !std::exchange(has_type, true))
                header.type = type();
            else if (key == "fortran_order" && !std::exchange(has_order, true))
                header.fortran_order = boolean();
            else if (key == "shape" && !std::exchange(has_shape, true))
                header.shape = shape();
            else
                damaged(text("key '", key, "' is unknown or given twice"));
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip_spaces();
        if (!rest_.empty()) damaged("text follows the dictionary");
        if (!has_type || !has_order || !has_shape) damaged("descr, fortran_order or shape is missing");
        return header;
    }

  private:
    [[noreturn]] void damaged(std::string_view what) const {
        fail("F10", "npy: the header of '", name_, "' is damaged: ", what,
             ": write the array again with numpy.save");
    }
    void skip_spaces() {
        const auto first = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
    }
    bool accept(char wanted) {
        skip_spaces();
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char wanted) {
        if (!accept(wanted)) damaged(text("'", wanted, "' was expected"));
    }
    std::string_view quoted() {
        const char quote = accept('"') ? '"' : '\'';
        if (quote == '\'') expect('\'');
        const auto end = rest_.find(quote);
        if (end == std::string_view::npos) damaged("a string does not end");
        const auto content = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return content;
    }
    npy_type type() {
        skip_spaces();
        const bool structured = !rest_.empty() && rest_.front() == '[';
        const auto found = structured ? std::string_view("a structured type") : quoted();
        for (const auto &known : known_types) {
            if (known.name == found) return known.type;
        }
        fail("F11", "npy: '", name_, "' has elements of type '", found,
             "', expected little-endian floating-point numbers or integers (<f4, <i8, ...): convert the "
             "array with .astype before saving it");
    }
    bool boolean() {
        skip_spaces();
        for (const auto &[word, value] : {std::pair{std::string_view("True"), true}, {"False", false}}) {
            if (rest_.starts_with(word)) {
                rest_.remove_prefix(word.size());
                return value;
            }
        }
        damaged("fortran_order is neither True nor False");
    }
    std::vector<std::size_t> shape() {
        std::vector<std::size_t> extents;
        expect('(');
        while (!accept(')')) {
            extents.push_back(number());
            if (extents.size() > 32) damaged("the shape has more than 32 dimensions");
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        return extents;
    }
    std::size_t number() {
        skip_spaces();
        std::size_t value = 0, digits = 0;
        while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
            value = value * 10 + static_cast<std::size_t>(rest_[digits++] - '0');
            if (digits > 18) damaged("a dimension is too large");
        }
        if (digits == 0) damaged("a dimension is not a number");
        rest_.remove_prefix(digits);
        return value;
    }

    std::string_view rest_;
    std::string_view name_;
};

/// The elements in C order; walks the C index and keeps the Fortran offset beside it. cost: O(count)
std::vector<std::byte> in_c_order(std::span<const std::byte> elements, const npy_header &header) {
    const std::size_t size = size_of(header.type), dimensions = header.shape.size();
    std::vector<std::size_t> index(dimensions, 0), stride(dimensions, 1);
    for (std::size_t d = 1; d < dimensions; ++d) stride[d] = stride[d - 1] * header.shape[d - 1];
    std::vector<std::byte> result(elements.size());
    std::size_t from = 0;
    for (std::size_t to = 0; to < header.count; ++to) {
        std::memcpy(result.data() + to * size, elements.data() + from * size, size);
        for (std::size_t d = dimensions; d-- > 0;) {
            from += stride[d];
            if (++index[d] < header.shape[d]) break;
            from -= stride[d] * header.shape[d];
            index[d] = 0;
        }
    }
    return result;
}

} // namespace

std::size_t size_of(npy_type type) noexcept { return known_types[static_cast<std::size_t>(type)].size; }
std::string_view name_of(npy_type type) noexcept { return known_types[static_cast<std::size_t>(type)].name; }

npy_header parse_npy(std::span<const std::byte> file, std::string_view name) {
    const auto damaged = [&](bool good, std::string_view what) {
        require(good, "F10", "npy: '", name, "' ", what, ": write the array again with numpy.save");
    };
    constexpr std::string_view magic = "\x93NUMPY";
    const std::string_view content(reinterpret_cast<const char *>(file.data()), file.size());
    damaged(content.starts_with(magic), "does not start as a .npy file");
    damaged(file.size() >= 12, "ends inside its header");
    const auto version = std::to_integer<unsigned>(file[6]);
    damaged(version >= 1 && version <= 3 && file[7] == std::byte{0},
            "is of a version other than 1.0, 2.0 and 3.0");
    const std::size_t width = version == 1 ? 2 : 4, start = magic.size() + 2 + width;
    std::uint32_t length = 0;
    std::memcpy(&length, file.data() + magic.size() + 2, width);
    damaged(length <= file.size() - start, "ends inside its header");

    npy_header header = header_reader(content.substr(start, length), name).read();
    header.data_offset = start + length;
    const std::size_t size = size_of(header.type), bytes = file.size() - header.data_offset;
    header.count = 1;
    bool overflow = false;
    for (const auto extent : header.shape) {
        overflow |= __builtin_mul_overflow(header.count, extent, &header.count);
    }
    std::size_t expected = 0;
    overflow |= __builtin_mul_overflow(header.count, size, &expected);
    require(!overflow && expected == bytes, "F12", "npy: '", name, "' has ", bytes,
            " bytes of elements, its header ",
            overflow ? std::string("promises more than fit in memory") : text("promises ", expected),
            ": the file is truncated or damaged; write it again");
    return header;
}

npy_file::npy_file(const std::filesystem::path &path)
    : path_(path), file_(path), header_(parse_npy(file_.bytes(), path.string())),
      elements_(file_.bytes().subspan(header_.data_offset)) {
    const bool reordered = header_.fortran_order && header_.shape.size() > 1;
    const bool aligned = reinterpret_cast<std::uintptr_t>(elements_.data()) % size_of(header_.type) == 0;
    if (!reordered && aligned) return;
    rearranged_ = reordered ? in_c_order(elements_, header_)
                            : std::vector<std::byte>(elements_.begin(), elements_.end());
    elements_ = rearranged_;
}

void npy_file::refuse_type(std::string_view expected) const {
    fail("F13", "npy: '", path_.string(), "' holds ", name_of(type()), ", expected ", expected,
         ": convert the array with .astype before saving it");
}

void npy_file::refuse_value(std::size_t index, std::string_view value) const {
    fail("F13", "npy: element ", index, " of '", path_.string(), "' is ", value,
         ", which does not fit the integer type that is needed here");
}

namespace {

/// Calls use(Stored{}) with the C++ type of the elements; halves are uint16 too, so the caller says which of
/// the two kinds it wants.
template <bool WantsInteger, class Use>
void with_stored_type(npy_type type, Use &&use) {
    if constexpr (WantsInteger) {
        switch (type) {
        case npy_type::i1:
            return use(std::int8_t{});
        case npy_type::i2:
            return use(std::int16_t{});
        case npy_type::i4:
            return use(std::int32_t{});
        case npy_type::u1:
            return use(std::uint8_t{});
        case npy_type::u2:
            return use(std::uint16_t{});
        case npy_type::u4:
            return use(std::uint32_t{});
        case npy_type::u8:
            return use(std::uint64_t{});
        default:
            return use(std::int64_t{});
        }
    } else {
        if (type == npy_type::f2) return use(std::uint16_t{});
        if (type == npy_type::f4) return use(float{});
        return use(double{});
    }
}

} // namespace

template <npy_value Value>
std::vector<Value> npy_file::converted() const {
    std::vector<Value> result(size());
    const auto convert = [&]<class Stored>(Stored) {
        for (std::size_t i = 0; i < result.size(); ++i) {
            Stored stored;
            std::memcpy(&stored, elements_.data() + i * sizeof(Stored), sizeof(Stored));
            if constexpr (std::integral<Value>) {
                if (!std::in_range<Value>(stored)) refuse_value(i, std::to_string(stored));
                result[i] = static_cast<Value>(+stored); // a number, also where it is of a byte
            } else if constexpr (std::same_as<Stored, std::uint16_t>) {
                result[i] = static_cast<Value>(to_float(stored));
            } else {
                result[i] = static_cast<Value>(stored);
            }
        }
    };
    constexpr bool wants_integer = std::integral<Value>;
    const bool holds_integer = type() >= npy_type::i1; // reals come first
    if (wants_integer != holds_integer) refuse_type(wants_integer ? "integers" : "floating-point numbers");
    with_stored_type<wants_integer>(type(), convert);
    return result;
}

template <npy_value Value>
void write_npy(const std::filesystem::path &path, std::span<const Value> values,
               std::span<const std::size_t> shape) {
    std::size_t count = 1;
    std::string extents;
    for (const auto extent : shape) {
        count *= extent;
        extents += text(extent, ", ");
    }
    require(count == values.size(), "F14", "npy: ", values.size(), " values for shape (", extents, ") of '",
            path.string(), "': the product of the shape must be the number of values");
    // A tuple of one element keeps its comma in Python; longer ones must not end with ", ".
    if (shape.size() > 1) extents.resize(extents.size() - 2);
    if (shape.size() == 1) extents.pop_back();
    std::string dictionary = text("{'descr': '", name_of(detail::npy_type_of<Value>()),
                                  "', 'fortran_order': False, 'shape': (", extents, "), }");
    // Elements start at a multiple of 64, as NumPy writes them, so that a mapped view is aligned.
    constexpr std::size_t before = 10;
    dictionary.append(63 - (before + dictionary.size()) % 64, ' ');
    dictionary += '\n';
    const auto length = static_cast<std::uint16_t>(dictionary.size());
    std::string head("\x93NUMPY\x01\x00", 8);
    head += static_cast<char>(length & 0xFF);
    head += static_cast<char>(length >> 8);

    atomic_file file(path);
    file.write(head + dictionary);
    file.write(std::as_bytes(values));
    file.commit();
}

template std::vector<float> npy_file::converted() const;
template std::vector<double> npy_file::converted() const;
template std::vector<std::int32_t> npy_file::converted() const;
template std::vector<std::int64_t> npy_file::converted() const;
template std::vector<std::uint8_t> npy_file::converted() const;
template void write_npy(const std::filesystem::path &, std::span<const float>, std::span<const std::size_t>);
template void write_npy(const std::filesystem::path &, std::span<const double>, std::span<const std::size_t>);
template void write_npy(const std::filesystem::path &, std::span<const std::int32_t>,
                        std::span<const std::size_t>);
template void write_npy(const std::filesystem::path &, std::span<const std::int64_t>,
                        std::span<const std::size_t>);
template void write_npy(const std::filesystem::path &, std::span<const std::uint8_t>,
                        std::span<const std::size_t>);

} // namespace lipt::adapters
