#include "program.hpp"

#include <lipt/error.hpp>

#include <algorithm>

namespace lipt::onednn::detail {
namespace {

/// Appends operations to the last phase and numbers tensors; shared by all three programs.
class builder {
  public:
    explicit builder(const network_spec &spec) : spec_(spec), value_(spec.layers.size() + 1, none) {
        const auto &layers = spec.layers;
        require(layers.size() > 2 && layers.back().kind == layer_kind::linear &&
                    layers[layers.size() - 2].kind == layer_kind::average_pool,
                "O02", "onednn: network ", spec.name, " does not end with average pool and linear layer");
        for (const auto &each : layers) {
            require(each.kind == layer_kind::linear || each.out.channels % 16 == 0, "O02", "onednn: network ",
                    spec.name, " has a layer of ", each.out.channels,
                    " channels, expected a multiple of 16: use the reference backend");
        }
        made_.phases.emplace_back();
    }

    std::size_t body_size() const { return spec_.layers.size() - 2; }
    const layer &at(std::size_t index) const { return spec_.layers[index]; }

    std::size_t new_tensor(const image_shape &shape) {
        made_.tensors.push_back({.floats = shape.size()});
        return made_.tensors.size() - 1;
    }
    void emit(const operation &next) { made_.phases.back().operations.push_back(next); }
    phase &current() { return made_.phases.back(); }
    void next_phase() {
        made_.phases.emplace_back();
        recomputed_.assign(value_.size(), none);
    }

    /// The tensor of a value in this phase. Pixels and batch-norms without residual are computed again in
    /// each phase that needs them: reading their input again costs what reading a stored copy would, and the
    /// store is saved.
    std::size_t tensor_of(std::size_t value) {
        if (value_[value] != none) return value_[value];
        recomputed_.resize(value_.size(), none);
        auto &found = recomputed_[value];
        if (found != none) return found;
        if (value == 0) {
            found = new_tensor(spec_.image);
            emit({.kind = operation_kind::load_images, .target = found});
        } else {
            const auto &made = at(value - 1);
            const auto source = tensor_of(made.input);
            found = new_tensor(made.out);
            emit({.kind = operation_kind::normalise, .layer = value - 1, .source = source, .target = found});
        }
        return found;
    }
    void set_tensor(std::size_t value, std::size_t tensor) { value_[value] = tensor; }

    std::size_t uses_of(std::size_t value) const {
        std::size_t uses = 0;
        for (const auto &each : spec_.layers) uses += (each.input == value) + (each.residual == value);
        return uses;
    }
    std::size_t last_use_of(std::size_t value) const {
        std::size_t last = none;
        for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
            if (at(i).input == value || at(i).residual == value) last = i;
        }
        return last;
    }
    /// True for a batch-norm whose only use is as residual of another one, which then applies both at once.
    bool is_joined(std::size_t index) const {
        const auto &each = at(index);
        if (each.kind != layer_kind::batch_norm || each.relu || each.residual != none) return false;
        if (uses_of(index + 1) != 1) return false;
        const auto &user = at(last_use_of(index + 1));
        return user.kind == layer_kind::batch_norm && user.residual == index + 1;
    }

    /// Notes in which phases each tensor is used.
    program finish() {
        for (std::size_t p = 0; p < made_.phases.size(); ++p) {
            for (const auto &each : made_.phases[p].operations) {
                for (const auto t : {each.source, each.residual, each.gradient, each.mask, each.target}) {
                    if (t == none) continue;
                    auto &used = made_.tensors[t];
                    if (used.first_phase == none) used.first_phase = p;
                    used.last_phase = p;
                }
            }
        }
        return std::move(made_);
    }
    program &made() { return made_; }

  private:
    const network_spec &spec_;
    program made_;
    std::vector<std::size_t> value_;      ///< tensor of each value that is stored
    std::vector<std::size_t> recomputed_; ///< tensor of each value computed again in this phase
};

void forward_batch_norm(builder &build, std::size_t index) {
    const auto &each = build.at(index);
    build.emit({.kind = operation_kind::statistics, .layer = index, .source = build.tensor_of(each.input)});
    build.current().normalised.push_back(index);
    if (build.is_joined(index)) return;
    build.next_phase();
    if (each.residual == none) return; // computed where it is used
    operation normalise{
        .kind = operation_kind::normalise, .layer = index, .source = build.tensor_of(each.input)};
    const auto other = each.residual == 0 ? none : each.residual - 1;
    if (other != none && build.is_joined(other)) {
        normalise.residual = build.tensor_of(build.at(other).input);
        normalise.residual_layer = other;
    } else {
        normalise.residual = build.tensor_of(each.residual);
    }
    normalise.target = build.new_tensor(each.out);
    build.emit(normalise);
    build.set_tensor(index + 1, normalise.target);
}

void forward_training(builder &build) {
    for (std::size_t i = 0; i < build.body_size(); ++i) {
        const auto &each = build.at(i);
        if (each.kind == layer_kind::batch_norm) {
            forward_batch_norm(build, i);
            continue;
        }
        operation next{.layer = i, .source = build.tensor_of(each.input)};
        next.kind = each.kind == layer_kind::add ? operation_kind::add : operation_kind::convolve;
        if (each.kind == layer_kind::add) next.residual = build.tensor_of(each.residual);
        next.target = build.new_tensor(each.out);
        build.emit(next);
        build.set_tensor(i + 1, next.target);
    }
}

/// Walks the layers from last to first; `pending[v]` holds the tensors whose sum is the gradient of value v.
class backward_pass {
  public:
    explicit backward_pass(builder &build)
        : build_(build), pending_(build.body_size() + 2), reduced_(build.body_size(), false) {}

    void run(std::size_t value, std::size_t gradient) {
        pending_[value].push_back(gradient);
        for (std::size_t i = build_.body_size(); i-- > 0;) {
            if (pending_[i + 1].empty()) continue;
            switch (build_.at(i).kind) {
            case layer_kind::batch_norm:
                batch_norm(i);
                break;
            case layer_kind::convolution:
                convolution(i);
                break;
            default:
                add(i);
                break;
            }
            pending_[i + 1].clear();
        }
    }

  private:
    /// True when a tensor stands for the gradient of another value too, so that it must not be overwritten.
    bool is_shared(std::size_t tensor) const {
        std::size_t uses = 0;
        for (const auto &list : pending_)
            uses += static_cast<std::size_t>(std::count(list.begin(), list.end(), tensor));
        return uses > 1;
    }
    std::size_t writable(std::size_t tensor, std::size_t index) {
        return is_shared(tensor) ? build_.new_tensor(build_.at(index).out) : tensor;
    }
    /// Adds up contributions until `count` are left.
    void merge(std::size_t index, std::size_t count) {
        auto &list = pending_[index + 1];
        while (list.size() > count) {
            const auto target = writable(list[0], index);
            build_.emit({.kind = operation_kind::add,
                         .layer = index,
                         .source = list[0],
                         .residual = list[1],
                         .target = target});
            list.erase(list.begin());
            list[0] = target;
        }
    }

    void reduce(std::size_t index) {
        merge(index, 2);
        auto &list = pending_[index + 1];
        const auto &each = build_.at(index);
        operation next{.kind = operation_kind::reduce,
                       .layer = index,
                       .source = build_.tensor_of(each.input),
                       .gradient = list[0]};
        if (list.size() > 1) next.residual = list[1];
        // Without a residual the sign of the output follows from the input, which is read anyway.
        if (each.relu && each.residual != none) next.mask = build_.tensor_of(index + 1);
        next.target = each.relu || list.size() > 1 ? writable(list[0], index) : list[0];
        build_.emit(next);
        list.assign(1, next.target);
        reduced_[index] = true;
        build_.current().differentiated.push_back(index);
    }

    void batch_norm(std::size_t index) {
        const auto &each = build_.at(index);
        if (!reduced_[index]) {
            reduce(index);
            const auto gradient = pending_[index + 1][0];
            if (each.residual != none) {
                pending_[each.residual].push_back(gradient);
                if (each.residual > 0 && build_.is_joined(each.residual - 1)) reduce(each.residual - 1);
            }
            build_.next_phase();
        }
        operation next{.kind = operation_kind::differentiate,
                       .layer = index,
                       .source = build_.tensor_of(each.input),
                       .gradient = pending_[index + 1][0]};
        auto &into = pending_[each.input];
        if (!into.empty()) next.residual = into.back();
        next.target =
            next.residual != none && !is_shared(next.residual) ? next.residual : build_.new_tensor(each.in);
        if (!into.empty()) into.pop_back();
        build_.emit(next);
        into.push_back(next.target);
    }

    void convolution(std::size_t index) {
        merge(index, 1);
        const auto &each = build_.at(index);
        const auto gradient = pending_[index + 1][0];
        build_.emit({.kind = operation_kind::backward_weights,
                     .layer = index,
                     .source = build_.tensor_of(each.input),
                     .gradient = gradient});
        build_.current().convolutions.push_back(index);
        if (each.input == 0) return;
        const auto target = build_.new_tensor(each.in);
        build_.emit(
            {.kind = operation_kind::backward_data, .layer = index, .gradient = gradient, .target = target});
        pending_[each.input].push_back(target);
    }

    void add(std::size_t index) {
        merge(index, 1);
        const auto &each = build_.at(index);
        pending_[each.input].push_back(pending_[index + 1][0]);
        pending_[each.residual].push_back(pending_[index + 1][0]);
    }

    builder &build_;
    std::vector<std::vector<std::size_t>> pending_;
    std::vector<bool> reduced_;
};

} // namespace

program compile_training(const network_spec &spec) {
    builder build(spec);
    forward_training(build);
    const std::size_t pool = build.body_size();
    const auto source = build.tensor_of(build.at(pool).input);
    const auto gradient = build.new_tensor(build.at(pool).in);
    build.emit({.kind = operation_kind::head, .layer = pool + 1, .source = source, .target = gradient});
    backward_pass(build).run(build.at(pool).input, gradient);
    return build.finish();
}

program compile_statistics(const network_spec &spec) {
    builder build(spec);
    forward_training(build);
    auto made = build.finish();
    while (made.phases.back().normalised.empty()) made.phases.pop_back();
    return made;
}

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
    const bool is_add = each.kind == layer_kind::add;
    operation next{.kind = is_add ? operation_kind::add : operation_kind::normalise,
                   .layer = index,
                   .source = build.tensor_of(each.input)};
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
