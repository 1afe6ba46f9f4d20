#include <lipt/adapters/store/fingerprint.hpp>
#include <lipt/error.hpp>

#include <fmt/format.h>
#include <xxhash.h>

#include <memory>

namespace lipt::adapters {

std::string sampled_fingerprint(std::span<const std::byte> content) {
    constexpr std::size_t parts = 256, length = std::size_t{64} << 10;
    const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t *)> state(XXH3_createState(),
                                                                                 XXH3_freeState);
    require(state != nullptr && XXH3_64bits_reset(state.get()) == XXH_OK, "F07",
            "fingerprint: no memory for the state of the hash");
    const std::uint64_t size = content.size();
    XXH3_64bits_update(state.get(), &size, sizeof size);
    if (content.size() <= parts * length) {
        XXH3_64bits_update(state.get(), content.data(), content.size());
    } else {
        for (std::size_t p = 0; p < parts; ++p) {
            // Before the division, the product stays below 2^64 for files up to 2^56 bytes.
            const std::size_t begin = (content.size() - length) * p / (parts - 1);
            XXH3_64bits_update(state.get(), content.data() + begin, length);
        }
    }
    return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

} // namespace lipt::adapters
