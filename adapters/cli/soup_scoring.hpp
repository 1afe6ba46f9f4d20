// How good a merged model is: a network that LiPT runs, scored on held-out samples as the merge of a run
// does.
#pragma once

#include <lipt/adapters/arrays/named_tensors.hpp>
#include <lipt/adapters/cli/settings.hpp>

#include <memory>
#include <span>
#include <vector>

namespace lipt::adapters {

/// Scores models of the settings' network. Their batch-norm statistics are made anew for each, from samples
/// that are not held out.
class soup_scorer {
  public:
    /// errors: as open_dataset, describe_network, make_context and the backend
    explicit soup_scorer(const run_settings &settings);
    soup_scorer(const soup_scorer &) = delete;
    soup_scorer &operator=(const soup_scorer &) = delete;
    ~soup_scorer();

    /// The accuracy on the held-out samples. errors: U52 tensors that are not those of the network
    double score(std::span<const arrays::kept_tensor> model);
    /// Gives a model the statistics with which it was scored. errors: U52
    void renew_statistics(std::vector<arrays::kept_tensor> &model);
    /// Samples that a score is a share of.
    std::size_t held_out() const;

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace lipt::adapters
