// Outputs of a made-up network as .npy files, for tests of `lipt select` on arrays.
#pragma once

#include "program.hpp"

#include <lipt/adapters/store/half.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/random.hpp>

#include <support/npy_bytes.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace lipt_test {

/// Values in eighths, so that every type of file holds the same. shapes: labels (N), logits (N,C), embeddings
/// (N,E)
struct stored_arrays {
    std::size_t samples, classes, width;
    std::vector<std::int64_t> labels;
    std::vector<float> logits, embeddings;

    stored_arrays(std::size_t count, std::size_t class_count, std::size_t embedding_width,
                  std::uint32_t seed = 1)
        : samples(count), classes(class_count), width(embedding_width) {
        lipt::rng draw({.seed = seed, .stage = lipt::stream::test});
        const auto eighths = [&] { return std::round(12 * draw.normal()) / 8; };
        for (std::size_t i = 0; i < samples; ++i)
            labels.push_back(draw.below(static_cast<std::uint32_t>(classes)));
        for (std::size_t i = 0; i < samples * classes; ++i) logits.push_back(eighths());
        for (std::size_t i = 0; i < samples * width; ++i) embeddings.push_back(eighths());
    }

    /// Writes labels.npy, logits.npy and embeddings.npy with that prefix.
    void write(const temporary_directory &folder, const std::string &prefix = "") const {
        lipt::adapters::write_npy<std::int64_t>(folder / (prefix + "labels.npy"), labels);
        const std::size_t wide[] = {samples, classes}, deep[] = {samples, width};
        lipt::adapters::write_npy<float>(folder / (prefix + "logits.npy"), logits, wide);
        lipt::adapters::write_npy<float>(folder / (prefix + "embeddings.npy"), embeddings, deep);
    }
};

inline std::string shape_of(std::size_t rows, std::size_t columns) {
    return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
}

/// The same values as float16; each must have one.
inline std::string as_halves(const std::vector<float> &values, std::size_t columns) {
    std::map<float, std::uint16_t> half_of;
    for (std::uint32_t half = 0; half < 65536; ++half)
        half_of[lipt::adapters::to_float(static_cast<std::uint16_t>(half))] =
            static_cast<std::uint16_t>(half);
    std::vector<std::uint16_t> halves;
    for (const float value : values) halves.push_back(half_of.at(value));
    return npy_of("<f2", shape_of(values.size() / columns, columns), raw(halves));
}

inline std::string as_doubles(const std::vector<float> &values, std::size_t columns) {
    return npy_of("<f8", shape_of(values.size() / columns, columns),
                  raw(std::vector<double>(values.begin(), values.end())));
}

inline std::string in_fortran_order(const std::vector<float> &values, std::size_t columns) {
    std::vector<float> turned;
    for (std::size_t j = 0; j < columns; ++j) {
        for (std::size_t i = j; i < values.size(); i += columns) turned.push_back(values[i]);
    }
    return npy_of("<f4", shape_of(values.size() / columns, columns), raw(turned), true);
}

/// Runs `lipt select` on the arrays of one directory, and looks at what it leaves there.
struct array_fixture {
    temporary_directory folder;

    std::string at(const std::string &name) const { return (folder / name).string(); }

    /// `select`, with the files of this directory for what `more` does not give.
    std::vector<std::string> arguments(const std::vector<std::string> &more = {}) const {
        std::vector<std::string> all{"select"};
        for (const std::string name : {"labels", "logits", "embeddings", "out"}) {
            if (std::find(more.begin(), more.end(), "--" + name) != more.end()) continue;
            all.push_back("--" + name);
            all.push_back(at(name == "out" ? "subset.npy" : name + ".npy"));
        }
        return all + std::vector<std::string>{"--threads", "1"} + more;
    }
    outcome select(const std::vector<std::string> &more = {}) const {
        return run_lipt(folder, arguments(more));
    }
    /// Runs it, which must succeed, and returns the bytes of the subset.
    std::string subset(const std::vector<std::string> &more = {}) const {
        const auto ended = select(more);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        BOOST_TEST(!std::filesystem::exists(folder / "subset.npy.state"));
        return content_of(folder / "subset.npy");
    }
    std::vector<std::int64_t> indices() const {
        return lipt::adapters::read_npy<std::int64_t>(folder / "subset.npy").values;
    }
    nlohmann::json report() const { return nlohmann::json::parse(content_of(folder / "subset.json")); }

    /// One line of error with this status, id and words, and no output.
    void check_refused(const std::vector<std::string> &more, int status, const std::string &id,
                       const std::vector<std::string> &words = {}) const {
        std::filesystem::remove(folder / "subset.npy");
        const auto ended = select(more);
        BOOST_TEST_CONTEXT(id << " in: " << ended.err) {
            BOOST_TEST(ended.status == status);
            BOOST_TEST(ended.err.find("[LIPT-" + id + "]") != std::string::npos);
            BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
            for (const auto &word : words) BOOST_TEST(ended.err.find(word) != std::string::npos, word);
            BOOST_TEST(!std::filesystem::exists(folder / "subset.npy"));
        }
        if (id[0] == 'F' && id != "F06") std::filesystem::remove(folder / "subset.npy.state");
    }
};

} // namespace lipt_test
