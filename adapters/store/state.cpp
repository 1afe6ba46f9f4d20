#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/state.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <cmath>

namespace lipt::adapters {
namespace {

constexpr std::string_view momentum_prefix = "momentum.";

std::string listed(std::span<const std::size_t> shape) {
    std::string result = "(";
    for (const auto extent : shape) result += text(result.size() > 1 ? "," : "", extent);
    return result + ")";
}

/// Reads one value a weight of the layout, from the tensors "<prefix><name>".
std::vector<float> read_all(const safetensors_file &file, const network_spec &spec, std::string_view prefix) {
    // Every shape is checked before the vector is allocated.
    for (const auto &wanted : spec.weights) {
        const auto &stored = file.at(text(prefix, wanted.name));
        require(stored.type == tensor_type_of<float>() && stored.shape == wanted.shape, "F23",
                "weights: tensor '", stored.name, "' of '", file.path().string(), "' is ", stored.type, " ",
                listed(stored.shape), ", expected F32 ", listed(wanted.shape), " for ", spec.name,
                ": take weights of the same network");
    }
    std::vector<float> values(spec.state_size());
    for (const auto &wanted : spec.weights) {
        const std::span<float> out(values.data() + wanted.offset, wanted.size);
        file.read(text(prefix, wanted.name), out);
        require(std::all_of(out.begin(), out.end(), [](float value) { return std::isfinite(value); }), "F26",
                "weights: tensor '", prefix, wanted.name, "' of '", file.path().string(),
                "' holds NaN or infinity: the training diverged or the file is damaged");
    }
    return values;
}

/// True where a stored name is a weight of the network, or its momentum.
bool belongs(const network_spec &spec, std::string_view name) {
    if (name.starts_with(momentum_prefix)) name.remove_prefix(momentum_prefix.size());
    return std::any_of(spec.weights.begin(), spec.weights.end(),
                       [&](const auto &entry) { return entry.name == name; });
}

} // namespace

void save_state(const std::filesystem::path &path, const network_spec &spec, std::span<const float> weights,
                const tensor_metadata &metadata, std::span<const float> momentum) {
    check_state(spec, weights);
    check_momentum(spec, momentum);
    std::vector<named_tensor> tensors;
    const auto add = [&](std::string_view prefix, std::span<const float> values) {
        for (const auto &entry : spec.weights) {
            tensors.push_back(named_tensor::of<float>(text(prefix, entry.name), entry.shape,
                                                      values.subspan(entry.offset, entry.size)));
        }
    };
    add("", weights);
    if (!momentum.empty()) add(momentum_prefix, momentum);
    write_safetensors(path, tensors, metadata);
}

std::string fingerprint_of(const training_state &state) {
    const auto weights = checksum_of(std::as_bytes(std::span(state.weights)));
    if (state.momentum.empty()) return weights;
    return weights + checksum_of(std::as_bytes(std::span(state.momentum)));
}

void require_whole(const std::filesystem::path &path, const stored_state &stored) {
    const auto fingerprint = stored.metadata.find("fingerprint");
    require(fingerprint != stored.metadata.end() && fingerprint->second == fingerprint_of(stored.state),
            "F27", "file: the weights in '", path.string(),
            "' are not those that were written there: the file is damaged; delete it to make it again");
}

stored_state load_state(const std::filesystem::path &path, const network_spec &spec) {
    const safetensors_file file(path);
    bool has_momentum = false;
    for (const auto &stored : file.tensors()) {
        if (stored.type != tensor_type_of<float>()) continue;
        require(belongs(spec, stored.name), "F25", "weights: '", path.string(), "' holds a tensor '",
                stored.name, "' that ", spec.name, " does not have: take weights of the same network");
        has_momentum |= stored.name.starts_with(momentum_prefix);
    }
    stored_state result{.state = {.weights = read_all(file, spec, "")}, .metadata = file.metadata()};
    if (has_momentum) result.state.momentum = read_all(file, spec, momentum_prefix);
    return result;
}

} // namespace lipt::adapters
