// What the methods may be told: one struct a method or a family, each with the default that its source gives.
#pragma once

#include <lipt/describe.hpp>
#include <lipt/error.hpp>
#include <lipt/select/embedding_options.hpp>
#include <lipt/select/sampler_options.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace lipt {

struct pool_picks;

/// What similarities and distances between samples are taken of.
enum class similarity_space : std::uint8_t {
    gradients,  ///< last-layer gradients
    embeddings, ///< penultimate activations
};

/// How a set function is maximised.
enum class greedy_kind : std::uint8_t {
    naive,      ///< every gain anew at every step
    lazy,       ///< only gains that could still win: the same picks, sooner. source: [Minoux1978]
    stochastic, ///< the best of a few drawn at random at every step. source: [Mirzasoleiman2015]
};

/// What is done with the similarities of a pool that do not all fit select_options::memory.
enum class similarity_storage : std::uint8_t {
    recomputed, ///< computed again whenever they are needed: more time, the same picks but for ties, since a
                ///< product of other rows may round otherwise
    sparse,     ///< each sample's nearest alone are kept: other picks, less time
};

/// Of every method that maximises a set function greedily: craig, facility-location, graph-cut,
/// log-determinant.
struct submodular_options {
    greedy_kind greedy = greedy_kind::lazy;
    similarity_space space = similarity_space::gradients;
    /// Of craig, facility-location and graph-cut.
    similarity_storage storage = similarity_storage::recomputed;
    std::size_t neighbours = 64; ///< sparse: similarities kept of each sample; the others count as nothing
    double epsilon = 0.01; ///< stochastic: expected loss against (1 - 1/e); n/k log(1/epsilon) drawn a step
};

/// source: [Iyer2021]
struct graph_cut_options {
    float lambda = 1.0f; ///< how much similarity to all counts against similarity among the picks
};

/// source: [Chen2018] Section 3
struct log_determinant_options {
    double ridge = 1e-6; ///< added to the diagonal of the similarities
};

/// Which weights a matching pursuit ends with.
enum class pursuit_weights : std::uint8_t {
    nonnegative, ///< least squares with x >= 0; some may be 0
    ridge,       ///< as in every step of the pursuit; some may be negative
};

/// Gradient matching. source: [Killamsetty2021a] Algorithm 2
struct gradmatch_options {
    double ridge = 1.0;      ///< added to the diagonal of the picks' Gram matrix
    std::size_t batch = 128; ///< samples of a candidate of gradmatch-batch
    pursuit_weights weights = pursuit_weights::nonnegative;
};

/// Bilevel greedy. source: [Killamsetty2021b] Algorithm 2
struct glister_options {
    float learning_rate = 0.1f; ///< of the Taylor step that moves the validation logits
    std::size_t rounds = 15;    ///< between which the validation gradient is renewed
};

/// Contrastive boundary samples. source: [Margatina2021] Algorithm 1
struct cal_options {
    std::size_t neighbours = 10; ///< whose predictions a sample's own is held against
};

/// What the methods may be told; each reads its own part.
struct select_options {
    gradmatch_options gradmatch{};
    glister_options glister{};
    submodular_options submodular{};
    graph_cut_options graph_cut{};
    log_determinant_options log_determinant{};
    cal_options cal{};
    gist_options gist{};
    zcore_options zcore{};
    prototype_options prototype{};
    semdedup_options semdedup{};
    sampler_options sampler{};
    bool raw_weights = false; ///< leave weights as the method makes them; otherwise they have mean 1
    std::size_t memory = std::size_t{512} << 20; ///< bytes that a method may keep for similarities
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0; ///< for methods that choose again each epoch
    std::function<void(std::size_t done, std::size_t pools)> progress{}; ///< called after each pool
    /// Given each pool's picks as they are made, and asked for them before: true where it fills them in. A
    /// selection that was stopped goes on with those of the pools it had done.
    std::function<void(std::size_t pool, const pool_picks &picks)> remember{};
    std::function<bool(std::size_t pool, pool_picks &picks)> recall{};
};

/// Who reads the options of set functions.
inline constexpr std::string_view set_functions = "craig facility-location graph-cut log-determinant";
/// Those of them that may keep each sample's nearest similarities alone.
inline constexpr std::string_view coverage_functions = "craig facility-location graph-cut";

/// The options of GradMatch, one after the other: see option_about.
template <class Visit>
void describe(gradmatch_options &o, Visit &&visit) {
    constexpr std::string_view pursuits = "gradmatch gradmatch-batch";
    constexpr option_word<pursuit_weights> weights[] = {{"nonnegative", pursuit_weights::nonnegative},
                                                        {"ridge", pursuit_weights::ridge}};
    visit({"gradmatch-ridge", "above 0", pursuits, "ridge of GradMatch"}, o.ridge);
    visit({"gradmatch-batch", "at least 1", "gradmatch-batch", "samples of a candidate of gradmatch-batch"},
          o.batch);
    visit({"gradmatch-weights", "", pursuits, "how GradMatch weighs its picks in the end"}, o.weights,
          weights);
}

/// The options of Glister, one after the other: see option_about.
template <class Visit>
void describe(glister_options &o, Visit &&visit) {
    visit({"glister-learning-rate", "above 0", "glister", "step of Glister's validation update"},
          o.learning_rate);
    visit({"glister-rounds", "at least 1", "glister", "rounds of Glister"}, o.rounds);
}

/// The options of the set functions, one after the other: see option_about.
template <class Visit>
void describe(submodular_options &o, Visit &&visit) {
    constexpr option_word<greedy_kind> greedy[] = {
        {"naive", greedy_kind::naive}, {"lazy", greedy_kind::lazy}, {"stochastic", greedy_kind::stochastic}};
    constexpr option_word<similarity_space> spaces[] = {{"gradients", similarity_space::gradients},
                                                        {"embeddings", similarity_space::embeddings}};
    constexpr option_word<similarity_storage> storage[] = {{"recomputed", similarity_storage::recomputed},
                                                           {"sparse", similarity_storage::sparse}};
    visit({"greedy", "", set_functions,
           "how craig, facility-location, graph-cut and log-determinant are maximised"},
          o.greedy, greedy);
    visit({"greedy-epsilon", "between 0 and 1", set_functions, "expected loss of the stochastic greedy"},
          o.epsilon);
    visit({"similarity", "", set_functions, "what similarities are taken of"}, o.space, spaces);
    visit({"similarities", "", coverage_functions,
           "of craig, facility-location and graph-cut, where all of a pool's do not fit the memory: computed "
           "again, or each sample's nearest alone"},
          o.storage, storage);
    visit({"neighbours", "at least 1", coverage_functions, "similarities that sparse keeps of each sample"},
          o.neighbours);
}

/// The options of graph cut, one after the other: see option_about.
template <class Visit>
void describe(graph_cut_options &o, Visit &&visit) {
    visit({"graph-cut-lambda", "0 to 1,000,000", "graph-cut",
           "weight of similarity to all against that among the picks"},
          o.lambda);
}

/// The options of the log-determinant, one after the other: see option_about.
template <class Visit>
void describe(log_determinant_options &o, Visit &&visit) {
    visit(
        {"log-determinant-ridge", "above 0", "log-determinant", "added to the diagonal of the similarities"},
        o.ridge);
}

/// The options of CAL, one after the other: see option_about.
template <class Visit>
void describe(cal_options &o, Visit &&visit) {
    visit({"cal-neighbours", "at least 1", "cal",
           "neighbours whose predictions a sample of CAL is held against"},
          o.neighbours);
}

/// Every option of a method or a sampler, in the order of help and tables.
template <class Visit>
void describe(select_options &o, Visit &&visit) {
    describe(o.gradmatch, visit);
    describe(o.glister, visit);
    describe(o.submodular, visit);
    describe(o.graph_cut, visit);
    describe(o.log_determinant, visit);
    describe(o.cal, visit);
    describe(o.gist, visit);
    describe(o.zcore, visit);
    describe(o.prototype, visit);
    describe(o.semdedup, visit);
    describe(o.sampler, visit);
}

/// errors: C14
inline void check(const gradmatch_options &options) {
    require(options.ridge > 0 && options.batch > 0, "C14", "gradmatch: ridge is ", options.ridge,
            " and a batch ", options.batch, " samples, expected both above 0");
}

/// errors: C11
inline void check(const glister_options &options) {
    require(options.rounds > 0 && options.learning_rate > 0, "C11", "glister: ", options.rounds,
            " rounds and a learning rate of ", options.learning_rate, ", expected at least 1 and above 0");
}

/// errors: C15, C42
inline void check(const submodular_options &options) {
    const bool drawn = options.greedy == greedy_kind::stochastic;
    require(!drawn || (options.epsilon > 0 && options.epsilon < 1), "C15", "greedy: epsilon is ",
            options.epsilon, ", expected between 0 and 1");
    require(options.neighbours > 0, "C42", "similarities: 0 neighbours, expected at least 1");
}

/// errors: C41
inline void check(const graph_cut_options &options) {
    require(options.lambda >= 0 && options.lambda <= 1e6f, "C41", "graph-cut: lambda is ", options.lambda,
            ", expected 0 to 1,000,000");
}

/// errors: C16
inline void check(const log_determinant_options &options) {
    require(options.ridge > 0, "C16", "log-determinant: ridge is ", options.ridge, ", expected above 0");
}

/// errors: C18
inline void check(const cal_options &options) {
    require(options.neighbours > 0, "C18", "cal: 0 neighbours, expected at least 1");
}

/// All of them, whichever method will read them: what cannot be is refused before anything is paid for. Each
/// method checks its own as well, for those who call it by itself. errors: C11, C14 to C18, C41, C42, C45 to
/// C48
inline void check(const select_options &options) {
    check(options.gradmatch);
    check(options.glister);
    check(options.submodular);
    check(options.graph_cut);
    check(options.log_determinant);
    check(options.cal);
    check(options.gist);
    check(options.zcore);
    check(options.prototype);
    check(options.semdedup);
    check(options.sampler.ccs);
    check(options.sampler.d2);
    check(options.sampler.beta);
}

} // namespace lipt
