// A run may work on a part of a data set: its own numbers of samples, from 0, and those that they have in the
// whole set, which all files that people and other programs read have.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lipt::adapters {

/// The numbers in the data set of the samples that a run works on.
class sample_numbers {
  public:
    /// All of the set: every sample has its own number.
    sample_numbers() = default;
    /// Some of a set of `all` samples. shapes: numbers (n), ascending.
    /// errors: R06 not ascending, or not below `all`
    sample_numbers(std::vector<std::int64_t> numbers, std::size_t all);

    bool is_whole() const noexcept { return numbers_.empty(); }
    std::span<const std::int64_t> numbers() const noexcept { return numbers_; }

    /// In the data set, of samples of the run.
    std::vector<std::int64_t> of_set(std::span<const std::int64_t> samples) const;
    /// In the run, of samples of the data set; `file` is where they stand.
    /// errors: R06 one that the run does not work on
    std::vector<std::int64_t> of_run(std::span<const std::int64_t> numbers,
                                     const std::filesystem::path &file) const;
    /// A value a sample of the run as a value a sample of the data set, NaN for the others; no values stay
    /// none.
    std::vector<float> spread(std::span<const float> values) const;
    /// The other way round; more or fewer values than the data set has samples stay as they are.
    template <class Value>
    std::vector<Value> gathered(std::vector<Value> values) const {
        if (is_whole() || values.size() != all_) return values;
        for (std::size_t i = 0; i < numbers_.size(); ++i)
            values[i] = values[static_cast<std::size_t>(numbers_[i])]; // ascending: it was not taken yet
        values.resize(numbers_.size());
        return values;
    }

    friend bool operator==(const sample_numbers &, const sample_numbers &) = default;

  private:
    std::vector<std::int64_t> numbers_;
    std::size_t all_ = 0;
};

/// Files of a data set that could not be read, by their names in it.
struct left_out_files {
    std::vector<std::string> train{}, test{};
};

/// What a run directory keeps of them: sample_numbers.npy beside its config; all samples where there is none.
/// errors: R06 damaged, F-ids of npy_file
sample_numbers read_sample_numbers(const std::filesystem::path &run, const nlohmann::json &config);

/// That the indices of a run directory with this config are those of its whole data set.
/// errors: R13 they count within a part of it, which the version that made it did not keep
void require_set_numbers(const std::filesystem::path &run, const nlohmann::json &config);

} // namespace lipt::adapters
