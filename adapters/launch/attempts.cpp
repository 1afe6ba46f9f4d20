#include <lipt/adapters/launch/attempts.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/sentence.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace lipt::adapters {

namespace fs = std::filesystem;

launcher with_retries(attempt once, std::size_t retries, double seconds) {
    return [once = std::move(once), retries, seconds](std::span<const std::size_t> workers,
                                                      const std::function<void(std::size_t)> &) {
        deadline end;
        if (seconds > 0) {
            end = std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(seconds));
        }
        std::vector<std::string> failures(workers.size());
        std::vector<std::size_t> positions(workers.size()); // of the workers that are tried next
        for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = i;
        for (std::size_t tries = 0; tries <= retries && !positions.empty(); ++tries) {
            if (tries > 0 && passed(end)) break;
            std::vector<std::size_t> tried;
            for (const auto i : positions) tried.push_back(workers[i]);
            const auto results = once(tried, end);
            std::vector<std::size_t> again;
            for (std::size_t j = 0; j < results.size(); ++j) {
                failures[positions[j]] = results[j];
                if (!results[j].empty()) again.push_back(positions[j]);
            }
            positions = std::move(again);
        }
        return failures;
    };
}

std::vector<std::string> worker_start::command(std::size_t worker) const {
    return {program.string(), "worker", "--run", run.string(), "--worker", std::to_string(worker)};
}

fs::path worker_start::folder() const {
    std::error_code code;
    const auto path = inside(run, "launch");
    fs::create_directories(path, code);
    require(!code, "R04", "run: cannot make the directory ", path.string(), ": ", code.message());
    return path;
}

fs::path worker_start::log(std::size_t worker) const {
    return inside(run, fmt::format("launch/worker-{}.log", worker));
}

std::uintmax_t length_of(const fs::path &log) {
    std::error_code code;
    const auto size = fs::file_size(log, code);
    return code ? 0 : size;
}

std::string last_words(const fs::path &log, std::uintmax_t from, std::string_view wanted) {
    std::ifstream in(log);
    in.seekg(static_cast<std::streamoff>(from));
    std::string last;
    bool found = false;
    for (std::string line; std::getline(in, line);) {
        const bool is_wanted = !wanted.empty() && line.starts_with(wanted);
        if (line.empty() || (found && !is_wanted)) continue;
        found = found || is_wanted;
        last = std::move(line);
    }
    return sentence_of(last);
}

namespace {

/// Tells one file under a name from the next: each is written anew and renamed there.
std::string identity_of(const fs::path &path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return "";
    return fmt::format("{} {}.{}", status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

} // namespace

arrivals::arrivals(const fs::path &run, std::span<const std::size_t> workers) {
    for (const auto worker : workers) {
        const auto path = run / "workers" / fmt::format("{:02}.safetensors", worker);
        files_.push_back({path, identity_of(path)});
    }
}

bool arrivals::came(std::size_t position) {
    auto &file = files_[position];
    if (!file.came) {
        const auto now = identity_of(file.path);
        file.came = !now.empty() && now != file.before;
    }
    return file.came;
}

std::size_t arrivals::count() {
    // Listing the folder makes a network file system forget that a name was not there.
    std::error_code code;
    if (!files_.empty()) fs::directory_iterator(files_.front().path.parent_path(), code);
    std::size_t total = 0;
    for (std::size_t i = 0; i < files_.size(); ++i) total += came(i);
    return total;
}

} // namespace lipt::adapters
