// One libFuzzer program a reader; the build names the reader.
#include "readers.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    lipt_test::LIPT_FUZZ_READER(std::as_bytes(std::span(data, size)));
    return 0;
}
