#include "convolution.hpp"

#include "buffer.hpp"
#include "dnnl.hpp"
#include "kernels.hpp"
#include "winograd.hpp"

#include <lipt/error.hpp>

#include <omp.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lipt::onednn::detail {
namespace {

using dnnl::memory;

const dnnl::engine &processor() {
    static const dnnl::engine made(dnnl::engine::kind::cpu, 0);
    return made;
}

/// A primitive and, for each thread, the arguments it is run with.
class prepared {
  public:
    prepared() = default;
    /// arguments: number and description of each, in the order in which `run` takes their addresses
    prepared(dnnl::primitive made, const std::vector<std::pair<int, memory::desc>> &arguments,
             std::size_t threads)
        : primitive_(std::move(made)), slots_(threads) {
        for (auto &each : slots_) {
            for (const auto &[number, description] : arguments) {
                each.memories.emplace_back(description, processor(), nullptr);
                each.arguments.push_back({number, each.memories.back().get()});
            }
        }
    }
    template <std::size_t Count>
    void run(std::size_t thread, const std::array<const float *, Count> &addresses) {
        auto &own = slots_[thread];
        for (std::size_t i = 0; i < Count; ++i) {
            // oneDNN takes inputs and outputs alike as pointers to non-const.
            own.memories[i].set_data_handle(const_cast<float *>(addresses[i]));
        }
        const auto status = dnnl_primitive_execute(primitive_.get(), own.stream.get(),
                                                   static_cast<int>(Count), own.arguments.data());
        require(status == dnnl_success, "O03", "onednn: a convolution failed with status ",
                static_cast<int>(status));
    }

  private:
    struct slot {
        dnnl::stream stream{processor()};
        std::vector<memory> memories;
        std::vector<dnnl_exec_arg_t> arguments;
    };
    dnnl::primitive primitive_;
    std::vector<slot> slots_;
};

/// And oneDNN was not told to do without.
bool processor_has(dnnl::cpu_isa wanted) {
    const auto bits = static_cast<unsigned>(wanted);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
}

void reorder(const memory::desc &from, const float *source, const memory::desc &to, float *target) {
    const single_threaded guard;
    memory in(from, processor(), const_cast<float *>(source)), out(to, processor(), target);
    dnnl::stream stream(processor());
    dnnl::reorder(in, out).execute(stream, in, out);
    stream.wait();
}

} // namespace

std::size_t channel_block() {
    static const std::size_t block = processor_has(dnnl::cpu_isa::avx512_core) ? 16 : 8;
    return block;
}
bool has_vectors() {
    static const bool found = processor_has(dnnl::cpu_isa::avx2);
    return found;
}

struct convolution::implementation {
    layer shape;
    convolution_options options;
    std::size_t threads;
    memory::dims strides, padding;
    memory::desc plain, forward_weights, backward_weights, gradient_weights, bias;
    std::map<std::size_t, prepared> forward, backward_data, weights_gradient;
    std::set<std::size_t> prepared_for;
    std::size_t scratch_floats = 0;
    implementation_names names;
    bool image_gradient = false;                                     ///< by `image_weights_gradient`
    bool own_forward = false, own_data = false, own_weights = false; ///< by `winograd`

    memory::desc activation(const image_shape &each, std::size_t images, bool blocked) const {
        const auto tag = !blocked                ? memory::format_tag::nchw
                         : channel_block() == 16 ? memory::format_tag::nChw16c
                                                 : memory::format_tag::nChw8c;
        return {{static_cast<memory::dim>(images), static_cast<memory::dim>(each.channels),
                 static_cast<memory::dim>(each.height), static_cast<memory::dim>(each.width)},
                memory::data_type::f32,
                tag};
    }
    memory::desc source(std::size_t images) const { return activation(shape.in, images, shape.input != 0); }
    memory::desc target(std::size_t images) const { return activation(shape.out, images, true); }
    memory::desc any_weights() const {
        return {dims_of(plain), memory::data_type::f32, memory::format_tag::any};
    }

    dnnl::primitive_attr attributes() const {
        dnnl::primitive_attr made;
        made.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        dnnl::post_ops after;
        if (options.accumulate) after.append_sum(1.0f);
        if (options.relu) append_relu(after);
        made.set_post_ops(after);
        return made;
    }
    dnnl::primitive_attr plain_attributes() const {
        dnnl::primitive_attr made;
        made.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        return made;
    }
    /// The layout chosen first is kept for every other size of piece.
    void settle(memory::desc &kept, const memory::desc &chosen) const {
        require(options.use == purpose::evaluation || chosen.get_size() == plain.get_size(), "O02",
                "onednn: a convolution pads its weights; its channels must be a multiple of 16");
        kept = chosen;
    }

    /// The layout that was settled before, or any.
    memory::desc chosen(const memory::desc &kept) const { return kept.is_zero() ? any_weights() : kept; }
    convolution_description description(std::size_t images, const memory::desc &weights) const {
        return {.algorithm = dnnl::algorithm::convolution_direct,
                .source = source(images),
                .weights = weights,
                .target = target(images),
                .strides = strides,
                .padding = padding};
    }
    dnnl::convolution_forward::primitive_desc describe(std::size_t images) const {
        const auto kind = options.use == purpose::evaluation ? dnnl::prop_kind::forward_inference
                                                             : dnnl::prop_kind::forward_training;
        auto each = description(images, chosen(forward_weights));
        if (options.bias) each.bias = &bias;
        return describe_forward(processor(), kind, each, attributes());
    }
    winograd_shape forward_shape() const {
        return {shape.in.channels, shape.out.channels, shape.in.height, shape.in.width};
    }
    winograd_shape data_shape() const {
        return {shape.out.channels, shape.in.channels, shape.in.height, shape.in.width};
    }
    memory::desc winograd_layout() const {
        const auto tag =
            channel_block() == 16 ? memory::format_tag::OIhw16i16o : memory::format_tag::OIhw8i8o;
        return {dims_of(plain), memory::data_type::f32, tag};
    }

    void use_scratch(std::size_t floats) { scratch_floats = std::max(scratch_floats, floats); }
    void use_scratch(const memory::desc &needed) { use_scratch((needed.get_size() + 3) / sizeof(float)); }

    /// Whether the weights lie as `image_weights_gradient` writes them.
    bool images_layout() const {
        const auto tag = channel_block() == 16 ? memory::format_tag::Acdb16a : memory::format_tag::Acdb8a;
        return shape.input == 0 &&
               forward_weights == memory::desc(dims_of(plain), memory::data_type::f32, tag);
    }

    void prepare_forward(std::size_t images) {
        if (own_forward) {
            names.forward = winograd().name;
            use_scratch(winograd().scratch_floats(forward_shape()));
            return;
        }
        const auto made = describe(images);
        names.forward = made.impl_info_str();
        if (forward_weights.is_zero()) settle(forward_weights, made.weights_desc());
        use_scratch(made.scratchpad_desc());
        std::vector<std::pair<int, memory::desc>> arguments{{DNNL_ARG_SRC, source(images)},
                                                            {DNNL_ARG_WEIGHTS, forward_weights},
                                                            {DNNL_ARG_DST, target(images)},
                                                            {DNNL_ARG_SCRATCHPAD, made.scratchpad_desc()}};
        if (options.bias) arguments.emplace_back(DNNL_ARG_BIAS, bias);
        forward.emplace(images, prepared(dnnl::convolution_forward(made), arguments, threads));
    }
    void prepare_backward(std::size_t images) {
        const auto hint = describe(images);
        if (own_data) {
            names.data = winograd().name;
            use_scratch(winograd().scratch_floats(data_shape()));
        } else if (shape.input != 0) {
            const auto made = describe_backward<dnnl::convolution_backward_data>(
                processor(), description(images, chosen(backward_weights)), plain_attributes(), hint);
            names.data = made.impl_info_str();
            if (backward_weights.is_zero()) settle(backward_weights, made.weights_desc());
            use_scratch(made.scratchpad_desc());
            backward_data.emplace(images, prepared(dnnl::convolution_backward_data(made),
                                                   {{DNNL_ARG_DIFF_DST, target(images)},
                                                    {DNNL_ARG_WEIGHTS, backward_weights},
                                                    {DNNL_ARG_DIFF_SRC, source(images)},
                                                    {DNNL_ARG_SCRATCHPAD, made.scratchpad_desc()}},
                                                   threads));
        }
        if (own_weights) {
            names.weights = winograd().name;
            use_scratch(winograd().gradient_scratch_floats(forward_shape(), images));
            return;
        }
        // The gradient has the layout of the weights, so that the optimiser needs no other.
        const auto made = describe_backward<dnnl::convolution_backward_weights>(
            processor(), description(images, forward_weights), plain_attributes(), hint);
        // Without AVX-512 oneDNN has no fast gradient for images of one channel: seventy times the forward
        // pass.
        names.weights = made.impl_info_str();
        image_gradient = names.weights.starts_with("ref") && images_layout();
        if (image_gradient) {
            names.weights = "lipt:image_gradient";
            return;
        }
        use_scratch(made.scratchpad_desc());
        weights_gradient.emplace(images, prepared(dnnl::convolution_backward_weights(made),
                                                  {{DNNL_ARG_SRC, source(images)},
                                                   {DNNL_ARG_DIFF_DST, target(images)},
                                                   {DNNL_ARG_DIFF_WEIGHTS, forward_weights},
                                                   {DNNL_ARG_SCRATCHPAD, made.scratchpad_desc()}},
                                                  threads));
    }
};

convolution::convolution(const layer &described, const convolution_options &options, std::size_t threads)
    : self_(std::make_unique<implementation>()) {
    auto &self = *self_;
    self.shape = described;
    self.options = options;
    self.threads = threads;
    const auto dim = [](std::size_t size) { return static_cast<memory::dim>(size); };
    self.strides = {dim(described.stride), dim(described.stride)};
    self.padding = {dim(described.padding), dim(described.padding)};
    self.plain = {{dim(described.out.channels), dim(described.in.channels), dim(described.kernel),
                   dim(described.kernel)},
                  memory::data_type::f32,
                  memory::format_tag::oihw};
    self.bias = {{dim(described.out.channels)}, memory::data_type::f32, memory::format_tag::x};
    self.own_forward = winograd_pays(described, options.use, pass::forward);
    self.own_data = winograd_pays(described, options.use, pass::data);
    self.own_weights = winograd_pays(described, options.use, pass::weights);
    if (self.own_forward || self.own_data || self.own_weights) self.forward_weights = self.winograd_layout();
}
convolution::convolution(convolution &&) noexcept = default;
convolution::~convolution() = default;

void convolution::share_layout(const convolution &other) {
    self_->forward_weights = other.self_->forward_weights;
}

void convolution::prepare(std::size_t images) {
    if (!self_->prepared_for.insert(images).second) return;
    const single_threaded guard; // the blocking that oneDNN chooses depends on the threads it sees
    try {
        self_->prepare_forward(images);
        if (self_->options.use == purpose::training) self_->prepare_backward(images);
    } catch (const dnnl::error &reason) {
        fail("O03", "onednn: no convolution of ", self_->shape.in.channels, " to ", self_->shape.out.channels,
             " channels for ", images, " images: ", reason.message);
    }
}
const implementation_names &convolution::names() const { return self_->names; }
std::size_t convolution::weight_floats() const {
    const auto &self = *self_;
    return self.own_forward && self.options.use == purpose::evaluation
               ? winograd().weight_floats(self.forward_shape())
               : self.forward_weights.get_size() / sizeof(float);
}
std::size_t convolution::forward_floats() const {
    const auto &self = *self_;
    return self.own_forward && self.options.use != purpose::evaluation
               ? winograd().weight_floats(self.forward_shape())
               : 0;
}
std::size_t convolution::backward_floats() const {
    const auto &self = *self_;
    if (self.own_data) return winograd().weight_floats(self.data_shape());
    return self.backward_weights.is_zero() ? 0 : self.backward_weights.get_size() / sizeof(float);
}
std::size_t convolution::scratch_floats() const { return self_->scratch_floats; }

void convolution::forward(std::size_t images, std::size_t thread, const float *source, const float *weights,
                          const float *bias, float *target, float *scratch) {
    if (self_->own_forward) {
        const winograd_ending ending{bias, self_->options.accumulate, self_->options.relu};
        winograd().convolve(self_->forward_shape(), images, source, weights, ending, target, scratch);
        return;
    }
    auto &call = self_->forward.at(images);
    if (self_->options.bias) {
        call.run<5>(thread, {source, weights, target, scratch, bias});
    } else {
        call.run<4>(thread, {source, weights, target, scratch});
    }
}
void convolution::backward_data(std::size_t images, std::size_t thread, const float *gradient,
                                const float *weights, float *target, float *scratch) {
    if (self_->own_data) {
        winograd().convolve(self_->data_shape(), images, gradient, weights, {}, target, scratch);
        return;
    }
    self_->backward_data.at(images).run<4>(thread, {gradient, weights, target, scratch});
}
void convolution::backward_weights(std::size_t images, std::size_t thread, const float *source,
                                   const float *gradient, float *weights, float *scratch) {
    if (self_->own_weights) {
        winograd().weights_gradient(self_->forward_shape(), images, source, gradient, weights, scratch);
        return;
    }
    if (self_->image_gradient) {
        const auto &at = self_->shape;
        image_weights_gradient({.channels = at.in.channels,
                                .height = at.in.height,
                                .width = at.in.width,
                                .out_channels = at.out.channels,
                                .out_height = at.out.height,
                                .out_width = at.out.width,
                                .kernel = at.kernel,
                                .stride = at.stride,
                                .padding = at.padding},
                               images, source, gradient, weights);
        return;
    }
    self_->weights_gradient.at(images).run<4>(thread, {source, gradient, weights, scratch});
}

void convolution::to_blocked(const float *plain, float *blocked) const {
    const auto &self = *self_;
    if (!self.own_forward || self.options.use != purpose::evaluation) {
        reorder(self.plain, plain, self.forward_weights, blocked);
        return;
    }
    buffer weights(self.forward_weights.get_size() / sizeof(float));
    reorder(self.plain, plain, self.forward_weights, weights.data());
    winograd().weights(self.forward_shape(), weights.data(), blocked);
}
void convolution::to_plain(const float *blocked, float *plain) const {
    reorder(self_->forward_weights, blocked, self_->plain, plain);
}
void convolution::to_forward(const float *weights, float *target) const {
    winograd().weights(self_->forward_shape(), weights, target);
}
void convolution::to_backward(const float *weights, float *target) const {
    if (self_->own_data) {
        winograd().backward_weights(self_->data_shape(), weights, target);
    } else {
        reorder(self_->forward_weights, weights, self_->backward_weights, target);
    }
}

single_threaded::single_threaded() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
single_threaded::~single_threaded() { omp_set_num_threads(threads_); }

} // namespace lipt::onednn::detail
