#include <lipt/adapters/arrays/array_view.hpp>

namespace lipt::arrays {

std::size_t size_of(scalar type) noexcept {
    switch (type) {
    case scalar::i8:
    case scalar::u8:
        return 1;
    case scalar::f16:
    case scalar::bf16:
    case scalar::i16:
    case scalar::u16:
        return 2;
    case scalar::f32:
    case scalar::i32:
    case scalar::u32:
        return 4;
    default:
        return 8;
    }
}

std::string_view name_of(scalar type) noexcept {
    constexpr std::string_view names[] = {"float16", "bfloat16", "float32", "float64", "int8",   "int16",
                                          "int32",   "int64",    "uint8",   "uint16",  "uint32", "uint64"};
    return names[static_cast<std::size_t>(type)];
}

} // namespace lipt::arrays
