#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/read_images.hpp>
#include <support/toy_pipeline.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(pipeline_)

namespace {

using training = lipt_test::backend::training;
const auto tensor = lipt_test::tensor_on_device<lipt_test::backend::tensor>();

using setup = lipt_test::toy_pipeline;

} // namespace

BOOST_AUTO_TEST_CASE(every_stage_leaves_its_output_and_its_cost) {
    const setup s;
    lipt::memory_store store;
    const auto result = s.run(store);
    BOOST_TEST(result.subset.indices.size() == 48u);
    BOOST_TEST(result.subset.scores.size() == 240u);
    BOOST_TEST(store.states.contains("theta_star"));
    BOOST_TEST(store.states.contains("soup"));
    BOOST_TEST(store.states.contains("final"));
    BOOST_TEST(store.workers.size() == 3u);
    const auto context = s.context();
    BOOST_TEST(context.held_out.size() == 24u);
    // 216 samples in 14 batches of 16; half an epoch is 7 of them.
    BOOST_TEST(store.costs.at("initialize").backward == 7u * 16u);
    BOOST_TEST(store.costs.at("local").backward == 3u * 2u * 32u);
    BOOST_TEST(store.costs.at("merge").forward == (store.merged->evaluations + 2) * (32u + 24u) - 24u);
    BOOST_TEST(store.costs.at("features").forward == 240u);
    BOOST_TEST(store.costs.at("train").backward == 3u * 48u);
    BOOST_TEST(result.trained.history.size() == 3u);
    BOOST_TEST(result.trained.history.back().accuracy.has_value());
    BOOST_TEST(store.merged->ingredients.size() == 3u);
    BOOST_TEST(store.merged->accuracy >= store.merged->ingredients.front().score_alone);
}

BOOST_AUTO_TEST_CASE(the_pipeline_learns) {
    setup s;
    s.settings.main.epochs = 8;
    s.settings.fraction = 0.5;
    s.settings.selector = "stratified";
    lipt::memory_store store;
    BOOST_TEST(s.run(store).trained.history.back().accuracy.value() > 0.8); // chance is 0.33
}

BOOST_AUTO_TEST_CASE(a_run_that_lost_any_of_its_outputs_ends_the_same) {
    const setup s;
    lipt::memory_store whole;
    const auto expected = s.run(whole);
    using change = void (*)(lipt::memory_store &);
    const change losses[] = {
        [](lipt::memory_store &m) { m.states.erase("final"); },
        [](lipt::memory_store &m) { m.checkpoints.erase("train"); },
        [](lipt::memory_store &m) { m.selections.clear(), m.checkpoints.erase("train"); },
        [](lipt::memory_store &m) { m.states.erase("soup"), m.selections.clear(), m.checkpoints.clear(); },
        [](lipt::memory_store &m) {
            m.states.erase("soup"), m.workers.erase(1), m.selections.clear(), m.checkpoints.clear();
        },
        [](lipt::memory_store &m) { m.checkpoints.at("train").epochs = 3; },
    };
    for (const auto lose : losses) {
        auto store = whole;
        lose(store);
        const auto again = s.run(store);
        BOOST_TEST((again.subset.indices == expected.subset.indices));
        BOOST_TEST((again.trained.state.weights == expected.trained.state.weights));
        for (const auto &[name, cost] : whole.costs)
            BOOST_TEST(store.costs.at(name).forward == cost.forward, name);
    }
}

BOOST_AUTO_TEST_CASE(images_that_are_read_give_what_images_in_memory_give) {
    setup s;
    lipt_test::read_images read(s.train.view()), read_test(s.test.view());
    for (const char *selector : {"grand", "auto"}) {
        s.settings.selector = selector;
        s.settings.local.prune.method = lipt::prune_method::snip;
        lipt::memory_store held, decoded;
        const auto expected = s.run(held);
        const auto context = lipt_test::toy_context(read.view(), read_test.view(), s.settings);
        const auto result = lipt::run_pipeline<training>(context, tensor, decoded);
        BOOST_TEST((result.subset.indices == expected.subset.indices));
        BOOST_TEST((result.subset.scores == expected.subset.scores));
        BOOST_TEST((result.trained.state.weights == expected.trained.state.weights));
        BOOST_TEST((decoded.states == held.states));
        BOOST_TEST((result.trained.history.back().accuracy == expected.trained.history.back().accuracy));
        BOOST_TEST(decoded.costs.at("features").forward == held.costs.at("features").forward);
    }
    BOOST_TEST(read.boxes.empty());
    BOOST_TEST(read_test.total > 0u);
}

BOOST_AUTO_TEST_CASE(scores_and_outputs_do_not_depend_on_the_blocks) {
    const setup s;
    lipt_test::read_images read(s.test.view());
    auto backend = training::make(s.context().spec, lipt_test::on_device());
    backend.load(lipt::initial_weights(s.context().spec, 1), {});
    lipt::reestimate_statistics(backend, s.train.view(), 64, 32);
    const auto held = backend.read().weights;
    const auto expected = lipt::outputs_on(backend, s.test.view());
    const double share = lipt::accuracy_on(backend, s.test.view());
    BOOST_TEST(share == lipt::accuracy(expected.logits, s.test.view().labels));
    for (const std::size_t block : {std::size_t{1}, std::size_t{7 * 64}, lipt::block_bytes}) {
        read.most = 0;
        const auto some = lipt::outputs_on(backend, read.view(), block);
        BOOST_TEST((some.logits == expected.logits));
        BOOST_TEST((some.embeddings == expected.embeddings));
        BOOST_TEST(lipt::accuracy_on(backend, read.view(), block) == share);
        BOOST_TEST(read.most == (block == 1 ? 1u : block == 7 * 64 ? 7u : 60u));
    }
    lipt_test::read_images train(s.train.view());
    lipt::reestimate_statistics(backend, train.view(), 64, 32);
    BOOST_TEST((backend.read().weights == held));
    BOOST_TEST(train.most == 32u);
}

BOOST_AUTO_TEST_CASE(a_training_goes_on_from_its_checkpoint_bit_for_bit) {
    const setup s;
    const auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    const lipt::training_task task{
        .name = "t", .set = context.train, .options = s.settings.main, .streams = {.seed = 9}};
    const auto source = lipt::every_epoch({.indices = context.pool});
    const auto weights = lipt::initial_weights(context.spec, 1);
    lipt::memory_store through, halted;
    const auto expected = lipt::run_training(backend, task, weights, source, through);

    auto shorter = task; // the same schedule, left after two epochs
    backend.load(weights, {});
    lipt::checkpoint two;
    lipt::train(backend, task.set, task.options, task.streams, source, [&](const lipt::epoch_report &report) {
        if (report.epoch == 2) two.epochs = 2, two.state = backend.read();
    });
    halted.save_checkpoint("t", two);
    const auto resumed = lipt::run_training(backend, shorter, weights, source, halted);
    BOOST_TEST((resumed.state.weights == expected.state.weights));
    BOOST_TEST((resumed.state.momentum == expected.state.momentum));
}

BOOST_AUTO_TEST_CASE(workers_are_pure_and_may_come_in_any_order) {
    const setup s;
    const auto context = s.context();
    lipt::memory_store forwards, backwards;
    auto backend = training::make(context.spec, lipt_test::on_device());
    const auto theta_star = lipt::initialize(context, backend, forwards);
    const auto shards = lipt::plan(context, forwards);
    lipt::plan(context, backwards);
    for (std::size_t w = 0; w < 3; ++w)
        lipt::work<training>(context, tensor, theta_star, shards, w, forwards);
    for (std::size_t w = 3; w-- > 0;) lipt::work<training>(context, tensor, theta_star, shards, w, backwards);
    for (std::size_t w = 0; w < 3; ++w) {
        const auto &result = forwards.workers.at(w).result;
        BOOST_TEST((result.weights == backwards.workers.at(w).result.weights));
        BOOST_TEST(result.density >= 0.85 - 1e-3);
        BOOST_TEST(result.density <= 0.95 + 1e-3);
        for (std::size_t i = 0; i < result.weights.size(); ++i) {
            if (result.keep_mask[i] == 0) BOOST_REQUIRE(result.weights[i] == 0);
        }
    }
    BOOST_TEST((forwards.workers.at(0).result.weights != forwards.workers.at(1).result.weights));
}

BOOST_AUTO_TEST_CASE(a_mask_drawn_before_training_is_held) {
    setup s;
    s.settings.local.pruning = lipt::prune_time::before;
    for (const auto method :
         {lipt::prune_method::magnitude, lipt::prune_method::random, lipt::prune_method::snip}) {
        s.settings.local.prune.method = method;
        const auto context = s.context();
        auto backend = training::make(context.spec, lipt_test::on_device());
        const auto start = lipt::initial_weights(context.spec, 1);
        const auto result =
            lipt::train_locally(backend, tensor, context.train, start, 0, s.settings.local, 1);
        std::size_t zeros = 0;
        for (std::size_t i = 0; i < result.weights.size(); ++i) {
            if (result.keep_mask[i] != 0) continue;
            ++zeros;
            BOOST_REQUIRE(result.weights[i] == 0);
        }
        BOOST_TEST(zeros > 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_worker_may_count_steps_and_send_all_its_weights) {
    setup s;
    const auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    const auto start = lipt::initial_weights(context.spec, 1);
    const auto train_on = [&](std::size_t images) {
        lipt::image_batch shard;
        gather(context.train, std::span(context.pool).first(images), shard);
        return lipt::train_locally(backend, tensor, lipt::as_set(shard, context.train), start, 0,
                                   s.settings.local, 1);
    };
    const auto passes = train_on(32); // two passes over two minibatches
    s.settings.local.steps = 4;
    s.settings.local.training.epochs = 9; // not read
    BOOST_TEST((train_on(32).weights == passes.weights));
    s.settings.local.steps = 3;
    BOOST_TEST(train_on(32).samples == 48u);
    BOOST_TEST(train_on(40).samples == 40u); // the last minibatch of a pass is smaller
    s.settings.local.steps = 4;
    s.settings.local.upload = lipt::upload_format::dense;
    const auto dense = train_on(32);
    BOOST_TEST((dense.weights == passes.weights));
    BOOST_TEST(dense.keep_mask.empty());
    BOOST_TEST(dense.density == passes.density);
    BOOST_TEST(lipt::upload_bytes(dense) == 4 * start.size());
    BOOST_TEST(lipt::upload_bytes(passes) < 4 * start.size());
}

BOOST_AUTO_TEST_CASE(the_soup_goes_on_without_a_worker_and_says_so) {
    const setup s;
    lipt::memory_store store;
    const auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    const auto theta_star = lipt::initialize(context, backend, store);
    const auto shards = lipt::plan(context, store);
    BOOST_TEST(lipt_test::error_id([&] { lipt::merge(context, backend, tensor, store); }) == "LIPT-S05");
    lipt::work<training>(context, tensor, theta_star, shards, 0, store);
    lipt::work<training>(context, tensor, theta_star, shards, 2, store);
    // Delivered, but not to be used: what it cost was paid all the same.
    store.workers[1] = {.cost = store.workers[0].cost, .refused = "its weights are not finite"};
    lipt::merge(context, backend, tensor, store);
    BOOST_TEST(store.merged->ingredients.size() == 2u);
    BOOST_TEST(store.merged->refused.size() == 1u);
    BOOST_TEST(store.merged->refused[0].worker == 1u);
    BOOST_TEST(store.merged->refused[0].reason == "its weights are not finite");
    BOOST_TEST(store.costs.at("local").backward == 3 * 2 * 32);
}

BOOST_AUTO_TEST_CASE(a_soup_is_made_again_when_a_missing_worker_has_come) {
    const setup s;
    lipt::memory_store whole, store;
    s.run(whole);
    auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    const auto theta_star = lipt::initialize(context, backend, store);
    const auto shards = lipt::plan(context, store);
    BOOST_TEST(store.shards.size() == 3u);
    for (const std::size_t w : {0u, 2u}) lipt::work<training>(context, tensor, theta_star, shards, w, store);
    context.min_workers = 3;
    BOOST_TEST(lipt_test::error_id([&] { lipt::merge(context, backend, tensor, store); }) == "LIPT-S07");
    BOOST_TEST(!store.merged.has_value());
    context.min_workers = 2;
    lipt::merge(context, backend, tensor, store);
    const auto subset = lipt::select_subset(context, backend, tensor, store);
    lipt::train_on_subset(context, backend, tensor, subset, store);
    BOOST_TEST((lipt::pending_workers(s.settings, store) == std::vector<std::size_t>{1}));
    // Nothing has come: the soup stays, and what was made from it.
    lipt::merge(context, backend, tensor, store);
    BOOST_TEST(store.states.contains("final"));
    // The run does what is missing, and ends like one in which nothing was.
    const auto result = s.run(store);
    BOOST_TEST((store.states.at("soup") == whole.states.at("soup")));
    BOOST_TEST((store.states.at("final") == whole.states.at("final")));
    BOOST_TEST(store.merged->refused.empty());
    BOOST_TEST(lipt::pending_workers(s.settings, store).empty());
    for (const auto &[name, cost] : whole.costs)
        BOOST_TEST(store.costs.at(name).forward == cost.forward, name);
}

BOOST_AUTO_TEST_CASE(conventional_runs_average_their_scores) {
    setup s;
    s.settings.pretrain = lipt::pretrain_kind::full;
    s.settings.full.epochs = 0.5;
    s.settings.full.batch_size = 16;
    s.settings.full_runs = 2;
    s.settings.start = lipt::start_kind::fresh;
    lipt::memory_store both;
    const auto averaged = s.run(both).subset.scores;
    BOOST_TEST(both.costs.at("pretrain").backward == 2u * 7u * 16u);
    BOOST_TEST(both.costs.at("features").forward == 480u);
    s.settings.full_runs = 1;
    lipt::memory_store first;
    const auto one = s.run(first).subset.scores;
    BOOST_TEST((averaged != one));
    s.settings.selector = "gradmatch";
    s.settings.full_runs = 2;
    lipt::memory_store refused;
    BOOST_TEST(lipt_test::error_id([&] { s.run(refused); }) == "LIPT-U18");
}

BOOST_AUTO_TEST_CASE(every_method_and_start_runs_through) {
    for (const char *method :
         {"random", "stratified", "rs2", "el2n", "glister", "gradmatch", "facility-location"}) {
        setup s;
        s.settings.selector = method;
        s.settings.main.epochs = 2;
        s.settings.reselect_every = 1;
        lipt::memory_store store;
        const auto result = s.run(store);
        BOOST_TEST(result.trained.history.size() == 2u);
        BOOST_TEST(std::isfinite(result.trained.history.back().report.loss));
        const std::set<std::int64_t> unique(result.subset.indices.begin(), result.subset.indices.end());
        BOOST_TEST(unique.size() == result.subset.indices.size());
    }
}

BOOST_AUTO_TEST_CASE(held_out_samples_are_ranked_only_where_asked) {
    setup s;
    s.settings.fraction = 1;
    lipt::memory_store with, without;
    BOOST_TEST(s.run(with).subset.indices.size() == 240u);
    s.settings.rank_held_out = false;
    const auto rest = s.run(without).subset;
    BOOST_TEST(rest.indices.size() == 216u);
    BOOST_TEST(std::count_if(rest.scores.begin(), rest.scores.end(), [](float v) { return std::isnan(v); }) ==
               24);
}

BOOST_AUTO_TEST_CASE(impossible_settings_fail_before_any_work) {
    const auto id = [](void (*change)(setup &)) {
        setup s;
        change(s);
        lipt::memory_store store;
        return lipt_test::error_id([&] { s.run(store); });
    };
    BOOST_TEST(id([](setup &s) { s.settings.shards.workers = 100; }) == "LIPT-Q02");
    BOOST_TEST(id([](setup &s) { s.settings.fraction = 0; }) == "LIPT-U11");
    BOOST_TEST(id([](setup &s) { s.settings.fraction = 1.5; }) == "LIPT-U11");
    BOOST_TEST(id([](setup &s) { s.settings.fraction = 1e-5; }) == "LIPT-U11"); // of 240: none
    BOOST_TEST(id([](setup &s) { s.settings.main.momentum = 1; }) == "LIPT-U29");
    BOOST_TEST(id([](setup &s) { s.settings.main.momentum = -0.1f; }) == "LIPT-U29");
    BOOST_TEST(id([](setup &s) { s.settings.main.weight_decay = -1; }) == "LIPT-U29");
    BOOST_TEST(id([](setup &s) { s.settings.main.batch_size = std::size_t{1} << 40; }) == "LIPT-U14");
    BOOST_TEST(id([](setup &s) { s.settings.local.training.augment.rand.operations = 101; }) == "LIPT-U16");
    BOOST_TEST(id([](setup &s) { s.settings.hold_out = 0.001; }) == "LIPT-D06");
    BOOST_TEST(id([](setup &s) { // of 240: two, of three classes
                   s.settings.at_least_one = true;
                   s.settings.fraction = 0.01;
               }) == "LIPT-D25");
    BOOST_TEST(id([](setup &s) { s.settings.local.prune.density_min = 0; }) == "LIPT-P01");
    BOOST_TEST(id([](setup &s) { s.settings.pretrain = lipt::pretrain_kind::none; }) == "LIPT-U13");
    BOOST_TEST(id([](setup &s) { s.settings.main.learning_rate = 1e30f; }) == "LIPT-W02");
}

BOOST_AUTO_TEST_SUITE_END()
