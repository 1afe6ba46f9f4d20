#include <lipt/adapters/cli/run_network.hpp>
#include <lipt/adapters/store/fingerprint.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/state.hpp>
#include <lipt/chosen.hpp>

#include <string>

namespace lipt::adapters {
namespace {

bool is_module_name(const std::string &name) { return name.ends_with(".pt"); }

} // namespace

bool is_module(const run_settings &settings) { return is_module_name(settings.network); }

network_spec describe(const run_settings &settings, network_options input) {
    require(settings.head.empty() || is_module(settings), "U50",
            "settings: --head is for a TorchScript file, the network is ", settings.network);
    input.last_layer = settings.head;
    return chosen::describe_network(settings.network, input);
}

nlohmann::json module_description(const run_settings &settings) {
    if (!is_module(settings)) return nullptr;
    return {{"fingerprint", sampled_fingerprint(mapped_file(settings.network).bytes())}};
}

std::vector<float> start_weights(const run_settings &settings, const network_spec &spec) {
    const auto &file = settings.init_weights;
    return is_module_name(file) ? chosen::module_weights(file, spec) : load_state(file, spec).state.weights;
}

} // namespace lipt::adapters
