#include <lipt/adapters/store/inside.hpp>
#include <lipt/error.hpp>

#include <system_error>

namespace lipt::adapters {

namespace fs = std::filesystem;

fs::path inside(const fs::path &directory, const fs::path &name) {
    auto path = directory;
    for (const auto &part : name) {
        require(part != ".." && !part.is_absolute(), "R12", "run: '", name.string(), "' leads out of '",
                directory.string(), "': name something in it");
        path /= part;
        std::error_code code;
        const auto status = fs::symlink_status(path, code);
        require(!fs::is_symlink(status), "R12", "run: '", path.string(), "' is a link, and '",
                directory.string(), "' must hold none: remove it, or put what it leads to there");
        require(!code || status.type() == fs::file_type::not_found, "R12", "run: '", path.string(),
                "' cannot be looked at: ", code.message(), ": check who may enter the folders above");
    }
    return path;
}

} // namespace lipt::adapters
