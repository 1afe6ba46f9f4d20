#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/selection_state.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace lipt::adapters {
namespace {

constexpr std::string_view magic = "LIPTSEL1";

std::string bytes_of(const auto &values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string number(std::uint64_t value) { return bytes_of(std::span(&value, 1)); }

std::string with_hash(std::string content) {
    return content + number(XXH3_64bits(content.data(), content.size()));
}

std::string head_of(std::string_view key) {
    return with_hash(std::string(magic) + number(key.size()) + std::string(key));
}

/// The next values of a record; empty where it has no more.
template <class Value>
std::vector<Value> take(std::span<const std::byte> &rest, std::size_t count) {
    std::vector<Value> values(count);
    if (count > 0) std::memcpy(values.data(), rest.data(), count * sizeof(Value));
    rest = rest.subspan(count * sizeof(Value));
    return values;
}

} // namespace

selection_state::selection_state(const std::filesystem::path &path, std::string_view key) : path_(path) {
    try {
        open();
        read(key);
    } catch (...) {
        if (descriptor_ >= 0) ::close(descriptor_);
        throw;
    }
}

selection_state::~selection_state() {
    struct stat status {};
    const bool empty = recalled_.empty() && ::fstat(descriptor_, &status) == 0 &&
                       static_cast<std::size_t>(status.st_size) <= head_size_;
    if (empty) remove();
    ::close(descriptor_);
}

void selection_state::open() {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_APPEND, 0666);
    require(descriptor_ >= 0, "F02", "file: '", path_.string(),
            "' cannot be written: ", std::generic_category().message(errno),
            ": check permissions and that the directory exists");
    struct stat status {};
    require(::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode), "F03", "file: '", path_.string(),
            "' is not a regular file: move it, progress is kept there");
    require(::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, "F05", "select: '",
            path_.string(), "' is in use by another process: wait for it, or give another --out");
}

void selection_state::read(std::string_view key) {
    const std::string head = head_of(key);
    head_size_ = head.size();
    std::size_t good = 0;
    {
        const mapped_file file(path_);
        auto rest = file.bytes();
        const std::string_view content(reinterpret_cast<const char *>(rest.data()), rest.size());
        const auto beginning = content.substr(0, magic.size());
        require(beginning == magic.substr(0, beginning.size()), "F06", "select: '", path_.string(),
                "' is not the state of a selection: move it, progress is kept there");
        if (content.starts_with(head)) {
            rest = rest.subspan(head.size());
            while (read_record(rest)) {
            }
            good = content.size() - rest.size();
        } else {
            begun_anew_ = content.size() > head.size();
        }
    }
    require(::ftruncate(descriptor_, static_cast<off_t>(good)) == 0, "F02", "file: '", path_.string(),
            "' cannot be written: ", std::generic_category().message(errno));
    if (good == 0) write(head);
}

bool selection_state::read_record(std::span<const std::byte> &rest) {
    constexpr std::size_t head = 4 * sizeof(std::uint64_t), tail = sizeof(std::uint64_t);
    if (rest.size() < head + tail) return false;
    auto body = rest;
    const auto counts = take<std::uint64_t>(body, 4);
    const std::size_t most = rest.size();
    if (counts[1] > most || counts[2] > most || counts[3] > most) return false;
    const std::size_t size = head + 8 * counts[1] + 4 * (counts[2] + counts[3]);
    if (size > rest.size() - tail) return false;
    pool_picks picks{.order = take<std::int64_t>(body, counts[1])};
    picks.weights = take<float>(body, counts[2]);
    picks.scores = take<float>(body, counts[3]);
    if (take<std::uint64_t>(body, 1)[0] != XXH3_64bits(rest.data(), size)) return false;
    recalled_[counts[0]] = std::move(picks);
    rest = body;
    return true;
}

bool selection_state::recall(std::size_t pool, std::size_t members, pool_picks &picks) const {
    const auto found = recalled_.find(pool);
    if (found == recalled_.end()) return false;
    const auto &kept = found->second;
    const auto inside = [&](std::int64_t position) {
        return position >= 0 && static_cast<std::size_t>(position) < members;
    };
    const bool fits = std::all_of(kept.order.begin(), kept.order.end(), inside) &&
                      (kept.weights.empty() || kept.weights.size() == kept.order.size()) &&
                      (kept.scores.empty() || kept.scores.size() == members);
    if (fits) picks = kept;
    return fits;
}

void selection_state::remember(std::size_t pool, const pool_picks &picks) {
    const std::array<std::uint64_t, 4> counts{pool, picks.order.size(), picks.weights.size(),
                                              picks.scores.size()};
    write(with_hash(bytes_of(counts) + bytes_of(picks.order) + bytes_of(picks.weights) +
                    bytes_of(picks.scores)));
}

void selection_state::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        require(count >= 0, "F02", "file: '", path_.string(),
                "' cannot be written: ", std::generic_category().message(errno),
                ": check free space; what is done so far is kept");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void selection_state::remove() noexcept { ::unlink(path_.c_str()); }

} // namespace lipt::adapters
