#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/sentence.hpp>
#include <lipt/error.hpp>

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace lipt::adapters {
namespace {

constexpr std::string_view checksum_key = "checksum";
constexpr std::string_view before_digits =
    "\"checksum\":\""; // quotes inside a string are escaped: found once
constexpr std::string_view no_digits = "0000000000000000";

/// Where the checksum's digits begin; the header is all that is looked at.
std::size_t place_of_digits(std::string_view head) {
    const auto found = head.find(before_digits);
    const bool there =
        found != std::string_view::npos && head.size() - found >= before_digits.size() + no_digits.size();
    return there ? found + before_digits.size() : std::string_view::npos;
}

std::string_view head_of(std::string_view file) {
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    return file.substr(0, sizeof length + length);
}

/// The file, where its header is no longer than those that are written here: to read one takes many times its
/// size. errors: F20
std::span<const std::byte> with_short_header(std::span<const std::byte> file, std::string_view name) {
    constexpr std::uint64_t most = 1 << 18;
    std::uint64_t length = 0;
    if (file.size() >= sizeof length) std::memcpy(&length, file.data(), sizeof length);
    require(length <= most, "F20", "file: the header of '", name, "' is said to be ", length,
            " bytes long, expected at most ", most, ": it is damaged, or of another program");
    return file;
}

/// The checksum of a file whose own digits stand at `place`.
std::string checksum_without(std::string_view file, std::size_t place) {
    const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t *)> state(XXH3_createState(),
                                                                                 XXH3_freeState);
    require(state != nullptr && XXH3_64bits_reset(state.get()) == XXH_OK, "F07",
            "checksum: no memory for the state of the hash");
    XXH3_64bits_update(state.get(), file.data(), place);
    XXH3_64bits_update(state.get(), no_digits.data(), no_digits.size());
    const auto rest = file.substr(place + no_digits.size());
    XXH3_64bits_update(state.get(), rest.data(), rest.size());
    return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

} // namespace

std::string checksum_of(std::span<const std::byte> bytes) {
    return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

std::string pack_sealed(std::span<const named_tensor> tensors, tensor_metadata metadata,
                        std::string_view name) {
    metadata[std::string(checksum_key)] = no_digits;
    auto file = pack_safetensors(tensors, metadata, name);
    const auto place = place_of_digits(head_of(file));
    file.replace(place, no_digits.size(), checksum_without(file, place));
    return file;
}

sealed_view::sealed_view(std::span<const std::byte> file, std::string_view name)
    : file_(file), name_(name), header_(parse_safetensors(with_short_header(file, name), name)) {
    const std::string_view content(reinterpret_cast<const char *>(file.data()), file.size());
    const auto place = place_of_digits(head_of(content));
    require(place != std::string_view::npos, "F27", "file: '", name_,
            "' carries no checksum: it was written by another program or version");
    const auto computed = checksum_without(content, place);
    require(content.substr(place, no_digits.size()) == computed &&
                text_of(std::string(checksum_key)) == computed,
            "F27", "file: the checksum of '", name_, "' is ", computed, ", it should be ",
            sentence_of(content.substr(place, no_digits.size())),
            ": the file was damaged on its way; make it again");
}

std::string_view sealed_view::text_of(const std::string &key) const {
    const auto found = header_.metadata.find(key);
    return found == header_.metadata.end() ? std::string_view() : std::string_view(found->second);
}

const tensor_entry *sealed_view::find(std::string_view tensor) const noexcept {
    const auto found = std::find_if(header_.tensors.begin(), header_.tensors.end(),
                                    [&](const auto &entry) { return entry.name == tensor; });
    return found == header_.tensors.end() ? nullptr : &*found;
}

bool sealed_view::has(std::string_view tensor) const noexcept { return find(tensor) != nullptr; }

std::span<const std::byte> sealed_view::bytes(std::string_view tensor, std::string_view type) const {
    const auto *entry = find(tensor);
    require(entry != nullptr, "F22", "file: '", name_, "' has no tensor '", tensor,
            "': it was written for something else");
    require(entry->type == type, "F23", "file: tensor '", tensor, "' of '", name_, "' is ", entry->type,
            ", expected ", type);
    return file_.subspan(entry->begin, entry->size);
}

void sealed_view::refuse_count(std::string_view tensor, std::size_t stored, std::size_t expected) const {
    fail("F23", "file: tensor '", tensor, "' of '", name_, "' has ", stored, " values, expected ", expected);
}

} // namespace lipt::adapters
