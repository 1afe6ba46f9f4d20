// What `lipt select` takes on arrays on disk, at ImageNet's size unless told otherwise.
//
//   benchmark_stored_selection --folder DIR --lipt build/release/adapters/cli/lipt --method grand gradmatch
//
// Makes float16 arrays in DIR (3.9 GB: N 1,281,167, C 1000, E 512, classes in random order, and 50 held-out
// samples a class), runs the program on them method by method and prints, for each, what --dry-run said and
// what it took: wall and CPU time and the largest resident memory, pages of the arrays among it. Removes the
// arrays at the end; --keep leaves them.
#include <lipt/random.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct arguments {
    fs::path folder, program;
    std::size_t samples = 1281167, classes = 1000, width = 512, held_out = 50, threads = 2;
    double fraction = 0.1;
    std::vector<std::string> methods{"grand", "glister", "gradmatch"};
    std::vector<std::string> flags;
    bool keep = false, sorted = false;
};

/// The nearest half, for values of ordinary size.
std::uint16_t to_half(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), magnitude = bits & 0x7FFFFFFFu;
    if (magnitude < 0x38800000u) return static_cast<std::uint16_t>(bits >> 16 & 0x8000u); // below 2^-14
    return static_cast<std::uint16_t>((bits >> 16 & 0x8000u) | ((magnitude - 0x38000000u + 0x1000u) >> 13));
}

/// 65,536 normal values each way that they are needed, since two thousand million draws would take minutes.
struct normal_tables {
    std::vector<std::uint16_t> logit, own_logit, feature, own_feature;

    normal_tables() {
        lipt::rng draw({.seed = 1});
        for (int i = 0; i < 65536; ++i) {
            const float value = draw.normal();
            logit.push_back(to_half(1.5f * value));
            own_logit.push_back(to_half(1.5f * value + 6));
            feature.push_back(to_half(std::max(0.0f, value)));
            own_feature.push_back(to_half(std::max(0.0f, value + 1)));
        }
    }
};

/// SplitMix64: a generator of 64 bits a step.
struct split_mix {
    std::uint64_t state;
    std::uint64_t operator()() {
        std::uint64_t z = (state += 0x9E3779B97F4A7C15u);
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
};

std::string npy_head(const std::string &type, const std::string &shape) {
    std::string dictionary = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    dictionary.append(63 - (10 + dictionary.size()) % 64, ' ');
    dictionary += '\n';
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dictionary.size() & 0xFF) +
           static_cast<char>(dictionary.size() >> 8) + dictionary;
}

/// Rows of halves; `fill(row, values)` says what is in one.
template <class Fill>
void write_matrix(const fs::path &path, std::size_t rows, std::size_t width, Fill fill) {
    std::ofstream file(path, std::ios::binary);
    file << npy_head("<f2", fmt::format("{}, {}", rows, width));
    std::vector<std::uint16_t> values(width);
    for (std::size_t i = 0; i < rows; ++i) {
        fill(i, values);
        file.write(reinterpret_cast<const char *>(values.data()), static_cast<std::streamsize>(2 * width));
    }
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path.string());
}

/// Values of one row from the table, four a step of the generator.
void fill_row(split_mix draw, const std::vector<std::uint16_t> &table, std::vector<std::uint16_t> &values) {
    for (std::size_t j = 0; j < values.size(); j += 4) {
        std::uint64_t bits = draw();
        for (std::size_t k = j; k < std::min(j + 4, values.size()); ++k, bits >>= 16)
            values[k] = table[bits & 0xFFFF];
    }
}

void make_arrays(const arguments &given, const std::string &prefix, std::size_t count, std::uint64_t seed,
                 const normal_tables &tables) {
    std::vector<std::int64_t> labels(count);
    for (std::size_t i = 0; i < count; ++i) labels[i] = static_cast<std::int64_t>(i * given.classes / count);
    lipt::rng shuffle({.seed = seed});
    if (!given.sorted) shuffle.shuffle(std::span(labels));
    std::ofstream file(given.folder / (prefix + "labels.npy"), std::ios::binary);
    file << npy_head("<i8", fmt::format("{},", count));
    file.write(reinterpret_cast<const char *>(labels.data()), static_cast<std::streamsize>(8 * count));
    write_matrix(given.folder / (prefix + "logits.npy"), count, given.classes, [&](std::size_t i, auto &row) {
        split_mix draw{seed << 40 | i};
        fill_row(draw, tables.logit, row);
        row[static_cast<std::size_t>(labels[i])] = tables.own_logit[split_mix{~draw.state}() & 0xFFFF];
    });
    const std::size_t part = std::max<std::size_t>(1, given.width / given.classes);
    write_matrix(given.folder / (prefix + "embeddings.npy"), count, given.width,
                 [&](std::size_t i, auto &row) {
                     split_mix draw{seed << 41 | i};
                     fill_row(draw, tables.feature, row);
                     const std::size_t centre = static_cast<std::size_t>(labels[i]) * part % given.width;
                     for (std::size_t j = centre; j < std::min(centre + part, given.width); ++j)
                         row[j] = tables.own_feature[draw() & 0xFFFF];
                 });
}

struct cost {
    int status = 0;
    double wall_s = 0, cpu_s = 0, peak_mib = 0;
};

cost run_program(const std::vector<std::string> &arguments) {
    std::vector<char *> argv;
    for (const auto &argument : arguments) argv.push_back(const_cast<char *>(argument.c_str()));
    argv.push_back(nullptr);
    std::fflush(stdout);
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
        execv(argv[0], argv.data());
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        throw std::runtime_error("cannot run a program");
    const auto seconds = [](const timeval &time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            .wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            .cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime),
            .peak_mib = static_cast<double>(usage.ru_maxrss) / 1024};
}

int run(const arguments &given) {
    const std::array<std::string, 3> names{"labels", "logits", "embeddings"};
    if (!fs::exists(given.folder / "validation-embeddings.npy")) {
        fs::create_directories(given.folder);
        const normal_tables tables;
        make_arrays(given, "", given.samples, 1, tables);
        make_arrays(given, "validation-", given.held_out * given.classes, 2, tables);
    }
    int failures = 0;
    for (const auto &method : given.methods) {
        std::vector<std::string> command{given.program.string(), "select", "--method", method};
        for (const auto &name : names) {
            for (const std::string prefix : {"", "validation-"}) {
                command.push_back("--" + prefix + name);
                command.push_back((given.folder / (prefix + name + ".npy")).string());
            }
        }
        for (const auto &word :
             {std::string("--fraction"), fmt::format("{}", given.fraction), std::string("--threads"),
              fmt::format("{}", given.threads), std::string("--out"), (given.folder / "subset.npy").string()})
            command.push_back(word);
        command.insert(command.end(), given.flags.begin(), given.flags.end());
        auto expected = command;
        expected.push_back("--dry-run");
        run_program(expected);
        const auto took = run_program(command);
        fmt::print("{:<20} {:8.1f} s wall {:8.1f} s CPU  peak {:.0f} MiB  exit status {}\n\n", method,
                   took.wall_s, took.cpu_s, took.peak_mib, took.status);
        failures += took.status != 0;
    }
    if (given.keep) return failures;
    for (const auto &name : names) {
        for (const std::string prefix : {"", "validation-"})
            fs::remove(given.folder / (prefix + name + ".npy"));
    }
    for (const char *name : {"subset.npy", "subset.json"}) fs::remove(given.folder / name);
    return failures;
}

} // namespace

int main(int count, char **values) {
    arguments given;
    CLI::App program("Runs lipt select on made-up arrays on disk and says what it takes");
    program.add_option("--folder", given.folder, "where the arrays go")->required();
    program.add_option("--lipt", given.program, "the program")->required();
    program.add_option("--samples", given.samples, "N")->capture_default_str();
    program.add_option("--classes", given.classes, "C")->capture_default_str();
    program.add_option("--width", given.width, "E, width of the embeddings")->capture_default_str();
    program.add_option("--held-out", given.held_out, "validation samples a class")->capture_default_str();
    program.add_option("--fraction", given.fraction, "share to keep")->capture_default_str();
    program.add_option("--threads", given.threads, "threads of the program")->capture_default_str();
    program.add_option("--method", given.methods, "methods, one after the other")->capture_default_str();
    program.add_option("--flag", given.flags, "more flags for the program, such as --max-memory=64");
    program.add_flag("--sorted", given.sorted, "samples in class order instead of at random");
    program.add_flag("--keep", given.keep, "leave the arrays, and use them the next time");
    CLI11_PARSE(program, count, values);
    return run(given);
}
