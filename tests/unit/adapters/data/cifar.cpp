#include "tiny_files.hpp"

#include <lipt/adapters/data/cifar.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace {

using lipt::adapters::cifar100_format;
using lipt::adapters::cifar10_format;
using lipt::adapters::read_cifar;
using lipt_test::cifar_of;

std::string id_of(const std::vector<std::filesystem::path> &files,
                  const lipt::adapters::cifar_format &format) {
    return lipt_test::error_id([&] { read_cifar(files, format); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(cifar)

BOOST_AUTO_TEST_CASE(records_of_several_files_follow_one_another) {
    const lipt_test::temporary_directory folder;
    const std::vector files{folder.write("a", cifar_of({"\x03", "\x09"})),
                            folder.write("b", cifar_of({"\x01", "\x02"}))};
    const auto set = read_cifar(files, cifar10_format);
    BOOST_TEST((set.labels == std::vector<std::int32_t>{3, 9, 1, 2}));
    BOOST_TEST((set.shape == lipt::image_shape{3, 32, 32}));
    BOOST_TEST(set.view().image(1)[0] == 1);
    BOOST_TEST(set.view().image(1)[3071] == 0); // (1 + 3071) mod 256
    BOOST_TEST(set.view().image(2)[5] == 5);
    lipt::check(set.view());
}

BOOST_AUTO_TEST_CASE(cifar100_has_two_labels_and_the_fine_one_counts) {
    const lipt_test::temporary_directory folder;
    const std::vector files{folder.write("a", cifar_of({"\x13\x63", std::string("\x05\x00", 2)}))};
    const auto set = read_cifar(files, cifar100_format);
    BOOST_TEST((set.labels == std::vector<std::int32_t>{99, 0}));
    BOOST_TEST(set.view().image(0)[1] == 1);
}

BOOST_AUTO_TEST_CASE(damaged_files_are_refused) {
    const lipt_test::temporary_directory folder;
    const auto content = cifar_of({"\x03", "\x09"});
    const auto whole = folder.write("whole", content);
    BOOST_TEST(id_of({whole}, cifar10_format) == "");
    BOOST_TEST(id_of({whole, folder.write("short", content.substr(1))}, cifar10_format) == "LIPT-D12");
    BOOST_TEST(id_of({whole, folder.write("one", cifar_of({"\x03"}))}, cifar10_format) == "LIPT-D12");
    BOOST_TEST(id_of({folder.write("long", content + "x")}, cifar10_format) == "LIPT-D12");
    BOOST_TEST(id_of({folder.write("empty", "")}, cifar10_format) == "LIPT-D12");
    BOOST_TEST(id_of({whole}, cifar100_format) == "LIPT-D12");
    BOOST_TEST(id_of({folder.write("label", cifar_of({"\x03", "\x0A"}))}, cifar10_format) == "LIPT-D15");
    BOOST_TEST(id_of({folder.write("fine", cifar_of({"\x03\x64"}))}, cifar100_format) == "LIPT-D15");
    BOOST_TEST(id_of({folder / "absent"}, cifar10_format) == "LIPT-F01");
}

BOOST_AUTO_TEST_CASE(a_wrong_label_is_named_by_file_and_place) {
    const lipt_test::temporary_directory folder;
    const std::vector files{folder.write("a", cifar_of({"\x03", "\x09"})),
                            folder.write("b", cifar_of({"\x01", "\xFF"}))};
    try {
        read_cifar(files, cifar10_format);
        BOOST_TEST(false, "the label 255 was taken");
    } catch (const lipt::error &failure) {
        const std::string what = failure.what();
        BOOST_TEST(what.find("label 1 in '" + files[1].string() + "' is 255, expected 0 to 9") !=
                   std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
