#include "runner.hpp"

#include <algorithm>

namespace lipt::onednn::detail {
namespace {

std::size_t whole_lines(std::size_t floats) { return (floats + 31) / 32 * 32; }

} // namespace

runner::runner(const network_spec &spec, program made, team &threads, purpose use, const runner *alike)
    : spec_(spec), program_(std::move(made)), team_(threads), norms_(spec), convolutions_(spec.layers.size()),
      weights_at_(spec.layers.size()) {
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        if (spec.layers[i].kind != layer_kind::convolution) continue;
        convolution_options options{.use = use};
        if (!program_.folded.empty()) {
            const auto &folded = program_.folded[i];
            options.bias = folded.batch_norm != none;
            options.accumulate = folded.accumulate;
            options.relu = folded.relu;
        }
        convolutions_[i].emplace(spec.layers[i], options, threads.threads());
        if (alike != nullptr) convolutions_[i]->share_layout(*alike->convolutions_[i]);
    }
    for (std::size_t c = 0; c < spec.image.channels; ++c) {
        for (int value = 0; value < 256; ++value) {
            pixel_table_.push_back((static_cast<float>(value) / 255.0f - spec.mean[c]) / spec.deviation[c]);
        }
    }
}

void runner::prepare(std::size_t count) {
    if (plan_.batch == count) return;
    plan_ = make_plan(spec_, program_, count);
    allocate();
}

void runner::prepare_piece(std::size_t count) {
    if (plan_.batch == count) return;
    plan_ = make_plan(spec_, program_, count, count);
    allocate();
}

void runner::allocate() {
    for (std::size_t p = 0; p < program_.phases.size(); ++p) {
        const auto &planned = plan_.phases[p];
        for (const auto &next : program_.phases[p].operations) {
            if (next.layer == none || !convolutions_[next.layer]) continue;
            auto &each = *convolutions_[next.layer];
            each.prepare(planned.piece);
            if (plan_.batch % planned.piece != 0) each.prepare(plan_.batch % planned.piece);
        }
    }
    place_weights();
    std::size_t working = 0;
    for (const auto &each : convolutions_) {
        if (each) working = std::max(working, each->scratch_floats());
    }
    const std::size_t head = spec_.embedding_size() + spec_.classes;
    weights_offset_ = whole_lines(std::max(working, head));
    scratch_stride_ = weights_offset_ + whole_lines(plan_.largest_weights);
    thread_stride_ = whole_lines(plan_.thread_floats);
    batch_memory_.reserve(plan_.batch_floats);
    thread_memory_.reserve(thread_stride_ * team_.threads());
    scratch_.reserve(scratch_stride_ * team_.threads());
    lane_gradients_.reserve(plan_.gradient_floats);
    sums_.resize(std::max(sums_.size(), plan_.partial_sums));
}

void runner::place_weights() {
    state_floats_ = spec_.state_size();
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
        if (!convolutions_[i]) continue;
        weights_at_[i] =
            program_.folded.empty() ? spec_.weights[spec_.layers[i].weights].offset : state_floats_;
        if (!program_.folded.empty()) state_floats_ += whole_lines(convolutions_[i]->weight_floats());
    }
    forward_copies_ = place_copies(&convolution::forward_floats);
    backward_copies_ = place_copies(&convolution::backward_floats);
}

weight_copies runner::place_copies(std::size_t (convolution::*floats)() const) const {
    weight_copies made;
    made.offset.assign(convolutions_.size(), none);
    for (std::size_t i = 0; i < convolutions_.size(); ++i) {
        const std::size_t size = convolutions_[i] ? ((*convolutions_[i]).*floats)() : 0;
        if (size == 0) continue;
        made.layers.push_back(i);
        made.offset[i] = made.floats;
        made.floats += whole_lines(size);
    }
    return made;
}

void runner::run(const run_input &input) {
    for (std::size_t p = 0; p < program_.phases.size(); ++p) {
        const auto &planned = plan_.phases[p];
        team_.run(planned.lanes, [&](std::size_t lane, std::size_t thread) {
            piece at{.input = input, .phase = p, .thread = thread, .first_of_lane = true};
            at.lane_gradient = lane_gradients_.data() + lane * planned.lane_floats;
            const auto end = std::min((lane + 1) * planned.lane, input.count);
            for (at.begin = lane * planned.lane; at.begin < end; at.begin += planned.piece) {
                at.images = std::min(planned.piece, end - at.begin);
                at.index = at.begin / planned.piece;
                run_piece(at);
                at.first_of_lane = false;
            }
        });
        join(input, p);
    }
}

void runner::run_pieces(const run_input &input) {
    const std::size_t images = plan_.batch;
    team_.run((input.count + images - 1) / images, [&](std::size_t task, std::size_t thread) {
        run_piece({.input = input, .begin = task * images, .images = images, .thread = thread});
    });
}

void runner::run_piece(const piece &at) {
    for (const auto &next : program_.phases[at.phase].operations) run_operation(at, next);
}

void runner::run_operation(const piece &at, const operation &next) {
    switch (next.kind) {
    case operation_kind::load_images:
        load_images(at, address(at, next.target));
        break;
    case operation_kind::convolve:
        convolve(at, next);
        break;
    case operation_kind::statistics:
        statistics_piece(at, next);
        break;
    case operation_kind::normalise:
        normalise_piece(at, next);
        break;
    case operation_kind::add:
        add(at.images * spec_.layers[next.layer].out.size(), address(at, next.source),
            address(at, next.residual), address(at, next.target));
        break;
    case operation_kind::max_pool:
    case operation_kind::backward_pool:
        max_pool_piece(at, next);
        break;
    case operation_kind::head:
        head_piece(at, next);
        break;
    case operation_kind::reduce:
        reduce_piece(at, next);
        break;
    case operation_kind::differentiate:
        differentiate(shape(at, spec_.layers[next.layer].out), address(at, next.source),
                      address(at, next.gradient), norms_.backward(next.layer), address(at, next.residual),
                      address(at, next.target));
        break;
    case operation_kind::backward_data:
        convolutions_[next.layer]->backward_data(at.images, at.thread, address(at, next.gradient),
                                                 at.input.backward_weights +
                                                     backward_copies_.offset[next.layer],
                                                 address(at, next.target), scratch(at.thread));
        break;
    case operation_kind::backward_weights:
        backward_weights(at, next);
        break;
    }
}

float *runner::address(const piece &at, std::size_t number) const {
    if (number == none) return nullptr;
    const auto &each = program_.tensors[number];
    if (each.in_batch_memory()) return batch_memory_.data() + plan_.offset[number] + at.begin * each.floats;
    return thread_memory(at.thread) + plan_.offset[number];
}

piece_shape runner::shape(const piece &at, const image_shape &of) const {
    return {at.images, of.channels, of.height * of.width};
}

double *runner::sums_of(std::size_t phase, std::size_t layer, bool second) {
    const std::size_t pieces = plan_.phases[phase].pieces;
    double *begin = sums_.data();
    for (const auto *list : {&program_.phases[phase].normalised, &program_.phases[phase].differentiated}) {
        for (const auto each : *list) {
            const auto part = pieces * spec_.layers[each].out.channels;
            if (each == layer) return begin + (second ? part : 0);
            begin += 2 * part;
        }
    }
    return nullptr;
}

void runner::load_images(const piece &at, float *target) const {
    const std::size_t plane = spec_.image.height * spec_.image.width;
    for (std::size_t i = 0; i < at.images; ++i) {
        // An evaluated piece that is not full takes the last image again: every image runs through the same
        // code.
        const std::size_t image = std::min(at.begin + i, at.input.count - 1);
        const std::uint8_t *pixels = at.input.pixels + image * spec_.image.size();
        for (std::size_t c = 0; c < spec_.image.channels; ++c) {
            const float *table = pixel_table_.data() + c * 256;
            for (std::size_t p = 0; p < plane; ++p) *target++ = table[*pixels++];
        }
    }
}

void runner::convolve(const piece &at, const operation &next) {
    const float *bias = nullptr;
    if (!program_.folded.empty() && program_.folded[next.layer].batch_norm != none) {
        // Evaluation keeps a folded bias where the batch-norm's shift was.
        const auto norm = program_.folded[next.layer].batch_norm;
        bias = at.input.state + spec_.weights[spec_.layers[norm].weights + 1].offset;
    }
    const std::size_t copy = forward_copies_.offset[next.layer];
    const float *weights =
        copy == none ? at.input.state + weights_at_[next.layer] : at.input.forward_weights + copy;
    convolutions_[next.layer]->forward(at.images, at.thread, address(at, next.source), weights, bias,
                                       address(at, next.target), scratch(at.thread));
}

void runner::backward_weights(const piece &at, const operation &next) {
    const auto &list = program_.phases[at.phase].convolutions;
    const auto position =
        static_cast<std::size_t>(std::find(list.begin(), list.end(), next.layer) - list.begin());
    float *sum = at.lane_gradient + plan_.phases[at.phase].gradient_offset[position];
    float *part = at.first_of_lane ? sum : scratch(at.thread) + weights_offset_;
    convolutions_[next.layer]->backward_weights(at.images, at.thread, address(at, next.source),
                                                address(at, next.gradient), part, scratch(at.thread));
    if (part != sum) add(spec_.weights[spec_.layers[next.layer].weights].size, sum, part, sum);
}

void runner::normalise_piece(const piece &at, const operation &next) {
    const auto &described = spec_.layers[next.layer];
    normalise_options options{
        .norm = norms_.forward(next.layer), .residual = address(at, next.residual), .relu = described.relu};
    affine residual_norm;
    if (next.residual_layer != none) {
        residual_norm = norms_.forward(next.residual_layer);
        options.residual_norm = &residual_norm;
    }
    normalise(shape(at, described.out), address(at, next.source), options, address(at, next.target));
}

void runner::statistics_piece(const piece &at, const operation &next) {
    const auto &described = spec_.layers[next.layer];
    const std::size_t row = at.index * described.out.channels;
    statistics(shape(at, described.out), address(at, next.source), sums_of(at.phase, next.layer, false) + row,
               sums_of(at.phase, next.layer, true) + row);
}

void runner::reduce_piece(const piece &at, const operation &next) {
    const auto &described = spec_.layers[next.layer];
    const std::size_t row = at.index * described.out.channels;
    const reduce_options options{.norm = norms_.forward(next.layer),
                                 .residual = address(at, next.residual),
                                 .output = address(at, next.mask),
                                 .relu = described.relu};
    reduce(shape(at, described.out), address(at, next.source), address(at, next.gradient), options,
           address(at, next.target), sums_of(at.phase, next.layer, false) + row,
           sums_of(at.phase, next.layer, true) + row);
}

void runner::max_pool_piece(const piece &at, const operation &next) {
    const auto &each = spec_.layers[next.layer];
    const window_shape windows{.images = at.images,
                               .channels = each.in.channels,
                               .height = each.in.height,
                               .width = each.in.width,
                               .out_height = each.out.height,
                               .out_width = each.out.width,
                               .kernel = each.kernel,
                               .stride = each.stride,
                               .padding = each.padding};
    pooled_norm applied;
    const pooled_norm *norm = nullptr;
    if (next.source_layer != none) {
        applied = {.norm = norms_.forward(next.source_layer), .relu = spec_.layers[next.source_layer].relu};
        norm = &applied;
    }
    if (next.kind == operation_kind::max_pool) {
        max_pool(windows, address(at, next.source), norm, address(at, next.target));
    } else {
        max_pool_gradient(windows, address(at, next.source), norm, address(at, next.gradient),
                          address(at, next.target));
    }
}

void runner::head_piece(const piece &at, const operation &next) {
    const auto &described = spec_.layers[next.layer];
    const auto &input = at.input;
    const linear_head head{described.in.channels, spec_.classes,
                           input.state + spec_.weights[described.weights].offset,
                           input.state + spec_.weights[described.weights + 1].offset};
    const auto pooled = shape(at, spec_.layers[next.layer - 1].in);
    const std::size_t whole = pooled.channels * pooled.pixels;
    for (std::size_t i = 0; i < at.images && at.begin + i < input.count; ++i) {
        const std::size_t b = at.begin + i;
        float *embedding = input.embeddings + b * head.width, *logits = input.logits + b * head.classes;
        pool({1, pooled.channels, pooled.pixels}, address(at, next.source) + i * whole, embedding);
        logits_of(head, embedding, logits);
        if (next.target == none) continue;
        const float weight = input.sample_weights == nullptr ? 1.0f : input.sample_weights[b];
        input.losses[b] = loss_of(head.classes, logits, input.labels[b], weight, input.count);
        float *back = scratch(at.thread);
        embedding_gradient(head, logits, back);
        spread({1, pooled.channels, pooled.pixels}, back, address(at, next.target) + i * whole);
    }
}

void runner::join(const run_input &input, std::size_t phase) {
    const auto &each = program_.phases[phase];
    const auto &planned = plan_.phases[phase];
    for (const auto layer : each.normalised) {
        const auto &out = spec_.layers[layer].out;
        std::vector<double> counts(planned.pieces,
                                   static_cast<double>(planned.piece * out.height * out.width));
        const std::size_t last = input.count - (planned.pieces - 1) * planned.piece;
        counts.back() = static_cast<double>(last * out.height * out.width);
        const std::size_t size = planned.pieces * out.channels;
        norms_.join_statistics(layer, {sums_of(phase, layer, false), size},
                               {sums_of(phase, layer, true), size}, counts, input.share, input.state);
    }
    for (const auto layer : each.differentiated) {
        const std::size_t size = planned.pieces * spec_.layers[layer].out.channels;
        norms_.join_gradients(layer, {sums_of(phase, layer, false), size},
                              {sums_of(phase, layer, true), size}, input.gradient);
    }
    if (!each.convolutions.empty()) join_weights(input, phase);
}

void runner::join_weights(const run_input &input, std::size_t phase) {
    const auto &each = program_.phases[phase];
    const auto &planned = plan_.phases[phase];
    constexpr std::size_t chunk = 4096;
    for (std::size_t i = 0; i < each.convolutions.size(); ++i) {
        const auto &entry = spec_.weights[spec_.layers[each.convolutions[i]].weights];
        const float *parts = lane_gradients_.data() + planned.gradient_offset[i];
        float *sum = input.gradient + entry.offset;
        team_.run((entry.size + chunk - 1) / chunk, [&](std::size_t task, std::size_t) {
            const std::size_t begin = task * chunk, size = std::min(chunk, entry.size - begin);
            std::copy_n(parts + begin, size, sum + begin);
            for (std::size_t lane = 1; lane < planned.lanes; ++lane) {
                add(size, sum + begin, parts + lane * planned.lane_floats + begin, sum + begin);
            }
        });
    }
}

} // namespace lipt::onednn::detail
