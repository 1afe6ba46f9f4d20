// Models of finished runs for the report's tests, and the writing of one as a run directory.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace lipt_test {

inline nlohmann::json stage(const std::string &name, double wall_s, double forward, double backward) {
    return {{"name", name},
            {"wall_s", wall_s},
            {"cpu_s", 2 * wall_s},
            {"samples_read", forward},
            {"forward", forward},
            {"backward", backward},
            {"bytes_to_workers", 2048},
            {"bytes_from_workers", 1024},
            {"peak_mib", 300}};
}

/// A run with all its parts: three classes, five ingredients of which two were kept, one worker refused.
inline nlohmann::json full_model(const std::string &name = "LiPT") {
    nlohmann::json model;
    model["name"] = name;
    model["config"] = {{"version", 1},
                       {"lipt", "0.1.0"},
                       {"settings",
                        {{"pretrain", "lipt"},
                         {"selector", "grand"},
                         {"network", "resnet8"},
                         {"fraction", 0.1},
                         {"epochs", 3},
                         {"seed", 7},
                         {"batch-size", 256},
                         {"minibatches", 1}}},
                       {"data",
                        {{"name", "Fashion-MNIST"},
                         {"fingerprint", "91f0c2d7"},
                         {"train", 60000},
                         {"test", 10000},
                         {"classes", 3},
                         {"shape", {1, 2, 2}},
                         {"class_names", {"Shirt", "Bag", "Boot"}}}}};
    model["result"] = {
        {"version", 1},
        {"name", name},
        {"accuracy", {{"final", 0.8716}, {"best", 0.8731}}},
        {"subset",
         {{"size", 6000},
          {"fraction", 0.1},
          {"class_counts", {2100, 2000, 1900}},
          {"available", {20000, 20000, 20000}}}},
        {"stages",
         {stage("initialize", 10, 60000, 60000), stage("local", 2, 12800, 12800), stage("merge", 1, 40000, 0),
          stage("features", 3, 60000, 0), stage("select", 0.5, 0, 0), stage("train", 40, 120000, 120000)}}};
    model["soup"] = {{"method", "greedy"},
                     {"theta_star_accuracy", 0.426},
                     {"accuracy", 0.566},
                     {"scored_images", 1200},
                     {"evaluations", 33},
                     {"ingredients",
                      {{{"worker", 3},
                        {"density", 0.91},
                        {"accuracy", 0.528},
                        {"order", 1},
                        {"alpha", 1.0},
                        {"before", 0.426},
                        {"after", 0.528},
                        {"kept", true},
                        {"reason", "best worker"}},
                       {{"worker", 0},
                        {"density", 0.88},
                        {"accuracy", 0.51},
                        {"order", 2},
                        {"alpha", 0.4},
                        {"before", 0.528},
                        {"after", 0.566},
                        {"kept", true},
                        {"reason", "improves the soup"}},
                       {{"worker", 1},
                        {"density", 0.86},
                        {"accuracy", 0.48},
                        {"order", 3},
                        {"alpha", 0.0},
                        {"before", 0.566},
                        {"after", 0.566},
                        {"kept", false},
                        {"reason", "no share of it helps"}}}},
                     {"refused", {{{"worker", 7}, {"reason", "file is truncated"}}}}};
    model["epochs"] = {{{"epoch", 1}, {"loss", 1.25}, {"learning_rate", 0.1}, {"accuracy", 0.61}},
                       {{"epoch", 2}, {"loss", 0.75}, {"learning_rate", 0.05}},
                       {{"epoch", 3}, {"loss", 0.5}, {"learning_rate", 0.01}, {"accuracy", 0.8716}}};
    model["weights"] = {{"min", 0.5}, {"max", 2.0}, {"mean", 1.0}};
    model["sheets"] = {{{"title", "Highest scores"},
                        {"images",
                         {{{"index", 41},
                           {"label", 2},
                           {"score", 3.25},
                           {"kept", true},
                           {"png", "data:image/png;base64,AAAA"}}}}}};
    return model;
}

/// A random subset without pre-training: no soup, no scores.
inline nlohmann::json random_model() {
    auto model = full_model("random");
    model["config"]["settings"]["pretrain"] = "none";
    model["config"]["settings"]["selector"] = "random";
    model["result"]["accuracy"] = {{"final", 0.8522}, {"best", 0.856}};
    model["result"]["stages"] = {stage("select", 0, 0, 0), stage("train", 40, 120000, 120000)};
    for (const char *part : {"soup", "weights", "sheets"}) model.erase(part);
    return model;
}

/// The same selector after conventional pre-training.
inline nlohmann::json conventional_model() {
    auto model = full_model("conventional");
    model["config"]["settings"]["pretrain"] = "full";
    model["result"]["accuracy"] = {{"final", 0.8641}, {"best", 0.8669}};
    model["result"]["stages"] = {stage("pretrain", 130, 600000, 600000), stage("features", 3, 60000, 0),
                                 stage("select", 0.5, 0, 0), stage("train", 40, 120000, 120000)};
    model.erase("soup");
    return model;
}

} // namespace lipt_test
