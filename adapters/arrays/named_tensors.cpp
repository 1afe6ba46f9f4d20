#include <lipt/adapters/arrays/named_tensors.hpp>
#include <lipt/adapters/store/safetensors.hpp>

namespace lipt::arrays {

std::string_view stored_type_of(scalar type, bool boolean) noexcept {
    constexpr std::string_view names[] = {"F16", "BF16", "F32", "F64", "I8",  "I16",
                                          "I32", "I64",  "U8",  "U16", "U32", "U64"};
    return boolean ? "BOOL" : names[static_cast<std::size_t>(type)];
}

void write_tensors(const std::filesystem::path &path, const std::vector<kept_tensor> &tensors) {
    std::vector<adapters::named_tensor> views;
    for (const auto &tensor : tensors)
        views.push_back(
            {tensor.name, stored_type_of(tensor.type, tensor.boolean), tensor.shape, *tensor.bytes});
    adapters::write_safetensors(path, views);
}

} // namespace lipt::arrays
