#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/worker_file.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/tiny_worker.hpp>

#include <limits>

namespace {

using namespace lipt::adapters;
using lipt_test::error_id;

struct fixture {
    lipt::network_spec spec = lipt_test::tiny_network();
    upload_identity identity{.worker = 2, .config = "c0ffee", .theta_star = "57a7"};
    lipt::worker_upload upload = lipt_test::tiny_upload();

    lipt::worker_upload parsed(const std::string &file) const {
        return parse_worker(std::as_bytes(std::span(file)), "test", spec, identity);
    }
    std::string id_of(const std::string &file) const {
        return error_id([&] { parsed(file); });
    }
    /// Another program's file with these facts, mask and values.
    std::string foreign(const std::string &facts, const std::vector<std::uint8_t> &mask,
                        const std::vector<float> &values) const {
        const std::vector<named_tensor> tensors{
            named_tensor::of<float>("values", {values.size()}, values),
            named_tensor::of<std::uint8_t>("keep_mask", {mask.size()}, mask)};
        return pack_sealed(tensors,
                           {{"config", "c0ffee"}, {"theta_star", "57a7"}, {"worker", "2"}, {"facts", facts}},
                           "test");
    }
};

const std::string good_facts =
    R"({"size":9,"masked":true,"density":1,"loss":1,"samples":1,"cost":{"name":"local","forward":1,"backward":1}})";

} // namespace

BOOST_FIXTURE_TEST_SUITE(worker_file, fixture)

BOOST_AUTO_TEST_CASE(an_upload_comes_back_but_for_its_times) {
    const auto file = pack_worker(upload, spec, identity);
    const auto back = parsed(file);
    BOOST_TEST((back.result.weights == upload.result.weights));
    BOOST_TEST((back.result.keep_mask == upload.result.keep_mask));
    BOOST_TEST(back.result.density == upload.result.density);
    BOOST_TEST(back.result.loss == upload.result.loss);
    BOOST_TEST(back.result.samples == upload.result.samples);
    BOOST_TEST(back.cost.samples_read == upload.cost.samples_read);
    BOOST_TEST(back.cost.wall_s == 0);
    BOOST_TEST(back.refused.empty());
    // Made again, on whatever machine and in whatever time, it has the same bytes.
    upload.cost.wall_s = 99, upload.cost.cpu_s = 98, upload.cost.peak_mib = 97;
    BOOST_TEST(pack_worker(upload, spec, identity) == file);
}

BOOST_AUTO_TEST_CASE(a_dense_upload_comes_back) {
    upload.result.keep_mask.clear();
    const auto back = parsed(pack_worker(upload, spec, identity));
    BOOST_TEST((back.result.weights == upload.result.weights));
    BOOST_TEST(back.result.keep_mask.empty());
}

BOOST_AUTO_TEST_CASE(one_of_anything_else_is_refused) {
    const auto with = [&](const upload_identity &other) { return id_of(pack_worker(upload, spec, other)); };
    BOOST_TEST(with({.worker = 3, .config = "c0ffee", .theta_star = "57a7"}) == "LIPT-R08");
    BOOST_TEST(with({.worker = 2, .config = "decaf", .theta_star = "57a7"}) == "LIPT-R05");
    BOOST_TEST(with({.worker = 2, .config = "c0ffee", .theta_star = "57a8"}) == "LIPT-R11");
    auto larger = spec;
    larger.weights[1].size = 4;
    upload.result.weights.push_back(1), upload.result.keep_mask.push_back(1);
    BOOST_TEST(id_of(pack_worker(upload, larger, identity)) == "LIPT-R07");
}

BOOST_AUTO_TEST_CASE(what_a_file_says_of_itself_is_shown_as_plain_text) {
    const std::vector<named_tensor> none;
    const auto file =
        pack_sealed(none, {{"worker", "\033[31m\nworker 0 is fine" + std::string(4000, 'x')}}, "test");
    try {
        parsed(file);
        BOOST_ERROR("it was accepted");
    } catch (const lipt::error &failure) {
        const std::string_view said = failure.what();
        BOOST_TEST(said.find("?[31m?worker 0 is fine") != std::string_view::npos, said);
        BOOST_TEST(said.size() < 600u);
    }
}

BOOST_AUTO_TEST_CASE(weights_that_are_not_finite_are_neither_written_nor_read) {
    upload.result.weights[3] = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(error_id([&] { pack_worker(upload, spec, identity); }) == "LIPT-T02");
    const float infinity = std::numeric_limits<float>::infinity();
    BOOST_TEST(id_of(foreign(good_facts, {0xFF, 1}, {1, 2, 3, 4, 5, 6, 7, 8, infinity})) == "LIPT-T02");
}

BOOST_AUTO_TEST_CASE(mask_values_and_facts_must_fit) {
    BOOST_TEST(id_of(foreign(good_facts, {0xFF, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9})).empty());
    BOOST_TEST(id_of(foreign(good_facts, {0xFF, 1}, {1, 2, 3, 4, 5, 6, 7, 8})) == "LIPT-P06");
    BOOST_TEST(id_of(foreign(good_facts, {0x0F, 0}, {1, 2, 3, 4, 5})) == "LIPT-P06");
    BOOST_TEST(id_of(foreign(good_facts, {0xFF}, {1, 2, 3, 4, 5, 6, 7, 8})) == "LIPT-F23");
    BOOST_TEST(id_of(foreign("{}", {0xFF, 1}, {})) == "LIPT-R03");
    BOOST_TEST(id_of(foreign("[", {0xFF, 1}, {})) == "LIPT-R03");
    // Counts are summed and shown: they must be such as training makes.
    for (const char *wrong : {R"("samples":2,)", R"("samples":1152921504606846976,)"}) {
        auto other = good_facts;
        other.replace(other.find(R"("samples":1,)"), 12, wrong);
        BOOST_TEST(id_of(foreign(other, {0xFF, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9})) == "LIPT-R03", wrong);
    }
    // A size that no file can hold is refused before anything is allocated.
    auto huge = good_facts;
    huge.replace(huge.find(":9,"), 3, ":999999999999,");
    BOOST_TEST(id_of(foreign(huge, {0xFF, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9})) == "LIPT-R07");
}

BOOST_AUTO_TEST_SUITE_END()
