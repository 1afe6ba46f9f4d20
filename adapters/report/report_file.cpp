#include <lipt/adapters/report/report_file.hpp>
#include <lipt/error.hpp>

#include <nlohmann/json.hpp>

#include <fstream>
#include <system_error>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

/// Whether a run lives there; a config.json of other programs has no settings and data.
bool is_run_directory(const fs::path &folder) {
    std::ifstream in(folder / "config.json", std::ios::binary);
    if (!in) return false;
    const auto config = nlohmann::json::parse(in, nullptr, false);
    return config.is_object() && config.contains("settings") && config.contains("data");
}

} // namespace

void check_report_file(const fs::path &file) {
    std::error_code code;
    auto resolved = fs::weakly_canonical(file, code); // links count as what they lead to
    if (code) resolved = fs::absolute(file).lexically_normal();
    const auto folder = resolved.parent_path();
    for (auto around = folder;; around = around.parent_path()) {
        const bool page = around == folder && resolved.extension() == ".html";
        require(page || !is_run_directory(around), "U31", "report: --out is '", file.string(),
                "', which is where the run in '", around.string(),
                "' keeps its own files: give a file *.html, or one outside of run directories");
        if (around == around.root_path() || around.empty()) return;
    }
}

} // namespace lipt::adapters
