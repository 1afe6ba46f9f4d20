// A data set as a run sees it.
#pragma once

#include <lipt/adapters/cli/settings.hpp>
#include <lipt/adapters/data/dataset.hpp>
#include <lipt/adapters/store/sample_numbers.hpp>
#include <lipt/lipt.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <string>

namespace lipt::adapters {

/// Refuses settings of images that do not go together, before anything is opened.
/// errors: U36 an image folder without a directory, U37 settings of an image folder for another set, a size
void check_data(const run_settings &settings);

/// All of a data set, or a stratified part of its training set, as the settings say.
class run_data {
  public:
    /// `notice` is told of images that are left out.
    /// errors: as open_dataset; U20 a part larger than the set
    run_data(const run_settings &settings, std::function<void(const std::string &)> notice);

    image_set train() const { return part_.view().size() == 0 ? set_.train.view() : part_.view(); }
    image_set test() const { return set_.test.view(); }
    /// Which of the data set's samples train() has.
    const sample_numbers &samples() const noexcept { return samples_; }
    /// What could not be read.
    left_out_files left_out() const { return {set_.train.left_out, set_.test.left_out}; }
    /// What a network for these images is made for.
    network_options input() const;
    /// As config.json keeps it.
    nlohmann::json description() const;

  private:
    dataset set_;
    image_part part_;
    sample_numbers samples_;
};

} // namespace lipt::adapters
