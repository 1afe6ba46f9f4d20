// Settings from flags, a TOML file and a preset, in that order of precedence.
#pragma once

#include <lipt/adapters/cli/settings.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lipt::adapters {

/// The settings of the selection methods as options of one command, for arrays that come without a run.
class method_options {
  public:
    explicit method_options(CLI::App &command);

    /// What was asked for, defaults elsewhere. errors: U03 wrong value
    select_options resolve() const;

  private:
    std::shared_ptr<std::map<std::string, std::string>> given_;
};

/// The settings as options of one command. Parsing fills a list of assignments and changes nothing else, so
/// that a preset that depends on some of them can be laid underneath.
class settings_options {
  public:
    /// Adds every setting, `--preset` and `--config` to the command.
    explicit settings_options(CLI::App &command);

    /// The settings that were asked for. errors: U01 unknown preset, U03 unknown key, wrong value or
    /// unreadable TOML file
    run_settings resolve() const;

  private:
    struct assignment {
        std::string name, value;
        bool from_file = false;
    };
    std::vector<assignment> assignments() const;

    CLI::App &command_;
    std::string preset_ = "recommended";
    std::filesystem::path config_;
    std::shared_ptr<std::map<std::string, std::string>> given_;
};

} // namespace lipt::adapters
