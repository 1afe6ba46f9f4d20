#include "plan.hpp"

#include "buffer.hpp"

#include <algorithm>
#include <set>

namespace lipt::onednn::detail {
namespace {
std::set<std::size_t> tensors_of(const phase &each) {
    std::set<std::size_t> used;
    for (const auto &next : each.operations) {
        used.insert({next.source, next.residual, next.gradient, next.mask, next.target});
    }
    used.erase(none);
    return used;
}

std::size_t weights_of(const network_spec &spec, std::size_t layer) {
    return spec.weights[spec.layers[layer].weights].size;
}

std::size_t choose_piece(const network_spec &spec, const program &made, const phase &each) {
    std::size_t floats = 0, weights = 0;
    for (const auto t : tensors_of(each)) floats += made.tensors[t].floats;
    for (const auto &next : each.operations) {
        if (next.kind == operation_kind::convolve || next.kind == operation_kind::backward_weights) {
            weights = std::max(weights, weights_of(spec, next.layer));
        }
    }
    if (floats == 0) return 1;
    // 4 MiB of activations, or as much as the weights that every piece reads again: measured, with 1 to 8 MiB
    // within a few percent. It is more than the second-level cache holds because Winograd's gain grows with
    // the piece.
    const std::size_t wanted = std::max(std::size_t{1} << 20, weights);
    return std::max<std::size_t>(wanted / floats, 1);
}

/// Cuts a batch into a power of two of pieces, at least four where there are images enough, so that two and
/// four threads get the same number each.
std::size_t even_piece(std::size_t batch, std::size_t largest) {
    std::size_t pieces = 4;
    while (pieces * largest < batch) pieces *= 2;
    return (batch + pieces - 1) / pieces;
}

phase_plan plan_phase(const network_spec &spec, const program &made, const phase &each, std::size_t batch,
                      std::size_t piece) {
    phase_plan planned;
    planned.piece = std::min(piece > 0 ? piece : even_piece(batch, choose_piece(spec, made, each)), batch);
    // Sixteen lanes share out evenly among two to eight threads, and their weight gradients are still cheap
    // to join.
    const std::size_t share = (batch + 15) / 16;
    planned.lane = each.convolutions.empty()
                       ? planned.piece
                       : (std::max(share, planned.piece) + planned.piece - 1) / planned.piece * planned.piece;
    planned.lanes = (batch + planned.lane - 1) / planned.lane;
    planned.pieces = (batch + planned.piece - 1) / planned.piece;
    for (const auto convolution : each.convolutions) {
        planned.gradient_offset.push_back(planned.lane_floats);
        planned.lane_floats += (weights_of(spec, convolution) + 15) / 16 * 16;
    }
    return planned;
}

/// Places the tensors that only this phase uses; returns the floats a thread needs for them.
std::size_t place_local(const program &made, std::size_t index, std::size_t piece,
                        std::vector<std::size_t> &offset) {
    const auto &operations = made.phases[index].operations;
    std::vector<lifetime> lives;
    std::vector<std::size_t> numbers;
    for (const auto t : tensors_of(made.phases[index])) {
        if (made.tensors[t].in_batch_memory()) continue;
        lifetime life{.first = none, .size = made.tensors[t].floats * piece};
        for (std::size_t o = 0; o < operations.size(); ++o) {
            const auto &next = operations[o];
            for (const auto used : {next.source, next.residual, next.gradient, next.mask, next.target}) {
                if (used != t) continue;
                life.first = std::min(life.first, o);
                life.last = o;
            }
        }
        lives.push_back(life);
        numbers.push_back(t);
    }
    const auto total = assign_offsets(lives);
    for (std::size_t i = 0; i < lives.size(); ++i) offset[numbers[i]] = lives[i].offset;
    return total;
}

std::size_t place_shared(const program &made, std::size_t batch, std::vector<std::size_t> &offset) {
    std::vector<lifetime> lives;
    std::vector<std::size_t> numbers;
    for (std::size_t t = 0; t < made.tensors.size(); ++t) {
        const auto &each = made.tensors[t];
        if (each.first_phase == none || !each.in_batch_memory()) continue;
        lives.push_back({.first = each.first_phase, .last = each.last_phase, .size = each.floats * batch});
        numbers.push_back(t);
    }
    const auto total = assign_offsets(lives);
    for (std::size_t i = 0; i < lives.size(); ++i) offset[numbers[i]] = lives[i].offset;
    return total;
}

} // namespace

plan make_plan(const network_spec &spec, const program &made, std::size_t batch, std::size_t piece) {
    plan planned{.batch = batch};
    planned.offset.assign(made.tensors.size(), 0);
    for (std::size_t p = 0; p < made.phases.size(); ++p) {
        const auto &each = made.phases[p];
        const auto next = plan_phase(spec, made, each, batch, piece);
        planned.thread_floats =
            std::max(planned.thread_floats, place_local(made, p, next.piece, planned.offset));
        planned.gradient_floats = std::max(planned.gradient_floats, next.lanes * next.lane_floats);
        for (const auto convolution : each.convolutions) {
            planned.largest_weights = std::max(planned.largest_weights, weights_of(spec, convolution));
        }
        std::size_t sums = 0;
        for (const auto *list : {&each.normalised, &each.differentiated}) {
            for (const auto layer : *list) sums += 2 * next.pieces * spec.layers[layer].out.channels;
        }
        planned.partial_sums = std::max(planned.partial_sums, sums);
        planned.phases.push_back(next);
    }
    planned.batch_floats = place_shared(made, batch, planned.offset);
    return planned;
}

} // namespace lipt::onednn::detail
