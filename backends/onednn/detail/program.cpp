// The programs of training: forward and backward, and the forward pass for statistics alone.
#include "program.hpp"

#include "program_builder.hpp"

#include <algorithm>

namespace lipt::onednn::detail {
namespace {

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
        operation next{.kind = kind_of(each), .layer = i};
        if (each.kind == layer_kind::max_pool) {
            build.read_pooled(next);
        } else {
            next.source = build.tensor_of(each.input);
        }
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
            case layer_kind::max_pool:
                max_pool(i);
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

    void max_pool(std::size_t index) {
        merge(index, 1);
        operation next{.kind = operation_kind::backward_pool, .layer = index};
        build_.read_pooled(next);
        next.gradient = pending_[index + 1][0];
        next.target = build_.new_tensor(build_.at(index).in);
        build_.emit(next);
        pending_[build_.at(index).input].push_back(next.target);
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

} // namespace lipt::onednn::detail
