#include "training.hpp"

#include "detail/gpu_libraries.hpp"
#include "detail/interpreter.hpp"
#include "detail/losses.hpp"
#include "detail/memory.hpp"
#include "detail/moves.hpp"
#include "detail/optimiser.hpp"
#include "detail/parts.hpp"
#include "detail/script.hpp"
#include "detail/upload.hpp"
#include "device.hpp"
#include "threads.hpp"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <variant>

namespace lipt::torch {

using namespace detail;

namespace {

/// Channels last, but on a processor channels first where every convolution is wide: there oneDNN's own
/// blocks of channels gain more than bringing images into them and back costs.
at::MemoryFormat format_of(const network_spec &spec, const at::Device &device) {
    const bool wide = std::ranges::all_of(spec.layers, [](const layer &at) {
        return at.kind != layer_kind::convolution || at.out.channels >= 64;
    });
    return device.is_cpu() && wide ? at::MemoryFormat::Contiguous : at::MemoryFormat::ChannelsLast;
}

computation computation_of(const network_spec &spec, const backend_options &options) {
    computation how{.device = device_of(options.device)};
    how.format = format_of(spec, how.device);
    const bool processor = how.device.is_cpu();
    const bool no_tf32 = options.arithmetic != precision::tf32;
    require(!processor || (no_tf32 && options.arithmetic != precision::float16), "L06",
            "torch: ", no_tf32 ? "float16" : "tf32",
            " on a processor: use --precision float32 or bfloat16 there");
    if (options.arithmetic == precision::bfloat16) how.type = at::kBFloat16;
    if (options.arithmetic == precision::float16) how.type = at::kHalf;
    return how;
}

/// For its lifetime: this many threads, memory kept from the calls before, no graph, and on a GPU's libraries
/// the settings of the precision.
class quiet_call {
  public:
    quiet_call(std::size_t threads, kept_memory &memory, const at::Device &device, precision arithmetic)
        : memory_(memory), budget_(threads) {
        if (!device.is_cpu()) libraries_.emplace(arithmetic);
    }
    ~quiet_call() { memory_.tidy(); }
    quiet_call(const quiet_call &) = delete;
    quiet_call &operator=(const quiet_call &) = delete;

  private:
    kept_memory &memory_;
    memory_use use_{memory_};
    thread_budget budget_;
    std::optional<gpu_libraries> libraries_;
    c10::NoGradGuard no_graph_;
};

std::vector<float> to_host(const at::Tensor &flat) {
    const auto values = flat.cpu();
    return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

} // namespace

class pending_loss::implementation {
  public:
    std::shared_ptr<loss_block> block;
    std::int64_t index;
};

pending_loss::operator float() const { return self_->block->read(self_->index); }

/// The network, its optimiser, and the way of a batch to them.
class training::implementation {
  public:
    implementation(const network_spec &spec, const backend_options &options)
        : threads(options.threads), arithmetic(options.arithmetic), how(computation_of(spec, options)),
          upload(how.device), network(make_network(spec, how)), optimiser(spec, how.device),
          losses(how.device) {
        if (how.type == at::kHalf) scale.emplace(how.device);
    }

    const network_spec &spec() const {
        return std::visit([](const auto &own) -> const network_spec & { return own.spec(); }, network);
    }
    at::Tensor &weights() {
        return std::visit([](auto &own) -> at::Tensor & { return own.weights(); }, network);
    }
    at::Tensor &gradient() {
        return std::visit([](auto &own) -> at::Tensor & { return own.gradient(); }, network);
    }

    at::Tensor images(std::span<const std::uint8_t> pixels, std::size_t count) const {
        const auto &shape = spec().image;
        const auto size = [](std::size_t extent) { return static_cast<std::int64_t>(extent); };
        return upload(pixels, {size(count), size(shape.channels), size(shape.height), size(shape.width)});
    }
    at::Tensor moved_images(const batch_view &batch) const {
        const auto still = images(batch.pixels, batch.size());
        if (batch.moves.empty()) return still;
        const auto rows = rows_of(batch.moves);
        return move_images(still, upload(std::span(rows), {static_cast<std::int64_t>(batch.size()), 3}));
    }
    device_output evaluate(const at::Tensor &images) {
        return std::visit([&](auto &own) { return own.evaluate(images); }, network);
    }
    void observe(const at::Tensor &images, double share) {
        std::visit([&](auto &own) { own.observe(images, share); }, network);
    }

    /// The gradient of the mean weighted cross-entropy, and the loss itself on the device.
    at::Tensor differentiate(const batch_view &batch, double share) {
        const auto count = static_cast<std::int64_t>(batch.size());
        const device_batch there{.images = moved_images(batch),
                                 .labels = upload(batch.labels, {count, 1}).to(at::kLong),
                                 .weights = batch.weights.empty() ? at::Tensor()
                                                                  : upload(batch.weights, {count, 1})};
        if (auto *scripted = std::get_if<script>(&network)) return scripted->differentiate(there, share);
        return std::get<interpreter>(network).differentiate(there, share,
                                                            scale ? scale->scale() : at::Tensor());
    }

    void descend(const sgd_step &step) {
        const auto finite = scale ? scale->unscale(gradient()) : at::Tensor();
        optimiser.step(step, gradient(), mask(step.keep_mask), finite, weights());
    }
    /// The keep mask where the weights are. It stays the same for many steps: it is brought to a device when
    /// it changes.
    at::Tensor mask(std::span<const float> keep) {
        if (keep.empty()) return {};
        const std::vector<std::int64_t> shape{static_cast<std::int64_t>(keep.size())};
        if (how.device.is_cpu()) return upload(keep, shape);
        if (!std::ranges::equal(keep, mask_here)) {
            mask_here.assign(keep.begin(), keep.end());
            mask_there = upload(keep, shape);
        }
        return mask_there;
    }

    quiet_call begin_call() { return {threads, memory, how.device, arithmetic}; }
    /// Images that go through the network at once in evaluation.
    std::size_t piece() const { return how.device.is_cpu() ? 64 : 256; }
    /// How many they must be filled up to, so that each is computed among as many as any other.
    std::size_t filled(std::size_t images) const {
        const auto part =
            how.device.is_cpu() ? static_cast<std::size_t>(evaluation_part(0, how.device)) : piece();
        return (images + part - 1) / part * part;
    }

    std::size_t threads;
    precision arithmetic;
    kept_memory memory;
    computation how;
    uploader upload;
    std::variant<interpreter, script> network;
    descent optimiser;
    loss_blocks losses;
    std::optional<loss_scale> scale;
    std::vector<float> mask_here; ///< the last keep mask, and where it was brought to
    at::Tensor mask_there;

  private:
    static std::variant<interpreter, script> make_network(const network_spec &spec, const computation &how) {
        if (spec.module.empty()) return interpreter(spec, how);
        require(how.type == at::kFloat, "L06",
                "torch: a TorchScript module computes as it was written: leave --precision");
        return script(spec, how.device);
    }
};

namespace {

/// The outputs of one piece, not yet read from the device.
struct piece_output {
    at::Tensor logits, embeddings;
    std::size_t first = 0, count = 0;

    void copy_to(network_output &output) const {
        copy_rows(logits, output.logits);
        copy_rows(embeddings, output.embeddings);
    }

  private:
    void copy_rows(const at::Tensor &from, host_matrix &to) const {
        const auto rows = from.narrow(0, 0, static_cast<std::int64_t>(count)).cpu().contiguous();
        std::memcpy(to.data() + first * to.shape(1), rows.data_ptr<float>(),
                    count * to.shape(1) * sizeof(float));
    }
};

} // namespace

training::training(std::unique_ptr<implementation> made) : self_(std::move(made)) {}
training::training(training &&) noexcept = default;
training &training::operator=(training &&) noexcept = default;
training::~training() = default;

training training::make(const network_spec &spec, const backend_options &options) {
    require(options.threads > 0, "L04", "torch: 0 threads, expected at least 1");
    const c10::NoGradGuard no_graph;
    return training(std::make_unique<implementation>(spec, options));
}

const network_spec &training::spec() const noexcept { return self_->spec(); }

bool training::moves_images() const noexcept { return !self_->how.device.is_cpu(); }

void training::load(std::span<const float> weights, std::span<const float> momentum) {
    check_state(spec(), weights);
    check_momentum(spec(), momentum);
    const c10::NoGradGuard no_graph;
    const auto view = [](std::span<const float> values) {
        return at::from_blob(const_cast<float *>(values.data()), {static_cast<std::int64_t>(values.size())},
                             at::kFloat);
    };
    self_->weights().copy_(view(weights));
    auto &kept = self_->optimiser.momentum();
    kept = momentum.empty() ? at::Tensor() : at::empty_like(self_->weights()).copy_(view(momentum));
}

training_state training::read() const {
    const auto &momentum = self_->optimiser.momentum();
    return {.weights = to_host(self_->weights()),
            .momentum = momentum.defined() ? to_host(momentum) : std::vector<float>{}};
}

pending_loss training::train_step(const batch_view &batch, const sgd_step &step) {
    check_batch(spec(), batch, step, true);
    const auto guard = self_->begin_call();
    const auto &block = self_->losses.add(self_->differentiate(batch, batch_norm_momentum));
    self_->descend(step);
    return pending_loss(std::make_shared<pending_loss::implementation>(block, block->size() - 1));
}

network_output training::forward(std::span<const std::uint8_t> pixels, std::size_t count) {
    check_images(spec(), pixels, count);
    const auto guard = self_->begin_call();
    network_output output;
    output.logits.resize({count, spec().classes});
    output.embeddings.resize({count, spec().embedding_size()});
    const std::size_t bytes = spec().image.size(), piece = self_->piece();
    std::vector<std::uint8_t> filled; // the last piece, so that every image is computed among as many
    piece_output before;
    for (std::size_t first = 0; first < count; first += piece) {
        const std::size_t size = std::min(piece, count - first);
        const std::size_t whole = self_->filled(size);
        auto part = pixels.subspan(first * bytes, size * bytes);
        if (size < whole) {
            filled.assign(part.begin(), part.end());
            filled.resize(whole * bytes);
            part = filled;
        }
        const auto now = self_->evaluate(self_->images(part, whole));
        // Read one piece late: the device computes this one meanwhile.
        if (before.count > 0) before.copy_to(output);
        before = {now.logits, now.embeddings, first, size};
    }
    before.copy_to(output);
    return output;
}

void training::observe(std::span<const std::uint8_t> pixels, std::size_t count, float share) {
    check_images(spec(), pixels, count);
    const auto guard = self_->begin_call();
    self_->observe(self_->images(pixels, count), share);
}

std::vector<float> training::gradient(const batch_view &batch) {
    check_batch(spec(), batch, {}, true);
    const auto guard = self_->begin_call();
    self_->differentiate(batch, 0);
    auto &gradient = self_->gradient();
    if (self_->scale) gradient.div_(self_->scale->scale());
    return to_host(gradient);
}

} // namespace lipt::torch
