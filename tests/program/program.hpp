// Runs the program `lipt` as a user would, on a small data set that it writes itself.
#pragma once

#include <lipt/adapters/store/sealed.hpp>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <support/temporary_directory.hpp>
#include <support/toy_images.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace lipt_test {

/// How a program ended. status: its exit status, or minus the signal that killed it
struct outcome {
    int status = 0;
    std::string out, err;
};

/// A started program; its output goes to files in a directory of the test.
class started_program {
  public:
    /// `file_limit`: the largest file that it may write, as on a full disk; 0: no limit
    started_program(const temporary_directory &folder, const std::vector<std::string> &arguments,
                    rlim_t file_limit = 0)
        : out_(folder / "stdout"), err_(folder / "stderr") {
        pid_ = fork();
        BOOST_REQUIRE(pid_ >= 0);
        if (pid_ != 0) return;
        dup2(open(out_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
        dup2(open(err_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
        if (file_limit > 0) {
            const rlimit limit{file_limit, file_limit};
            setrlimit(RLIMIT_FSIZE, &limit);
        }
        std::vector<char *> argv{const_cast<char *>("lipt")};
        for (const auto &argument : arguments) argv.push_back(const_cast<char *>(argument.c_str()));
        argv.push_back(nullptr);
        execv(LIPT_PROGRAM, argv.data());
        _exit(127);
    }

    started_program(const started_program &) = delete;
    started_program &operator=(const started_program &) = delete;
    /// A test that fails in between leaves no program behind.
    ~started_program() {
        if (finished_ || pid_ <= 0) return;
        kill();
        waitpid(pid_, nullptr, 0);
    }

    void kill() const { ::kill(pid_, SIGKILL); }

    /// Waits for its end; once.
    outcome finish() {
        int status = 0;
        BOOST_REQUIRE(waitpid(pid_, &status, 0) == pid_);
        finished_ = true;
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), content_of(out_),
                content_of(err_)};
    }

  private:
    std::filesystem::path out_, err_;
    pid_t pid_ = -1;
    bool finished_ = false;
};

inline outcome run_lipt(const temporary_directory &folder, const std::vector<std::string> &arguments,
                        rlim_t file_limit = 0) {
    return started_program(folder, arguments, file_limit).finish();
}

/// Big-endian, as IDX has its numbers.
inline std::string idx_header(const std::vector<std::uint32_t> &shape) {
    std::string content{0, 0, 8, static_cast<char>(shape.size())};
    for (const auto extent : shape) {
        for (int shift = 24; shift >= 0; shift -= 8) content += static_cast<char>(extent >> shift & 0xFF);
    }
    return content;
}

/// Writes a training and a test set under Fashion-MNIST's names: 600 and 100 images of 28 x 28, ten classes.
inline void write_data(const std::filesystem::path &folder, int wrong_label = -1) {
    std::filesystem::create_directories(folder);
    const auto write = [&](const std::string &name, std::uint32_t count, std::uint64_t seed) {
        const toy_images images(count, seed, 28, 1, 10);
        const auto view = images.view();
        std::ofstream pixels(folder / (name + "-images-idx3-ubyte"), std::ios::binary);
        pixels << idx_header({count, 28, 28});
        pixels.write(reinterpret_cast<const char *>(view.pixels.data()),
                     static_cast<std::streamsize>(view.pixels.size()));
        std::ofstream labels(folder / (name + "-labels-idx1-ubyte"), std::ios::binary);
        labels << idx_header({count});
        for (const auto label : view.labels) labels.put(static_cast<char>(label));
        if (wrong_label >= 0) labels.seekp(8 + 17), labels.put(static_cast<char>(wrong_label));
    };
    write("train", 600, 1);
    write("t10k", 100, 2);
}

/// Flags of a run that takes about a second and goes through every stage.
inline std::vector<std::string> small_run(const std::filesystem::path &data) {
    return {"--data",
            data.string(),
            "--hold-out",
            "0.1",
            "--init-epochs",
            "1",
            "--init-batch-size",
            "64",
            "--workers",
            "3",
            "--batch-size",
            "32",
            "--passes",
            "2",
            "--observe-images",
            "64",
            "--soup-points",
            "2",
            "--selector",
            "gradmatch",
            "--fraction",
            "0.2",
            "--epochs",
            "4",
            "--train-batch-size",
            "32",
            "--evaluate-every",
            "2",
            "--start",
            "pretrained",
            "--seed",
            "3",
            "--checkpoint-seconds",
            "0"};
}

/// Flags less these settings and their values.
inline std::vector<std::string> without(const std::vector<std::string> &flags,
                                        const std::vector<std::string> &names) {
    std::vector<std::string> rest;
    for (std::size_t i = 0; i + 1 < flags.size(); i += 2) {
        if (std::find(names.begin(), names.end(), flags[i]) != names.end()) continue;
        rest.insert(rest.end(), {flags[i], flags[i + 1]});
    }
    return rest;
}

/// Flags of the same run without workers, which read none of theirs.
inline std::vector<std::string> small_run_without_workers(const std::filesystem::path &data) {
    return without(small_run(data), {"--init-epochs", "--workers", "--batch-size", "--passes",
                                     "--observe-images", "--soup-points"});
}

inline std::vector<std::string> operator+(std::vector<std::string> left,
                                          const std::vector<std::string> &right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// A program that stands for lipt where a worker is started: it writes the worker's number to the file
/// started, does what the file faults/N says, and goes on as lipt. exit, kill, hang; noise: exits after bytes
/// that are no text; nothing: ends well without an upload; once: exits the first time; wait: for the file go,
/// some minutes at most; orphan: kills its parent; replace: puts the file replacement-N in the upload's place
inline std::filesystem::path faulty_worker(const temporary_directory &folder) {
    std::filesystem::create_directories(folder / "faults");
    const std::string script = R"(#!/bin/sh
at='@FOLDER@'
echo "$5" >>"$at/started"
fault="$at/faults/$5"
case $(cat "$fault" 2>/dev/null) in
exit) echo 'it broke' >&2; exit 1;;
noise) printf 'before \377\033[31m after\n' >&2; exit 1;;
nothing) exit 0;;
kill) kill -9 $$;;
hang) exec sleep 1000;;
once) rm "$fault"; exit 1;;
wait) for _ in $(seq 3000); do [ ! -e "$at/go" ] || break; sleep 0.1; done;;
orphan) kill -9 $PPID; exec sleep 1000;;
replace) mkdir -p "$3/workers"; cp "$at/replacement-$5" "$3/workers/0$5.safetensors"; exit 0;;
esac
exec '@PROGRAM@' "$@"
)";
    const auto filled = [](std::string text, const std::string &mark, const std::string &value) {
        return text.replace(text.find(mark), mark.size(), value);
    };
    const auto path = folder.write(
        "faulty", filled(filled(script, "@FOLDER@", folder.path().string()), "@PROGRAM@", LIPT_PROGRAM));
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

/// A worker's file of the right form and checksum, but for one of its weights, which is not a number.
inline std::string with_nan(const std::filesystem::path &path) {
    const lipt::adapters::safetensors_file file(path);
    auto metadata = file.metadata();
    metadata.erase("checksum");
    auto values = file.values<float>("values");
    values[values.size() / 2] = std::numeric_limits<float>::quiet_NaN();
    const auto mask = file.values<std::uint8_t>("keep_mask");
    using lipt::adapters::named_tensor;
    const std::vector<named_tensor> tensors{named_tensor::of<float>("values", {values.size()}, values),
                                            named_tensor::of<std::uint8_t>("keep_mask", {mask.size()}, mask)};
    return lipt::adapters::pack_sealed(tensors, metadata, "test");
}

/// result.json without what differs from run to run: times and memory.
inline nlohmann::json result_of(const std::filesystem::path &run) {
    auto result = nlohmann::json::parse(content_of(run / "result.json"));
    for (auto &stage : result.at("stages")) {
        for (const char *key : {"wall_s", "cpu_s", "peak_mib"}) stage.erase(key);
    }
    return result;
}

/// A folder with small data, and what is said of a run on it.
struct one_run {
    temporary_directory folder;
    std::filesystem::path data = folder / "data";
    one_run() { write_data(data); }

    outcome run(const std::vector<std::string> &more) const {
        return run_lipt(folder, std::vector<std::string>{"run", "--out", (folder / "run").string()} +
                                    small_run(data) + more);
    }
    /// One line of error, and nothing else.
    static void check_refused(const outcome &ended, int status, const std::string &id) {
        BOOST_TEST(ended.status == status, ended.err);
        BOOST_TEST(ended.err.find(id) != std::string::npos, "expected " << id << " in: " << ended.err);
        BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1, ended.err);
    }
};

} // namespace lipt_test
