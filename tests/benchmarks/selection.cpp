// How long each selection method takes, and the memory of the whole process, on arrays in memory.
//
//   benchmark_selection --samples 50000 --classes 10 --width 64 --fraction 0.1 --threads 2
//
// The arrays are made up: embeddings (rectified normal around a centre a class) and logits that get most
// samples right. Each line is the fastest of --repeats runs: the time on the clock, and the processor time of
// all threads, which other work on the machine disturbs least. Then the operations that the method's formula
// counts (`lipt select --dry-run` has the same), how many of them it did a second, and what share that is of
// the rate of a large matrix product on the same backend, which is the first line. Run one method (--method
// NAME) to see its own peak memory. --csv prints one line a method for selection_growth.sh.
#include <lipt/adapters/arrays/cost.hpp>
#include <lipt/chosen.hpp>
#include <lipt/lipt.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using tensor_type = decltype(lipt::chosen::make_tensor({}));

struct arguments {
    std::size_t samples = 50000, classes = 10, width = 64, validation = 1000, threads = 2, repeats = 3;
    std::size_t memory_mib = 512;
    double fraction = 0.1;
    std::string method;
    bool unbalanced = false, csv = false, sparse = false;
};

struct outputs {
    lipt::host_matrix logits, embeddings;
    std::vector<std::int32_t> labels;
};

outputs make_outputs(const arguments &given, std::size_t count, std::uint32_t stream) {
    outputs out{.logits = lipt::host_matrix::from_shape({count, given.classes}),
                .embeddings = lipt::host_matrix::from_shape({count, given.width})};
    for (std::size_t i = 0; i < count; ++i) {
        lipt::rng draw({.seed = 1, .worker = stream, .sample = static_cast<std::uint32_t>(i)});
        const std::size_t label = draw.below(static_cast<std::uint32_t>(given.classes));
        out.labels.push_back(static_cast<std::int32_t>(label));
        for (std::size_t c = 0; c < given.classes; ++c)
            out.logits(i, c) = 1.5f * draw.normal() + (c == label ? 3.0f : 0.0f);
        for (std::size_t e = 0; e < given.width; ++e) {
            const float centre = e * given.classes / given.width == label ? 1.0f : 0.0f;
            out.embeddings(i, e) = std::max(0.0f, draw.normal() + centre);
        }
    }
    return out;
}

/// Seconds on the clock, and of all threads on processors.
struct duration {
    double wall, processor;
};

double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval &time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <class Work>
duration fastest(std::size_t repeats, Work &&work) {
    duration least{1e300, 1e300};
    for (std::size_t r = 0; r < repeats; ++r) {
        const auto start = std::chrono::steady_clock::now();
        const double before = processor_seconds();
        work();
        const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        least = {std::min(least.wall, wall), std::min(least.processor, processor_seconds() - before)};
    }
    return least;
}

double peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Operations that a method's formula counts over all pools, in units of 1e9: two for each number of a sweep.
double counted_gflop(const arguments &given, std::string_view method, std::span<const std::int32_t> labels,
                     std::span<const std::int32_t> held_out, const lipt::select_options &options) {
    const bool per_class = lipt::is_per_class(lipt::find_method(method), !given.unbalanced);
    const auto counts = [&](std::span<const std::int32_t> of) {
        std::vector<std::size_t> sizes(per_class ? given.classes : 1);
        for (const auto label : of) ++sizes[per_class ? static_cast<std::size_t>(label) : 0];
        return sizes;
    };
    const auto sizes = counts(labels), validation = counts(held_out);
    const auto quotas = lipt::selection_quotas(labels, given.classes, given.fraction, per_class);
    lipt::adapters::method_cost sum;
    for (std::size_t p = 0; p < sizes.size(); ++p) {
        const auto cost = lipt::adapters::cost_of(method,
                                                  {.samples = sizes[p],
                                                   .quota = quotas[p],
                                                   .classes = given.classes,
                                                   .width = given.width,
                                                   .validation = validation[p]},
                                                  options);
        if (cost) sum += *cost;
    }
    return 1e-9 * (sum.product_flops + 2 * sum.sweep_bytes / sizeof(float) + sum.scalar_flops);
}

void print_method(const arguments &given, std::string_view method, const duration &taken, double gflop,
                  double product_rate) {
    const double rate = gflop / taken.wall;
    if (given.csv) {
        fmt::print("{},{},{},{},{},{},{:.6f},{:.6f},{:.6g},{:.4g},{:.4g}\n", method, given.samples,
                   given.classes, given.width, given.fraction, given.threads, taken.wall, taken.processor,
                   gflop, rate, rate / product_rate);
        return;
    }
    fmt::print("{:<20} {:8.3f} s {:8.3f} s processor  {:8.3g} GFLOP {:6.3g} GFLOP/s {:5.1f} % of the product"
               "  peak {:.0f} MiB\n",
               method, taken.wall, taken.processor, gflop, rate, 100 * rate / product_rate, peak_mib());
}

/// GFLOP/s on the clock.
double measure_product_rate(const tensor_type &tensor, const arguments &given) {
    constexpr std::size_t size = 2048;
    const auto a = tensor.from_host(lipt::host_matrix({size, size}, 0.5f));
    auto out = tensor.make(size, size);
    const auto taken = fastest(given.repeats + 1, [&] { tensor.gemm(a, a, out, {}); });
    const double work = 2e-9 * size * size * size;
    if (given.csv) return work / taken.wall;
    fmt::print("{:<20} {:8.3f} s {:8.3f} s processor  {:.0f} GFLOP/s, {:.0f} a processor second\n",
               "2048^3 product", taken.wall, taken.processor, work / taken.wall, work / taken.processor);
    return work / taken.wall;
}

void run(const arguments &given) {
    const auto tensor = lipt::chosen::make_tensor({.threads = given.threads});
    const double product_rate = measure_product_rate(tensor, given);
    auto made = make_outputs(given, given.samples, 0), held_out = make_outputs(given, given.validation, 1);
    const auto gradients = lipt::make_gradients(tensor, tensor.from_host(made.logits),
                                                tensor.from_host(std::move(made.embeddings)), made.labels);
    const lipt::validation_set<tensor_type> validation{.logits = tensor.from_host(held_out.logits),
                                                       .embeddings = tensor.from_host(held_out.embeddings),
                                                       .labels = held_out.labels};
    const lipt::selection_problem<tensor_type> problem{.labels = made.labels,
                                                       .classes = given.classes,
                                                       .fraction = given.fraction,
                                                       .balanced = !given.unbalanced,
                                                       .gradients = lipt::from_memory(tensor, gradients),
                                                       .validation = &validation};
    lipt::select_options options{.memory = given.memory_mib << 20};
    if (given.sparse) options.submodular.storage = lipt::similarity_storage::sparse;
    for (const auto &info : lipt::all_methods::infos) {
        if (!given.method.empty() && info.name != given.method) continue;
        const auto taken = fastest(given.repeats, [&] { lipt::select(tensor, info.name, problem, options); });
        print_method(given, info.name, taken,
                     counted_gflop(given, info.name, made.labels, held_out.labels, options), product_rate);
    }
}

} // namespace

int main(int count, char **values) {
    arguments given;
    CLI::App program("Times every selection method on arrays in memory");
    program.add_option("--samples", given.samples, "N")->capture_default_str();
    program.add_option("--classes", given.classes, "C")->capture_default_str();
    program.add_option("--width", given.width, "E, width of the embeddings")->capture_default_str();
    program.add_option("--validation", given.validation, "validation samples")->capture_default_str();
    program.add_option("--fraction", given.fraction, "share to keep")->capture_default_str();
    program.add_option("--threads", given.threads, "threads of the tensor backend")->capture_default_str();
    program.add_option("--repeats", given.repeats, "runs, of which the fastest counts")
        ->capture_default_str();
    program.add_option("--memory", given.memory_mib, "MiB for similarities")->capture_default_str();
    program.add_option("--method", given.method, "one method instead of all");
    program.add_flag("--sparse", given.sparse, "nearest similarities alone where all do not fit");
    program.add_flag("--csv", given.csv,
                     "method,N,C,E,fraction,threads,wall s,processor s,GFLOP,GFLOP/s,share of the product");
    program.add_flag("--unbalanced", given.unbalanced, "one pool instead of one a class");
    CLI11_PARSE(program, count, values);
    run(given);
}
