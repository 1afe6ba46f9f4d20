// Where a selection that takes long keeps the classes that are done, so that one that was killed goes on.
#pragma once

#include <lipt/select/selection.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace lipt::adapters {

/// Picks of pools in a file of their own, appended pool by pool, so that killing the process at any moment
/// loses at most the pool in work. The file begins with a key, a text that says what the picks were made
/// from and how; one with another key is begun anew. Little-endian:
///
///     "LIPTSEL1"  u64 length of the key  key  u64 XXH3 of all that
///     then for each pool: u64 pool, picks, weights, scores  int64 picks[]  float32 weights[], scores[]
///                         u64 XXH3 of that record
///
/// What follows the last record whose hash is right was cut short and is dropped. A file without a record is
/// deleted when the object goes.
/// errors: F02 cannot be written, F03 not a regular file, F05 another process has it open, F06 some other
/// file
class selection_state {
  public:
    selection_state(const std::filesystem::path &path, std::string_view key);
    selection_state(const selection_state &) = delete;
    selection_state &operator=(const selection_state &) = delete;
    ~selection_state();

    /// Pools that were done before.
    std::size_t size() const noexcept { return recalled_.size(); }
    /// True where the file held the picks of something else, which are gone now.
    bool begun_anew() const noexcept { return begun_anew_; }

    /// The picks of a pool that was done before, each position below `members` (the size of the pool), as
    /// select_options::recall wants them; a record that does not fit the pool does not count.
    bool recall(std::size_t pool, std::size_t members, pool_picks &picks) const;
    /// Appends a pool. errors: F02
    void remember(std::size_t pool, const pool_picks &picks);
    /// Deletes the file: the outputs are written.
    void remove() noexcept;

  private:
    void open();
    void read(std::string_view key);
    bool read_record(std::span<const std::byte> &rest);
    void write(std::string_view bytes);

    std::filesystem::path path_;
    int descriptor_ = -1;
    bool begun_anew_ = false;
    std::size_t head_size_ = 0;
    std::map<std::size_t, pool_picks> recalled_;
};

} // namespace lipt::adapters
