#include "tiny_files.hpp"

#include <lipt/adapters/data/dataset.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace {

using lipt::adapters::open_dataset;
using lipt_test::cifar_of;
using lipt_test::idx_of;

void write_fashion(const lipt_test::temporary_directory &folder, bool compressed,
                   const std::string &test_pixels = "xy") {
    const auto write = [&](const std::string &name, const std::string &content) {
        if (compressed)
            folder.write(name + ".gz", lipt_test::gzip_of(content));
        else
            folder.write(name, content);
    };
    write("train-images-idx3-ubyte", idx_of({3, 1, 2}, "abcdef"));
    write("train-labels-idx1-ubyte", idx_of({3}, std::string("\x00\x09\x01", 3)));
    write("t10k-images-idx3-ubyte",
          idx_of({1, 1, static_cast<std::uint32_t>(test_pixels.size())}, test_pixels));
    write("t10k-labels-idx1-ubyte", idx_of({1}, "\x02"));
}

std::string id_of(std::string_view name, const std::filesystem::path &folder) {
    return lipt_test::error_id([&] { open_dataset(name, folder); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(dataset)

BOOST_AUTO_TEST_CASE(fashion_mnist_is_opened_and_its_fingerprint_does_not_see_the_compression) {
    const lipt_test::temporary_directory plain, compressed, changed;
    write_fashion(plain, false);
    write_fashion(compressed, true);
    write_fashion(changed, true, "xz");
    const auto set = open_dataset("fashion-mnist", plain.path());
    BOOST_TEST(set.name == "fashion-mnist");
    BOOST_TEST(set.train.size() == 3u);
    BOOST_TEST(set.test.size() == 1u);
    BOOST_TEST(set.class_names.size() == set.train.classes);
    BOOST_TEST(set.class_names[9] == "9"); // the files may as well be digits
    BOOST_TEST((set.mean.size() == 1 && set.deviation.size() == 1));
    BOOST_TEST(set.fingerprint.size() == 16u);
    BOOST_TEST(set.fingerprint == open_dataset("fashion-mnist", compressed.path()).fingerprint);
    BOOST_TEST(set.fingerprint != open_dataset("fashion-mnist", changed.path()).fingerprint);
}

BOOST_AUTO_TEST_CASE(classes_have_the_names_of_clothes_in_fashion_mnist_alone) {
    const auto fashion = open_dataset("fashion-mnist");
    BOOST_TEST((fashion.class_names.size() == 10 && fashion.class_names[9] == "Ankle boot"));
    const lipt_test::temporary_directory digits;
    write_fashion(digits, true);
    for (const auto &name : open_dataset("fashion-mnist", digits.path()).class_names)
        BOOST_TEST((name.size() == 1 && name[0] >= '0' && name[0] <= '9'), name);
    try {
        open_dataset("mnist", digits.path());
        BOOST_TEST(false, "opened an unknown data set");
    } catch (const lipt::error &failure) {
        BOOST_TEST(std::string(failure.what()).find("fashion-mnist with --data DIR") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(fingerprints_see_labels_and_the_order_of_the_sets) {
    lipt::adapters::labelled_images a{.pixels = {1, 2}, .labels = {0, 1}, .shape = {1, 1, 1}, .classes = 2},
        b = a;
    b.labels[1] = 0;
    using lipt::adapters::fingerprint_of;
    const std::set<std::string> seen{fingerprint_of(a, a), fingerprint_of(a, b), fingerprint_of(b, a),
                                     fingerprint_of(b, b)};
    BOOST_TEST(seen.size() == 4u);
    const auto all_hexadecimal = [](const std::string &digits) {
        return digits.size() == 16 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    };
    BOOST_TEST(std::all_of(seen.begin(), seen.end(), all_hexadecimal));
}

BOOST_AUTO_TEST_CASE(cifar_is_opened_from_either_folder) {
    const lipt_test::temporary_directory outer;
    const auto inner = outer / "cifar-10-batches-bin";
    std::filesystem::create_directory(inner);
    for (int batch = 1; batch <= 5; ++batch) {
        outer.write(lipt::text("cifar-10-batches-bin/data_batch_", batch, ".bin"),
                    cifar_of({std::string(1, static_cast<char>(batch)), "\x09"}));
    }
    outer.write("cifar-10-batches-bin/test_batch.bin", cifar_of({"\x08"}));
    const auto set = open_dataset("cifar10", outer.path());
    BOOST_TEST((set.train.labels == std::vector<std::int32_t>{1, 9, 2, 9, 3, 9, 4, 9, 5, 9}));
    BOOST_TEST((set.test.labels == std::vector<std::int32_t>{8}));
    BOOST_TEST((set.class_names[8] == "ship" && set.class_names.size() == 10));
    BOOST_TEST((set.mean.size() == 3 && set.deviation.size() == 3));
    BOOST_TEST(open_dataset("cifar10", inner).fingerprint == set.fingerprint);
    outer.write("cifar-10-batches-bin/data_batch_3.bin", cifar_of({"\x03"})); // cut between two images
    BOOST_TEST(id_of("cifar10", outer.path()) == "LIPT-D12");
    std::filesystem::remove(inner / "data_batch_3.bin");
    BOOST_TEST(id_of("cifar10", outer.path()) == "LIPT-D10");
    BOOST_TEST(id_of("cifar10", "") == "LIPT-D10");
}

BOOST_AUTO_TEST_CASE(cifar100_has_a_hundred_names) {
    const lipt_test::temporary_directory folder;
    folder.write("train.bin", cifar_of({"\x01\x63"}));
    folder.write("test.bin", cifar_of({std::string("\x01\x00", 2)}));
    const auto set = open_dataset("cifar100", folder.path());
    BOOST_TEST(set.train.classes == 100u);
    BOOST_TEST(set.class_names.size() == 100u);
    BOOST_TEST(std::is_sorted(set.class_names.begin(), set.class_names.end()));
    BOOST_TEST((set.class_names.front() == "apple" && set.class_names.back() == "worm"));
    BOOST_TEST((set.train.labels[0] == 99 && set.test.labels[0] == 0));
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_unknown_is_said) {
    const lipt_test::temporary_directory folder;
    write_fashion(folder, true);
    std::filesystem::remove(folder / "t10k-labels-idx1-ubyte.gz");
    try {
        open_dataset("fashion-mnist", folder.path());
        BOOST_TEST(false, "opened without the labels of the test set");
    } catch (const lipt::error &failure) {
        const std::string what = failure.what();
        BOOST_TEST(failure.id() == "LIPT-D10");
        BOOST_TEST(what.find((folder / "t10k-labels-idx1-ubyte").string()) != std::string::npos);
        BOOST_TEST(what.find("dataset-fashion-mnist") != std::string::npos);
    }
    try {
        open_dataset("cifar-10", folder.path());
        BOOST_TEST(false, "opened an unknown data set");
    } catch (const lipt::error &failure) {
        const std::string what = failure.what();
        BOOST_TEST(failure.id() == "LIPT-D16");
        for (const auto name : lipt::adapters::dataset_names())
            BOOST_TEST(what.find(name) != std::string::npos);
    }
    for (const auto name : lipt::adapters::dataset_names())
        BOOST_TEST(id_of(name, folder / "absent") == "LIPT-D10");
    const lipt_test::temporary_directory other;
    write_fashion(other, false, "xyz");
    BOOST_TEST(id_of("fashion-mnist", other.path()) == "LIPT-D17");
}

BOOST_AUTO_TEST_SUITE_END()
