// What exchange.py holds against torchvision: loads weights, evaluates images, saves the weights again.
//   exchange NETWORK CLASSES WEIGHTS.safetensors PIXELS.npy LOGITS.npy SAVED.safetensors
// shapes: pixels (N,3,h,w) uint8, logits (N,C) float32
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/state.hpp>

#include <backend.hpp>

#include <array>
#include <cstdio>
#include <span>
#include <string>

int main(int count, char **words) {
    if (count != 7) return 2;
    try {
        const auto pixels = lipt::adapters::read_npy<std::uint8_t>(words[4]);
        const auto spec =
            lipt::make_network(words[1], {.image = {pixels.shape[1], pixels.shape[2], pixels.shape[3]},
                                          .classes = std::stoul(words[2]),
                                          .mean = {0.485f, 0.456f, 0.406f},
                                          .deviation = {0.229f, 0.224f, 0.225f}});
        auto made = lipt_test::backend::training::make(spec, {.threads = 2});
        made.load(lipt::adapters::load_state(words[3], spec).state.weights, {});
        const auto logits = made.forward(pixels.values, pixels.shape[0]).logits;
        lipt::adapters::write_npy<float>(words[5], std::span(logits.data(), logits.size()),
                                         std::array{logits.shape(0), logits.shape(1)});
        lipt::adapters::save_state(words[6], spec, made.read().weights);
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
