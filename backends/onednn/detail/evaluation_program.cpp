// The program of evaluation: batch-norm, residual and ReLU folded into the convolutions where that can be.
#include "program.hpp"
#include "program_builder.hpp"

#include <cstddef>
#include <vector>

namespace lipt::onednn::detail {
namespace {

/// The value that an evaluated convolution adds to, where its operand may be overwritten; else none.
std::size_t accumulated(const builder &build, const layer &joint, std::size_t index, std::size_t convolved) {
    const auto operand = joint.input == convolved ? joint.residual : joint.input;
    const bool replaceable = operand != none && operand > 0 && build.last_use_of(operand) == index;
    return replaceable ? operand : none;
}

void evaluate_convolution(builder &build, std::size_t index) {
    auto &folded = build.made().folded[index];
    std::size_t last = index, operand = none;
    // Only what follows at once and is the one use of the result can be folded in.
    const std::size_t next = index + 1;
    const auto &joint = build.at(next);
    const bool only_use = build.uses_of(index + 1) == 1 && build.last_use_of(index + 1) == next;
    if (only_use && joint.kind == layer_kind::batch_norm && joint.input == index + 1) {
        operand = accumulated(build, joint, next, index + 1);
        if (joint.residual == none || operand != none) {
            folded = {.batch_norm = next, .accumulate = operand != none, .relu = joint.relu};
            last = next;
        }
    } else if (only_use && joint.kind == layer_kind::add) {
        operand = accumulated(build, joint, next, index + 1);
        folded.accumulate = operand != none;
        if (operand != none) last = next;
    }
    operation convolve{
        .kind = operation_kind::convolve, .layer = index, .source = build.tensor_of(build.at(index).input)};
    convolve.target = folded.accumulate ? build.tensor_of(operand) : build.new_tensor(build.at(index).out);
    build.emit(convolve);
    build.set_tensor(last + 1, convolve.target);
}

void evaluate_other(builder &build, std::size_t index) {
    const auto &each = build.at(index);
    operation next{.kind = kind_of(each), .layer = index, .source = build.tensor_of(each.input)};
    if (each.residual != none) next.residual = build.tensor_of(each.residual);
    next.target = build.new_tensor(each.out);
    build.emit(next);
    build.set_tensor(index + 1, next.target);
}

} // namespace

program compile_evaluation(const network_spec &spec) {
    builder build(spec);
    build.made().folded.resize(spec.layers.size());
    std::vector<bool> done(spec.layers.size(), false);
    for (std::size_t i = 0; i < build.body_size(); ++i) {
        if (done[i]) continue;
        if (build.at(i).kind != layer_kind::convolution) {
            evaluate_other(build, i);
            continue;
        }
        evaluate_convolution(build, i);
        const auto &folded = build.made().folded[i];
        if (folded.batch_norm != none)
            done[folded.batch_norm] = true;
        else if (folded.accumulate)
            done[i + 1] = true;
    }
    const std::size_t pool = build.body_size();
    build.emit(
        {.kind = operation_kind::head, .layer = pool + 1, .source = build.tensor_of(build.at(pool).input)});
    return build.finish();
}

} // namespace lipt::onednn::detail
