#include <lipt/adapters/store/selection_state.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <vector>

namespace {

using lipt::pool_picks;
using lipt::adapters::selection_state;
using lipt_test::content_of;
using lipt_test::error_id;

const pool_picks first{.order = {2, 0}, .weights = {0.5f, 1.5f}, .scores = {1, 2, 3}};
const pool_picks second{.order = {1}};

/// Whether a state has a pool of that many members, with these picks.
bool has(const selection_state &state, std::size_t pool, std::size_t members, const pool_picks &expected) {
    pool_picks picks;
    return state.recall(pool, members, picks) && picks.order == expected.order &&
           picks.weights == expected.weights && picks.scores == expected.scores;
}

struct fixture {
    lipt_test::temporary_directory folder;
    std::filesystem::path path = folder / "subset.npy.state";
    fixture() {
        selection_state state(path, "key");
        state.remember(0, first);
        state.remember(5, second);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(state_of_a_selection, fixture)

BOOST_AUTO_TEST_CASE(what_was_done_is_recalled_under_the_same_key) {
    {
        selection_state state(path, "key");
        BOOST_TEST(state.size() == 2u);
        BOOST_TEST(!state.begun_anew());
        BOOST_TEST(has(state, 0, 3, first));
        BOOST_TEST(has(state, 5, 2, second));
        pool_picks picks;
        BOOST_TEST(!state.recall(1, 3, picks));
        BOOST_TEST(!state.recall(0, 2, picks)); // position 2 of a pool of 2
        BOOST_TEST(!state.recall(5, 1, picks));
        BOOST_TEST(!state.recall(0, 4, picks)); // three scores for four
        state.remember(6, first);
    }
    selection_state state(path, "key");
    BOOST_TEST(state.size() == 3u);
    state.remove();
    BOOST_TEST(folder.entries() == 0);
}

BOOST_AUTO_TEST_CASE(another_key_begins_anew) {
    {
        selection_state state(path, "other key");
        BOOST_TEST(state.begun_anew());
        BOOST_TEST(state.size() == 0u);
    }
    BOOST_TEST(selection_state(path, "key").size() == 0u);
}

BOOST_AUTO_TEST_CASE(cut_at_any_byte_it_keeps_the_whole_records) {
    const auto whole = content_of(path);
    const std::size_t head = 8 + 8 + 3 + 8;
    const std::size_t one = head + 32 + 2 * 8 + 2 * 4 + 3 * 4 + 8;
    BOOST_TEST(whole.size() == one + 32 + 8 + 8);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        folder.write("subset.npy.state", whole.substr(0, length));
        selection_state state(path, "key");
        BOOST_REQUIRE(state.size() == (length < one ? 0u : 1u));
        state.remember(5, second);
        BOOST_REQUIRE(content_of(path).size() == (length < one ? head : one) + 48);
    }
    BOOST_TEST(content_of(path) == whole);
}

BOOST_AUTO_TEST_CASE(a_damaged_byte_drops_what_follows) {
    const auto whole = content_of(path);
    for (std::size_t place = 27; place < whole.size(); ++place) {
        auto damaged = whole;
        damaged[place] ^= 0x40;
        folder.write("subset.npy.state", damaged);
        BOOST_REQUIRE(selection_state(path, "key").size() <= 1u);
    }
}

BOOST_AUTO_TEST_CASE(one_process_at_a_time_and_never_over_a_file_of_another_kind) {
    {
        const selection_state state(path, "key");
        BOOST_TEST(error_id([&] { selection_state(path, "key"); }) == "LIPT-F05");
    }
    folder.write("subset.npy.state", "my notes");
    BOOST_TEST(error_id([&] { selection_state(path, "key"); }) == "LIPT-F06");
    BOOST_TEST(content_of(path) == "my notes");
    BOOST_TEST(error_id([&] { selection_state(folder.path(), "key"); }) == "LIPT-F02");
    BOOST_TEST(error_id([&] { selection_state(folder / "absent" / "state", "key"); }) == "LIPT-F02");
}

BOOST_AUTO_TEST_SUITE_END()
