#include <lipt/select/named_method.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

BOOST_AUTO_TEST_SUITE(named_method)

BOOST_AUTO_TEST_CASE(a_name_is_a_method_or_a_scorer_and_its_sampler) {
    lipt::select_options options;
    options.seed = 7;
    options.sampler.kind = lipt::sampler_kind::beta;
    const auto plain = lipt::method_of("grand", options);
    BOOST_TEST(plain.info.name == "grand");
    BOOST_TEST((plain.options.sampler.kind == lipt::sampler_kind::beta)); // as set
    const auto sampled = lipt::method_of("el2n/ccs", options);
    BOOST_TEST(sampled.name == "el2n/ccs");
    BOOST_TEST(sampled.info.name == "el2n");
    BOOST_TEST((sampled.options.sampler.kind == lipt::sampler_kind::ccs));
    BOOST_TEST(sampled.options.seed == 7u);
    BOOST_TEST((lipt::method_of("el2n/top-k", options).options.sampler.kind == lipt::sampler_kind::top_k));
    BOOST_TEST((lipt::method_of("el2n/d2", options).options.sampler.kind == lipt::sampler_kind::d2));
    BOOST_TEST(sampled.options.sampler.ccs.cutoff == 0.3);
    BOOST_TEST(lipt::method_of("el2n/ccs:0.6", options).options.sampler.ccs.cutoff == 0.6);
    BOOST_TEST(lipt::method_of("el2n/d2:10", options).options.sampler.d2.neighbours == 10u);
    BOOST_TEST(lipt::method_of("el2n/beta:8", options).options.sampler.beta.concentration == 8.0);
}

BOOST_AUTO_TEST_CASE(what_is_no_method_is_refused) {
    const auto id = [](const char *name) { return lipt_test::error_id([&] { lipt::method_of(name, {}); }); };
    BOOST_TEST(id("") == "LIPT-C01");
    BOOST_TEST(id("magic") == "LIPT-C01");
    BOOST_TEST(id("/ccs") == "LIPT-C01");
    BOOST_TEST(id("el2n/") == "LIPT-C40");
    BOOST_TEST(id("el2n/css") == "LIPT-C40");
    BOOST_TEST(id("el2n/ccs/d2") == "LIPT-C40");
    BOOST_TEST(id("el2n/ccs:") == "LIPT-C40");
    BOOST_TEST(id("el2n/ccs:half") == "LIPT-C40");
    BOOST_TEST(id("el2n/top-k:1") == "LIPT-C40");
    BOOST_TEST(id("el2n/ccs:1") == "LIPT-C17");
    BOOST_TEST(id("el2n/d2:0") == "LIPT-C17");
    BOOST_TEST(id("facility-location/ccs") == "LIPT-C40"); // it does not score one by one
}

BOOST_AUTO_TEST_SUITE_END()
