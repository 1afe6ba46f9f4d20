// All methods by name: what a command line, a settings file and a table of methods are made from.
#pragma once

#include <lipt/select/facility_location.hpp>
#include <lipt/select/glister.hpp>
#include <lipt/select/gradmatch.hpp>
#include <lipt/select/pools.hpp>
#include <lipt/select/random.hpp>
#include <lipt/select/score.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lipt {

/// A list of methods, each a struct that models lipt::selector for every tensor backend.
template <class... Method>
struct method_list {
    static constexpr std::array<method_info, sizeof...(Method)> infos{Method::info...};

    /// Selects with the method of that name. errors: C01 unknown name, and as select_with
    template <tensor_backend Tensor>
    static selection select(const Tensor &tensor, std::string_view name,
                            const selection_problem<Tensor> &problem, const select_options &options) {
        find(name);
        selection result;
        ((Method::info.name == name && (result = select_with<Method>(tensor, problem, options), true)) ||
         ...);
        return result;
    }

    /// Adds a scorer's rating of every sample to `sums`. errors: C01 unknown name, C09 no scorer, C10 other
    /// length
    template <tensor_backend Tensor>
    static void add_scores(const Tensor &tensor, std::string_view name,
                           const last_layer_gradients<Tensor> &gradients, std::vector<float> &sums) {
        require(find(name).scorer, "C09", "scores: ", name,
                " does not rate samples one by one: use grand or el2n");
        std::vector<float> scores;
        (rate<Method>(tensor, name, gradients, scores), ...);
        if (sums.empty()) sums.resize(scores.size());
        require(sums.size() == scores.size(), "C10", "scores: ", scores.size(), " values, expected ",
                sums.size(), " as the models before gave");
        for (std::size_t i = 0; i < scores.size(); ++i) sums[i] += scores[i];
    }

    /// What is known of the method of that name. errors: C01 unknown name (lists the names)
    static const method_info &find(std::string_view name) {
        std::string names;
        for (const auto &info : infos) {
            if (info.name == name) return info;
            names += text(names.empty() ? "" : ", ", info.name);
        }
        fail("C01", "select: unknown method '", name, "', expected one of: ", names);
    }

  private:
    template <class Candidate, tensor_backend Tensor>
    static void rate(const Tensor &tensor, std::string_view name,
                     const last_layer_gradients<Tensor> &gradients, std::vector<float> &scores) {
        if constexpr (Candidate::info.scorer) {
            if (Candidate::info.name == name) scores = Candidate::rate(tensor, gradients);
        }
    }
};

/// Every method of the library.
using all_methods =
    method_list<methods::random, methods::stratified, methods::rs2, methods::grand, methods::el2n,
                methods::glister, methods::gradmatch, methods::facility_location>;

/// What is known of a method: its needs, and what it gives. errors: C01 unknown name (lists the names)
inline const method_info &method_named(std::string_view name) { return all_methods::find(name); }

/// Selects with the method of that name.
/// errors: C01 unknown name, C02 to C08 what the problem lacks, D04 fraction outside (0,1], and the method's
/// own
template <tensor_backend Tensor>
selection select(const Tensor &tensor, std::string_view method, const selection_problem<Tensor> &problem,
                 const select_options &options = {}) {
    return all_methods::select(tensor, method, problem, options);
}

/// Adds one model's scores to those of the models before, for selection_problem::scores: the conventional
/// GraNd ranks by ten models together. The sum ranks as the mean does. shapes: sums (N), or empty before the
/// first. errors: C01, C09 not a scorer, C10 another number of samples
template <tensor_backend Tensor>
void add_scores(const Tensor &tensor, std::string_view method, const last_layer_gradients<Tensor> &gradients,
                std::vector<float> &sums) {
    all_methods::add_scores(tensor, method, gradients, sums);
}

} // namespace lipt
