// What a worker must know of its run: out of config.json alone, since it has no data set.
#pragma once

#include <lipt/adapters/cli/settings.hpp>
#include <lipt/network/network.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>

namespace lipt::adapters {

/// The settings of a run and the network that it trains.
struct worker_terms {
    run_settings settings;
    network_spec network;
};

/// Reads them out of a config.json, which `path` names in errors.
/// errors: R01 it was made with another backend, R03 a field is missing; U-ids of settings, N-ids of networks
worker_terms worker_terms_of(const nlohmann::json &config, const std::filesystem::path &path);

} // namespace lipt::adapters
