// The run in threads that those of every launcher must be like.
#pragma once

#include <program/program.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace lipt_test {

/// Data and a finished run with four workers.
struct whole_run {
    temporary_directory folder;
    std::filesystem::path data = folder / "data", path = folder / "whole";

    std::vector<std::string> more; ///< flags beside those of the small run

    explicit whole_run(std::vector<std::string> flags = {}) : more(std::move(flags)) {
        write_data(data);
        const auto ended =
            run_lipt(folder, std::vector<std::string>{"run", "--out", path.string()} + this->flags());
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
    }

    std::vector<std::string> flags() const {
        return small_run(data) + std::vector<std::string>{"--workers", "4"} + more;
    }
    /// Checks that another ended well and left the same bytes.
    void check_like(const std::filesystem::path &other, const outcome &ended) const {
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        for (const char *file : {"workers/00.safetensors", "workers/03.safetensors", "soup.safetensors",
                                 "soup.json", "subset.npy", "final.safetensors"})
            BOOST_TEST((content_of(other / file) == content_of(path / file)), file << " differs");
        BOOST_TEST(result_of(other) == result_of(path));
    }
};

/// What a run's soup.json says.
inline nlohmann::json soup_of(const std::filesystem::path &run) {
    return nlohmann::json::parse(content_of(run / "soup.json"));
}

/// Why it refused a worker; empty where it did not.
inline std::string refusal_of(const std::filesystem::path &run, std::size_t worker) {
    const auto soup = soup_of(run);
    for (const auto &one : soup.at("refused")) {
        if (one.at("worker") == worker) return one.at("reason");
    }
    return "";
}

} // namespace lipt_test
