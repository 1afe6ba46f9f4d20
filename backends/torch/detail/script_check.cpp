#include "script_check.hpp"

#include "script_module.hpp"

#include <lipt/error.hpp>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lipt::torch::detail {
namespace {

using ::torch::jit::Module;

/// A batch-norm that averages all batches alike forgets nothing, and observation has no share in it.
void check_momentum_of_norms(const Module &root) {
    for (const auto &each : root.named_modules()) {
        if (!each.value.hasattr("running_mean") || !each.value.hasattr("momentum")) continue;
        require(each.value.attr("momentum").isDouble(), "L09", "torch: ", each.name,
                " has no momentum (None): build the module with a number there");
    }
}

/// For its lifetime LibTorch's generator draws from a seed; then it goes on as if nothing had been.
class drawn_from {
  public:
    explicit drawn_from(std::uint64_t seed) {
        const std::lock_guard lock(generator_.mutex());
        generator_.set_current_seed(seed);
    }
    ~drawn_from() {
        const std::lock_guard lock(generator_.mutex());
        generator_.set_state(before_);
    }
    drawn_from(const drawn_from &) = delete;
    drawn_from &operator=(const drawn_from &) = delete;

  private:
    static at::Tensor state_of(at::Generator &generator) {
        const std::lock_guard lock(generator.mutex());
        return generator.get_state();
    }
    at::Generator generator_ = at::detail::getDefaultCPUGenerator();
    at::Tensor before_ = state_of(generator_);
};

/// Whether two results agree but for rounding.
bool alike(const at::Tensor &a, const at::Tensor &b) {
    return at::allclose(a, b, 1e-3, 1e-3, /*equal_nan=*/true);
}

class module_check {
  public:
    module_check(Module &module, const network_spec &spec, std::span<const named_tensor> tensors)
        : module_(module), spec_(spec), tensors_(tensors), statistics_(statistics_of(tensors)) {}

    void run() {
        const drawn_from seed(1);
        images_ = at::randn({4, signed_size(spec_.image.channels), signed_size(spec_.image.height),
                             signed_size(spec_.image.width)});
        check_evaluation(); // with the weights of the file, then with others: a factor may be one by chance
        auto weights = initial_weights(spec_, 1);
        load_weights(tensors_, at::from_blob(weights.data(), {signed_size(weights.size())}, at::kFloat));
        for (const auto &one : tensors_) {
            if (one.trained) one.values.detach().add_(at::randn(one.values.sizes()), 0.1);
        }
        check_evaluation();
        check_training();
    }

  private:
    static module_statistics statistics_of(std::span<const named_tensor> tensors) {
        std::vector<at::Tensor> statistics;
        for (const auto &one : tensors) {
            if (!one.trained) statistics.push_back(one.values);
        }
        return module_statistics(std::move(statistics));
    }
    void check_evaluation() {
        const auto before = statistics_.copies();
        module_.eval();
        const auto own = output_of(module_, spec_, images_, spec_.classes);
        require(
            alike(own, outputs_of(module_, spec_, images_).logits), "L12", "torch: '", spec_.module,
            "' gives something else than its last layer, '", head_of(spec_),
            "': end forward with that layer, with nothing after it (no softmax, no factor) and its weights "
            "used nowhere else, or name another one (--head)");
        const auto alone = output_of(module_, spec_, images_.narrow(0, 0, 1), spec_.classes);
        bool still = alike(own.narrow(0, 0, 1), alone);
        for (std::size_t i = 0; i < before.size(); ++i)
            still = still && at::equal(before[i], statistics_.values()[i]);
        require(still, "L12", "torch: in evaluation '", spec_.module,
                "' gives an image something else among others than alone, or moves its statistics: save it "
                "with torch.jit.script, not traced in training, with batch-norm that tracks statistics and "
                "dropout that evaluation turns off");
    }

    void check_training() {
        module_.train(true);
        constexpr std::uint64_t seeds = 4;
        std::vector<std::pair<double, double>> first;
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
            const auto shares = statistics_.kept_shares([&] {
                const drawn_from alike_each_time(seed);
                output_of(module_, spec_, images_, spec_.classes);
            });
            if (first.empty()) first = shares;
            for (std::size_t i = 0; i < shares.size(); ++i) check_share(i, shares[i], first[i].first);
        }
    }
    void check_share(std::size_t statistic, const std::pair<double, double> &share, double first) const {
        constexpr double rounding = 1e-3;
        const auto &name = name_of(statistic);
        require(share.second < 1 - rounding, "L12", "torch: training leaves '", name, "' of '", spec_.module,
                "' as it is: save the module with torch.jit.script, not traced or frozen in evaluation, and "
                "without a batch-norm that forward does not use");
        require(share.first - share.second < rounding && std::abs(share.first - first) < rounding, "L12",
                "torch: how far training moves '", name, "' of '", spec_.module,
                "' differs from pass to pass: write a module whose batch-norms run alike in each");
    }
    const std::string &name_of(std::size_t statistic) const {
        std::size_t i = 0;
        for (const auto &one : tensors_) {
            if (!one.trained && i++ == statistic) return one.name;
        }
        return spec_.module;
    }

    Module &module_;
    const network_spec &spec_;
    std::span<const named_tensor> tensors_;
    module_statistics statistics_;
    at::Tensor images_;
};

} // namespace

void check_module(Module &module, const network_spec &spec, std::span<const named_tensor> tensors) {
    check_momentum_of_norms(module);
    module_check(module, spec, tensors).run();
}

} // namespace lipt::torch::detail
