// What the tests on a private Slurm share: a run of their own on it, whose workers fail as they are told.
#pragma once

#include "private_slurm.hpp"
#include "whole_run.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace lipt_test {

/// A case: a folder of its own for the run, its faults and what it prints.
struct slurm_case {
    const whole_run &whole; ///< that it must be like
    private_slurm &slurm;
    temporary_directory folder;
    std::filesystem::path path = folder / "run";

    /// No case waits for what another has left.
    slurm_case(const whole_run &like, private_slurm &on) : whole(like), slurm(on) { slurm.clear(); }

    std::vector<std::string> command(const std::vector<std::string> &more = {}) const {
        return std::vector<std::string>{"run", "--out", path.string()} + whole.flags() +
               std::vector<std::string>{"--launcher", "slurm", "--worker-program",
                                        faulty_worker(folder).string()} +
               more;
    }
    outcome run(const std::vector<std::string> &more = {}) const { return run_lipt(folder, command(more)); }
    void fault(int worker, const std::string &what) const {
        folder.write("faults/" + std::to_string(worker), what);
    }
    void all_wait() const {
        faulty_worker(folder); // makes the folder of faults
        for (int worker = 0; worker < 4; ++worker) fault(worker, "wait");
    }
    /// The workers that were started so far, ascending.
    std::string started() const {
        auto numbers = content_of(folder / "started");
        std::erase(numbers, '\n');
        std::sort(numbers.begin(), numbers.end());
        return numbers;
    }
    void wait_until(const std::function<bool()> &holds, const char *what) const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(3);
        while (!holds()) {
            BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end,
                                  what << " did not come: " << private_slurm::ask({"squeue", "--array"}));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    /// Waits for what was submitted, and does by hand what then remains.
    void go_on_without_driver() const {
        wait_until([&] { return std::filesystem::exists(path / "soup.safetensors"); }, "the last merge");
        wait_until(
            [] {
                return private_slurm::ask({"squeue", "--noheader"}).empty();
            },
            "the end of the jobs");
        for (const char *stage : {"select", "train"}) {
            const auto next = run_lipt(folder, {stage, "--run", path.string()});
            BOOST_TEST_REQUIRE(next.status == 0, next.err);
        }
    }
    void go() const { folder.write("go", ""); }
    nlohmann::json soup() const { return soup_of(path); }
    std::string reason(std::size_t worker) const { return refusal_of(path, worker); }
    void check_whole(const outcome &ended) const { whole.check_like(path, ended); }
};

} // namespace lipt_test
