#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace lipt::adapters {
namespace {

using json = nlohmann::json;

static_assert(std::endian::native == std::endian::little,
              "files are little-endian and read without swapping");

constexpr std::string_view metadata_key = "__metadata__";

/// Bytes of one element of a type of the format; 0 for an unknown one.
std::size_t size_of_type(std::string_view type) noexcept {
    constexpr std::array<std::pair<std::string_view, std::size_t>, 15> sizes{{{"F32", 4},
                                                                              {"I64", 8},
                                                                              {"U8", 1},
                                                                              {"F16", 2},
                                                                              {"BF16", 2},
                                                                              {"F64", 8},
                                                                              {"I32", 4},
                                                                              {"I16", 2},
                                                                              {"I8", 1},
                                                                              {"U16", 2},
                                                                              {"U32", 4},
                                                                              {"U64", 8},
                                                                              {"BOOL", 1},
                                                                              {"F8_E4M3", 1},
                                                                              {"F8_E5M2", 1}}};
    for (const auto &[name, size] : sizes) {
        if (name == type) return size;
    }
    return 0;
}

/// The product of a shape and an element size. Returns false where it does not fit.
bool bytes_of(std::span<const std::size_t> shape, std::size_t element, std::size_t &bytes) noexcept {
    bytes = element;
    for (const auto extent : shape) {
        if (__builtin_mul_overflow(bytes, extent, &bytes)) return false;
    }
    return true;
}

/// Turns the JSON header into entries; every doubt about it is F20 or F21 with the file's name.
class header_reader {
  public:
    explicit header_reader(std::string_view name) : name_(name) {}

    safetensors_header read(std::string_view head, std::size_t data_begin, std::size_t data_size) {
        // Without exceptions; parsing and destroying do not recurse, so that nesting cannot exhaust the
        // stack.
        const json parsed = json::parse(head.begin(), head.end(), nullptr, false);
        if (!parsed.is_object()) damaged("it is not a JSON object");
        safetensors_header header;
        for (const auto &[key, value] : parsed.items()) {
            if (key == metadata_key)
                header.metadata = metadata(value);
            else
                header.tensors.push_back(tensor(key, value));
        }
        place(header.tensors, data_begin, data_size);
        return header;
    }

    [[noreturn]] void damaged(std::string_view what) const {
        fail("F20", "safetensors: the header of '", name_, "' is damaged: ", what,
             ": take a whole copy of the file; what a run made is made again once the file is deleted");
    }

  private:
    tensor_metadata metadata(const json &value) const {
        tensor_metadata result;
        if (!value.is_object()) damaged("__metadata__ is not an object");
        for (const auto &[key, content] : value.items()) {
            if (!content.is_string()) damaged(text("__metadata__ '", key, "' is not a string"));
            result.emplace(key, content.get<std::string>());
        }
        return result;
    }

    std::size_t number(const std::string &tensor, const json &value) const {
        if (!value.is_number_unsigned())
            damaged(text("tensor '", tensor, "' has a size that is not a whole number"));
        return value.get<std::size_t>();
    }

    tensor_entry tensor(const std::string &name, const json &value) const {
        const auto member = [&](const char *key, json::value_t kind) -> const json & {
            const auto found = value.is_object() ? value.find(key) : value.end();
            if (found == value.end() || found->type() != kind)
                damaged(text("tensor '", name, "' has no ", key));
            return *found;
        };
        tensor_entry entry{.name = name, .type = member("dtype", json::value_t::string).get<std::string>()};
        for (const auto &extent : member("shape", json::value_t::array))
            entry.shape.push_back(number(name, extent));
        const auto &offsets = member("data_offsets", json::value_t::array);
        if (offsets.size() != 2) damaged(text("tensor '", name, "' has no begin and end"));
        entry.begin = number(name, offsets[0]);
        const std::size_t end = number(name, offsets[1]), element = size_of_type(entry.type);
        if (element == 0) damaged(text("tensor '", name, "' is of unknown type '", entry.type, "'"));
        if (end < entry.begin || !bytes_of(entry.shape, element, entry.size) ||
            entry.size != end - entry.begin) {
            misplaced(text("tensor '", name, "' has ", entry.type,
                           " elements and a shape that do not fill bytes ", entry.begin, " to ", end));
        }
        return entry;
    }

    /// Sorts the tensors by their bytes and checks that these cover the data once.
    void place(std::vector<tensor_entry> &tensors, std::size_t data_begin, std::size_t data_size) const {
        std::sort(tensors.begin(), tensors.end(), [](const auto &a, const auto &b) {
            return std::pair(a.begin, a.size) < std::pair(b.begin, b.size);
        });
        std::size_t position = 0;
        for (auto &entry : tensors) {
            if (entry.begin != position) {
                misplaced(
                    text("tensor '", entry.name, "' begins at byte ", entry.begin, ", expected ", position));
            }
            position += entry.size; // cannot wrap: begin + size is an offset that was read
            entry.begin += data_begin;
        }
        if (position != data_size) misplaced(text("its tensors end at byte ", position, " of ", data_size));
    }

    [[noreturn]] void misplaced(std::string_view what) const {
        fail("F21", "safetensors: '", name_, "': ", what,
             ": the file is truncated or damaged; take a whole copy, or delete it to have it made again");
    }

    std::string_view name_;
};

} // namespace

safetensors_header parse_safetensors(std::span<const std::byte> file, std::string_view name) {
    header_reader reader(name);
    std::uint64_t length = 0;
    if (file.size() < sizeof length) reader.damaged("the file is shorter than 8 bytes");
    std::memcpy(&length, file.data(), sizeof length);
    if (length > file.size() - sizeof length) {
        reader.damaged(
            text("it should be ", length, " bytes long, the file has ", file.size() - sizeof length));
    }
    if (length > safetensors_header_limit) {
        reader.damaged(
            text("it is ", length, " bytes long, at most ", safetensors_header_limit, " are read"));
    }
    const std::string_view head(reinterpret_cast<const char *>(file.data()) + sizeof length, length);
    const std::size_t data_begin = sizeof length + length;
    return reader.read(head, data_begin, file.size() - data_begin);
}

safetensors_file::safetensors_file(const std::filesystem::path &path)
    : path_(path), file_(path), header_(parse_safetensors(file_.bytes(), path.string())) {}

const tensor_entry *safetensors_file::find(std::string_view name) const noexcept {
    const auto found = std::find_if(header_.tensors.begin(), header_.tensors.end(),
                                    [&](const auto &entry) { return entry.name == name; });
    return found == header_.tensors.end() ? nullptr : &*found;
}

const tensor_entry &safetensors_file::at(std::string_view name) const {
    const auto *entry = find(name);
    require(entry != nullptr, "F22", "safetensors: '", path_.string(), "' has no tensor '", name,
            "': it was written for something else");
    return *entry;
}

void safetensors_file::copy(const tensor_entry &entry, std::string_view type,
                            std::span<std::byte> out) const {
    require(entry.type == type && entry.size == out.size(), "F23", "safetensors: tensor '", entry.name,
            "' of '", path_.string(), "' is ", entry.type, " of ", entry.size, " bytes, expected ", type,
            " of ", out.size());
    if (!out.empty()) std::memcpy(out.data(), file_.bytes().data() + entry.begin, entry.size);
}

namespace {

/// Tensors in the order in which they are written, and the header that says so.
struct layout {
    std::vector<std::size_t> order; ///< places in what was given
    std::vector<std::size_t> sizes; ///< bytes of each, in that order
    std::string head;               ///< its length in front, spaces behind
};

/// The bytes of each tensor must fit its shape, where they are there already.
template <class Tensor>
layout lay_out(std::span<const Tensor> tensors, const tensor_metadata &metadata, std::string_view name) {
    layout made;
    for (std::size_t i = 0; i < tensors.size(); ++i) made.order.push_back(i);
    std::stable_sort(made.order.begin(), made.order.end(), [&](std::size_t a, std::size_t b) {
        return size_of_type(tensors[a].type) > size_of_type(tensors[b].type);
    });
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header[std::string(metadata_key)] = metadata;
    std::size_t position = 0;
    for (const auto i : made.order) {
        const auto &tensor = tensors[i];
        std::size_t expected = 0;
        const std::size_t element = size_of_type(tensor.type);
        bool fits = element > 0 && bytes_of(tensor.shape, element, expected);
        if constexpr (requires { tensor.bytes; }) fits = fits && expected == tensor.bytes.size();
        require(
            fits && tensor.name != metadata_key && !header.contains(tensor.name), "F24",
            "safetensors: tensor '", tensor.name, "' for '", name,
            "' has a type that is unknown, bytes that do not fit its shape, or a name that is taken: give "
            "each tensor a name of its own");
        header[tensor.name] = {{"dtype", tensor.type},
                               {"shape", tensor.shape},
                               {"data_offsets", {position, position + expected}}};
        made.sizes.push_back(expected);
        position += expected;
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const json::exception &) {
        fail("F24", "safetensors: a name or metadata for '", name, "' is not UTF-8: use plain text");
    }
    text.append((8 - text.size() % 8) % 8, ' '); // so that the elements start at a multiple of 8
    const std::uint64_t length = text.size();
    made.head.assign(reinterpret_cast<const char *>(&length), sizeof length);
    made.head += text;
    return made;
}

} // namespace

safetensors_writer::safetensors_writer(const std::filesystem::path &path,
                                       std::span<const tensor_plan> tensors, const tensor_metadata &metadata)
    : name_(path.string()), file_(path) {
    auto planned = lay_out(tensors, metadata, name_);
    order_ = std::move(planned.order);
    sizes_ = std::move(planned.sizes);
    file_.write(planned.head);
}

void safetensors_writer::write(std::span<const std::byte> bytes) {
    require(written_ < sizes_.size() && bytes.size() == sizes_[written_], "F24",
            "safetensors: ", bytes.size(), " bytes for tensor ", written_, " of ", sizes_.size(), " of '",
            name_, "' do not fit the plan: write each tensor once, whole, in the writer's order");
    file_.write(bytes);
    ++written_;
}

void safetensors_writer::commit() {
    require(written_ == sizes_.size(), "F24", "safetensors: ", written_, " of ", sizes_.size(),
            " tensors of '", name_, "' are written: write all of them");
    file_.commit();
}

std::string pack_safetensors(std::span<const named_tensor> tensors, const tensor_metadata &metadata,
                             std::string_view name) {
    auto planned = lay_out(tensors, metadata, name);
    auto &file = planned.head;
    std::size_t size = file.size();
    for (const auto one : planned.sizes) size += one;
    file.reserve(size);
    for (const auto i : planned.order)
        file.append(reinterpret_cast<const char *>(tensors[i].bytes.data()), tensors[i].bytes.size());
    return file;
}

void write_safetensors(const std::filesystem::path &path, std::span<const named_tensor> tensors,
                       const tensor_metadata &metadata) {
    const auto planned = lay_out(tensors, metadata, path.string());
    atomic_file file(path);
    file.write(planned.head);
    for (const auto i : planned.order) file.write(tensors[i].bytes);
    file.commit();
}

} // namespace lipt::adapters
