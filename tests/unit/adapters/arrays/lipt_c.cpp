#include <lipt/adapters/arrays/lipt.h>
#include <lipt/adapters/arrays/select.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr std::size_t samples = 90, width = 4;

std::vector<float> embeddings() {
    std::vector<float> values;
    for (std::size_t i = 0; i < samples * width; ++i) values.push_back(static_cast<float>(i * i % 101) / 8);
    return values;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lipt_c)

BOOST_AUTO_TEST_CASE(the_same_as_the_facade) {
    const auto values = embeddings();
    lipt::arrays::select_request asked{.method = "facility-location", .fraction = 0.2};
    asked.embeddings = lipt::arrays::array_view::of(std::span<const float>(values), {samples, width});
    const auto expected = lipt::arrays::select(asked);
    lipt_request *request = lipt_request_new();
    BOOST_TEST(lipt_set(request, "method", "facility-location") == 0);
    BOOST_TEST(lipt_set(request, "fraction", "0.2") == 0);
    BOOST_TEST(lipt_set(request, "similarity", "embeddings") == 0);
    BOOST_TEST(lipt_set_array(request, "embeddings", values.data(), LIPT_FLOAT32, samples, width) == 0);
    lipt_selection *chosen = lipt_select(request);
    BOOST_REQUIRE(chosen != nullptr);
    BOOST_TEST(lipt_selection_count(chosen) == expected.indices.size());
    BOOST_TEST((std::memcmp(lipt_selection_indices(chosen), expected.indices.data(),
                            8 * expected.indices.size()) == 0));
    BOOST_TEST((lipt_selection_weights(chosen) == nullptr));
    BOOST_TEST((lipt_selection_scores(chosen) != nullptr));
    BOOST_TEST(std::string(lipt_selection_report(chosen)).find("facility-location") != std::string::npos);
    lipt_selection_free(chosen);
    lipt_request_free(request);
}

BOOST_AUTO_TEST_CASE(what_fails_is_an_id_and_a_sentence) {
    lipt_request *request = lipt_request_new();
    BOOST_TEST(lipt_set(request, "fracton", "0.2") == 1);
    BOOST_TEST(std::string(lipt_error_id()) == "LIPT-U03");
    BOOST_TEST(lipt_set(request, "fraction", "much") == 1);
    BOOST_TEST(lipt_set(request, "balanced", "yes") == 1);
    BOOST_TEST(lipt_set_file(request, "embedding", "e.npy") == 1);
    BOOST_TEST(lipt_set_file(request, "embeddings", "/nowhere/e.npy") == 0); // opened when it is read
    BOOST_TEST(lipt_set(request, "method", "k-center") == 0);
    BOOST_TEST((lipt_select(request) == nullptr));
    BOOST_TEST(std::string(lipt_error_id()) == "LIPT-F01");
    BOOST_TEST(std::string(lipt_error_sentence()).find("/nowhere/e.npy") != std::string::npos);
    lipt_request_free(request);
    lipt_request_free(nullptr);
    lipt_selection_free(nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
