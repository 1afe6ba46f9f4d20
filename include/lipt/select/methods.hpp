// All methods by name: what a command line, a settings file and a table of methods are made from.
#pragma once

#include <lipt/select/boundary.hpp>
#include <lipt/select/contextual_diversity.hpp>
#include <lipt/select/craig.hpp>
#include <lipt/select/facility_location.hpp>
#include <lipt/select/gist.hpp>
#include <lipt/select/glister.hpp>
#include <lipt/select/gradmatch.hpp>
#include <lipt/select/gradmatch_batch.hpp>
#include <lipt/select/graph_cut.hpp>
#include <lipt/select/herding.hpp>
#include <lipt/select/k_center.hpp>
#include <lipt/select/log_determinant.hpp>
#include <lipt/select/moderate.hpp>
#include <lipt/select/pools.hpp>
#include <lipt/select/prototype.hpp>
#include <lipt/select/random.hpp>
#include <lipt/select/score.hpp>
#include <lipt/select/semdedup.hpp>
#include <lipt/select/uncertainty.hpp>
#include <lipt/select/zcore.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

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
        static_cast<void>(
            ((Method::info.name == name && (result = select_with<Method>(tensor, problem, options), true)) ||
             ...));
        return result;
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
};

/// Every method of the library.
using all_methods =
    method_list<methods::random, methods::stratified, methods::rs2, methods::grand, methods::el2n,
                methods::entropy, methods::margin, methods::least_confidence, methods::glister,
                methods::gradmatch, methods::gradmatch_batch, methods::craig, methods::facility_location,
                methods::graph_cut, methods::log_determinant, methods::k_center, methods::herding,
                methods::moderate, methods::contextual_diversity, methods::cal, methods::deepfool,
                methods::gist, methods::zcore, methods::prototype, methods::semdedup>;

/// What is known of a method: its needs, and what it gives. errors: C01 unknown name (lists the names)
inline const method_info &find_method(std::string_view name) { return all_methods::find(name); }

} // namespace lipt
