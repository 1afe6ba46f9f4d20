// What runs every convolution of the networks that people train: printed, and none of it a loop that is there
// for reference or for want of a better one.
#include <lipt/backends/onednn/detail/convolution.hpp>
#include <lipt/network/network.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <string>

namespace {

using namespace lipt::onednn::detail;

void check_name(const std::string &name, const std::string &where) {
    BOOST_TEST(!name.empty(), where << " is run by nothing");
    for (const std::string slow : {"ref", "gemm"}) {
        // Below AVX2 oneDNN has no other gradients: the backend's page says so.
        BOOST_TEST((name.find(slow) == std::string::npos || !has_vectors()), where << " is run by " << name);
    }
}

/// Prints and checks the passes of all convolutions of a network.
void check_network(const std::string &network, purpose use) {
    const auto spec = lipt::make_network(network, {.image = {3, 32, 32}});
    std::printf("%s%s\n", network.c_str(), use == purpose::evaluation ? ", evaluation" : "");
    std::size_t checked = 0;
    for (const auto &layer : spec.layers) {
        if (layer.kind != lipt::layer_kind::convolution) continue;
        convolution each(layer, {.use = use}, 1);
        each.prepare(16);
        const auto &entry = spec.weights[layer.weights].name;
        const auto &names = each.names();
        std::printf("  %-28s %-28s %-28s %s\n", entry.c_str(), names.forward.c_str(), names.data.c_str(),
                    names.weights.c_str());
        const std::string where = network + " " + entry;
        check_name(names.forward, where + ", forward");
        if (use == purpose::training) {
            if (layer.input != 0) check_name(names.data, where + ", data gradient");
            check_name(names.weights, where + ", weight gradient");
        }
        ++checked;
    }
    BOOST_TEST(checked > 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(onednn_convolution)

BOOST_AUTO_TEST_CASE(no_pass_of_resnet18_is_run_by_a_slow_loop) {
    check_network("resnet18", purpose::training);
    check_network("resnet18", purpose::evaluation);
}

BOOST_AUTO_TEST_CASE(no_pass_of_resnet20_is_run_by_a_slow_loop) {
    check_network("resnet20", purpose::training);
    check_network("resnet20", purpose::evaluation);
}

/// The wide 3x3 layers are Winograd's in every pass, and the strided ones oneDNN's.
BOOST_AUTO_TEST_CASE(the_wide_stages_of_resnet18_are_run_by_winograds_method) {
    const std::string wanted = channel_block() == 16 ? "lipt:winograd_avx512" : "lipt:winograd_avx2";
    std::size_t found = 0;
    for (const auto &layer : lipt::make_network("resnet18", {.image = {3, 32, 32}}).layers) {
        if (layer.kind != lipt::layer_kind::convolution || layer.input == 0) continue;
        convolution each(layer, {}, 1);
        each.prepare(16);
        const bool wide = layer.kernel == 3 && layer.stride == 1 && has_vectors();
        found += wide;
        for (const auto &name : {each.names().forward, each.names().data, each.names().weights})
            BOOST_TEST((name == wanted) == wide, "of " << layer.in.channels << " channels: " << name);
    }
    BOOST_TEST(found == (has_vectors() ? 13 : 0));
}

BOOST_AUTO_TEST_SUITE_END()
