// Selection on anybody's arrays, chosen at run time: one call without a template, compiled once.
#pragma once

#include <lipt/adapters/arrays/array_view.hpp>
#include <lipt/select/options.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::arrays {

struct select_result;

/// What to select from, and how. Arrays are of the same samples in the same order; those that the method does
/// not look at are not read. shapes: labels (N), logits (N,C), residuals (N,R), embeddings (N,E), scores (N),
/// the validation arrays as these, last_layer (C,E)
struct select_request {
    std::string method =
        "gradmatch";      ///< a scorer's sampler after a slash, its setting after a colon: "el2n/ccs:0.6"
    array_input labels{}; ///< whole numbers from 0; not given: all samples are candidates of one pool
    array_input logits{}, embeddings{};
    array_input
        residuals{}; ///< the loss's derivative by the network's outputs, in place of logits: other losses
    array_input scores{}; ///< a rating, higher is kept first, in place of the method's own
    array_input validation_labels{}, validation_logits{}, validation_embeddings{}; ///< for glister
    array_input last_layer{};                                                      ///< for deepfool
    double fraction = 0.1;              ///< of the samples to keep, above 0 and at most 1
    std::optional<std::size_t> count{}; ///< samples to keep, in place of a fraction
    bool balanced = true;               ///< class by class, each its share; or one pool of all
    bool at_least_one = false;          ///< of every class that has samples
    bool raw_weights = false;           ///< on the method's own scale; otherwise of mean 1
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;  ///< for rs2, which draws anew each epoch
    select_options options{}; ///< of methods and samplers; its seed, epoch and memory are those here
    std::size_t memory = std::size_t{512} << 20; ///< bytes of similarities that a method may keep
    std::size_t threads = 0;                     ///< 0: as many as this process may use
    std::string device = "cpu";                  ///< with the torch backend also cuda or cuda:1

    std::filesystem::path state{}; ///< where pools that are done are kept until all are; empty: nowhere
    std::function<void(std::size_t done, std::size_t pools)> progress{};
    /// Called between the steps of a long computation, many times a second, by the thread that selects; what
    /// it throws ends the selection. The draws of zcore are one step.
    std::function<void()> between_steps{};
    std::function<void(const std::string &)> say{}; ///< what a person should hear meanwhile
    /// Called with the result before the state is deleted: the place to write it.
    std::function<void(const select_result &)> finished{};
};

/// The samples chosen, in class order and then in the order of picking. shapes: indices (k), weights (k) or
/// empty, scores (N) or empty
struct select_result {
    std::vector<std::int64_t> indices{};
    std::vector<float> weights{};       ///< for the loss, of mean 1; empty where the method gives none
    std::vector<float> scores{};        ///< higher is better; NaN where a sample was not rated
    std::vector<std::int32_t> labels{}; ///< as they were read (N), or empty
    std::size_t samples = 0, classes = 0;
    bool exact = true;                  ///< the method keeps exactly the budget; otherwise at most that
    std::string similarities{};         ///< "kept", "recomputed", ..., "none"
    std::vector<std::string> notices{}; ///< what is right but perhaps not what was expected
    std::string report{};               ///< how it was made, as JSON: one line a key
};

/// Selects; goes on where a call with the same state, arrays and options was stopped. The same picks for any
/// number of threads. errors: U23 no validation, U26 arrays that the method needs, U30 a fraction or count
/// that keeps nothing or cannot be, U33 more memory than there is, U49 options that nothing reads; C30 arrays
/// that do not fit each other, C31 validation that does not fit, C32 a class without validation, C43 nearest
/// similarities that do not fit the memory, C44 a score that is not finite or that float32 cannot hold; C-ids
/// of select, F-ids of files. cost: the method's, and float32 rows of one pool
select_result select(const select_request &request);

/// What a selection will take, before it is paid for.
struct select_estimate {
    std::string method{};
    bool exact = true;
    std::size_t kept = 0, samples = 0, classes = 0;
    std::size_t largest = 0;    ///< samples of the largest pool
    std::string similarities{}; ///< as in select_result; "unknown"
    bool known = false;         ///< whether the method's cost is
    double bytes = 0;         ///< at the peak, of the whole process; without the method's own where not known
    double machine_bytes = 0; ///< that this machine has
    std::size_t threads = 0;
    bool reads = true; ///< whether any array is looked at; without, the times are 0
    double seconds = 0;
    double read_bytes = 0, read_rate = 0;       ///< bytes, and bytes a second here
    double product_flops = 0, product_rate = 0; ///< of matrix products
    double sweep_bytes = 0, sweep_rate = 0;     ///< of products of a matrix and a vector
};

/// From shapes alone, but for the rates of this machine, which are measured for about a second. errors: as
/// select, but for U33 and what only reading finds
select_estimate estimate(const select_request &request);

/// What is known of a method: for tables.
struct method_summary {
    std::string_view name{}, summary{};
    std::string
        needs{}; ///< "labels, logits, embeddings": what it looks at with its options as they are by default
    std::string options{}; ///< those it reads, by name with spaces between
    bool weights = false, scorer = false, exact = true, chance = false;
    bool utility = false; ///< scores given are a part of what it maximises
};

/// Every method, in the order of the tables.
std::vector<method_summary> list_methods();

/// One option of a method or sampler: for help, keyword arguments and tables.
struct option_summary {
    std::string name{}, range{}, read_by{}, help{};
    std::string initial{};            ///< its default as text
    std::vector<std::string> words{}; ///< of a choice
    char kind = 'n';                  ///< n a whole number, x a real one, w a word
};

/// Every option, in the order of help.
std::vector<option_summary> list_options();

/// Sets one by its name and a value as text. errors: U03 no such option (names the nearest), or a value that
/// it cannot take
void set_option(select_options &options, const std::string &name, const std::string &value);

/// Sets a setting or an option of a request by its name with hyphens: "fraction", "balanced",
/// "gradmatch-ridge"; memory is in MiB. errors: as set_option
void set_setting(select_request &request, const std::string &name, const std::string &value);

/// An array of a request by its name with hyphens: "labels", "validation-logits". errors: U03 no such array
array_input &array_of(select_request &request, const std::string &name);

} // namespace lipt::arrays
