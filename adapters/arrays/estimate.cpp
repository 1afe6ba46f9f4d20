#include <lipt/adapters/arrays/estimate.hpp>
#include <lipt/gradients.hpp>
#include <lipt/host_kernels.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>

namespace lipt::arrays {
namespace {

/// Calls a second of `work`, the first call not counted.
template <class Work>
double calls_per_second(double seconds, Work &&work) {
    using clock = std::chrono::steady_clock;
    work();
    const auto start = clock::now();
    double elapsed = 0;
    std::size_t calls = 0;
    for (; elapsed < seconds; ++calls) {
        work();
        elapsed = std::chrono::duration<double>(clock::now() - start).count();
    }
    return static_cast<double>(calls) / elapsed;
}

/// Bytes resident now: the program, its libraries and what it has read.
double resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// The most that were resident so far: an array in Fortran order is turned in memory before it is known
/// whether it is needed.
double peak_bytes() {
    std::ifstream file("/proc/self/status"); // getrusage's is also of the program that started this one
    for (std::string word; file >> word;) {
        if (double kib = 0; word == "VmHWM:" && file >> kib) return 1024 * kib;
    }
    return 0;
}

/// Rows of the largest pool, of the class with the most samples or of all: as many as are more than the
/// caches hold, since a rate from them would be that of small pools alone.
std::vector<std::int64_t> rows_to_measure(const sample_outputs &outputs, std::size_t largest) {
    constexpr std::size_t beyond_caches = std::size_t{96} << 20;
    const std::size_t row = sizeof(float) * (outputs.columns() + outputs.width());
    const std::size_t most = std::max<std::size_t>(2048, beyond_caches / row);
    std::vector<std::int64_t> rows;
    if (outputs.labelled()) {
        auto members = index_by_class(outputs.labels, outputs.classes());
        const auto larger = [](const auto &a, const auto &b) { return a.size() < b.size(); };
        rows = std::move(*std::max_element(members.begin(), members.end(), larger));
    }
    if (largest > rows.size()) {
        rows.resize(std::min(most, largest));
        std::iota(rows.begin(), rows.end(), std::int64_t{0});
    }
    rows.resize(std::min(rows.size(), most));
    return rows;
}

} // namespace

selection_estimate estimate_selection(std::string_view method, std::span<const pool_shape> pools,
                                      const sample_outputs &outputs, const select_options &options) {
    selection_estimate estimate{.known = true};
    std::size_t quota = 0;
    for (const auto &pool : pools) {
        if (pool.quota == 0) continue;
        quota += pool.quota;
        estimate.largest = std::max(estimate.largest, pool.samples);
        estimate.rows += pool.samples;
        const auto cost = cost_of(method, pool, options);
        estimate.known = estimate.known && cost.has_value();
        if (!cost) continue;
        estimate.work += *cost;
        estimate.kept += cost->kept == similarities::kept;
        estimate.recomputed += cost->kept == similarities::recomputed;
        estimate.sparse += cost->kept == similarities::sparse;
    }
    const auto number = [](std::size_t value) { return static_cast<double>(value); };
    const bool residuals = outputs.logits || outputs.residuals;
    const double logits = residuals ? 4 * number(estimate.largest) * number(outputs.columns()) : 0;
    const double embeddings = 4 * number(estimate.largest) * number(outputs.width());
    const double gradients = logits + embeddings;
    // While a pool is read there are two copies of one of its matrices, afterwards what the method makes.
    const double pool = std::max({2 * logits, gradients + embeddings, gradients + estimate.work.bytes});
    // Of the files, some pages stay mapped until they are given back.
    const double mapped = std::min(number(estimate.rows) * number(outputs.row_bytes()),
                                   4e8 + number(estimate.largest) * (number(outputs.row_bytes()) + 131072));
    // Members, scores twice (in the state and in the result), the picks.
    const double lists = 16 * number(outputs.samples) + 24 * number(quota);
    estimate.bytes = std::max(peak_bytes(), resident_bytes() + pool + mapped + lists);
    return estimate;
}

machine_rates measure_rates(const chosen_tensor &tensor, const sample_outputs &outputs, std::size_t largest) {
    const auto rows = rows_to_measure(outputs, largest);
    const auto source = gradients_of(tensor, outputs, method_info{});
    auto gradients = source(rows);
    const double count = static_cast<double>(rows.size());
    const double classes = static_cast<double>(outputs.columns()),
                 width = static_cast<double>(outputs.width());
    machine_rates rates;
    rates.rows = count * calls_per_second(0.4, [&] {
                     gradients = source(rows);
                     norms(tensor, gradients);
                 });
    if (outputs.embeddings) {
        const auto direction = tensor.make(outputs.columns(), outputs.width());
        auto out = tensor.make(0, 0);
        rates.product_flops = 2 * count * classes * width * calls_per_second(0.2, [&] {
                                  tensor.gemm(gradients.embedding, direction, out, {.transpose_b = true});
                              });
    }
    const auto first = gather(tensor, gradients, std::vector<std::int64_t>{0});
    rates.sweep_bytes = 4 * count * (classes + width) *
                        calls_per_second(0.2, [&] { inner_products(tensor, first, gradients); });
    const std::vector<float> values(4096, 0.5f);
    double sum = 0;
    rates.scalar_flops = 2 * 4096 * calls_per_second(0.05, [&] {
                             sum += host_kernels::exact_dot(values.data(), values.data(), values.size());
                         });
    // A sum that nobody could ask for would not be computed.
    return sum > 0 ? rates : machine_rates{};
}

double seconds_of(const selection_estimate &estimate, const machine_rates &rates) {
    const auto time = [](double work, double rate) { return work > 0 ? work / rate : 0; };
    const auto &work = estimate.work;
    return time(static_cast<double>(estimate.rows), rates.rows) +
           time(work.product_flops, rates.product_flops) + time(work.sweep_bytes, rates.sweep_bytes) +
           time(work.scalar_flops, rates.scalar_flops);
}

} // namespace lipt::arrays
