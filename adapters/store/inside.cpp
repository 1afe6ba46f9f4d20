#include <lipt/adapters/store/inside.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <system_error>

namespace lipt::adapters {

namespace fs = std::filesystem;

fs::path inside(const fs::path &directory, const fs::path &name) {
    const auto path = directory / name;
    std::error_code code;
    const auto root = fs::weakly_canonical(directory, code);
    const auto real = code ? fs::path() : fs::weakly_canonical(path, code);
    const bool below = std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
    // What a link points to that is not there has no canonical path: the link itself seems to be the file.
    std::error_code ignored;
    const bool dangling = fs::is_symlink(fs::symlink_status(path, ignored)) && !fs::exists(path, ignored);
    require(!code && below && !dangling, "R12", "run: '", path.string(), "' leads out of '",
            directory.string(), "': it is a link, below one, or one to nowhere; remove it");
    return path;
}

} // namespace lipt::adapters
