#include <lipt/adapters/data/cifar.hpp>
#include <lipt/adapters/data/dataset.hpp>
#include <lipt/adapters/data/hexadecimal.hpp>
#include <lipt/adapters/data/idx.hpp>
#include <lipt/adapters/data/normalisation.hpp>
#include <lipt/error.hpp>

#include <xxhash.h>

#include <array>
#include <memory>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> names{"fashion-mnist", "cifar10", "cifar100", "image-folder"};

/// In the order of the labels, as the makers of the sets give them.
constexpr std::string_view fashion_classes =
    "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot";
constexpr std::string_view cifar10_classes = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck";
constexpr std::string_view cifar100_classes = "apple,aquarium_fish,baby,bear,beaver,bed,bee,beetle,bicycle,"
                                              "bottle,bowl,boy,bridge,bus,butterfly,camel,can,castle,"
                                              "caterpillar,cattle,chair,chimpanzee,clock,cloud,cockroach,"
                                              "couch,crab,crocodile,cup,dinosaur,dolphin,elephant,"
                                              "flatfish,forest,fox,girl,hamster,house,kangaroo,keyboard,lamp,"
                                              "lawn_mower,leopard,lion,lizard,lobster,man,"
                                              "maple_tree,motorcycle,mountain,mouse,mushroom,oak_tree,orange,"
                                              "orchid,otter,palm_tree,pear,pickup_truck,pine_tree,"
                                              "plain,plate,poppy,porcupine,possum,rabbit,raccoon,ray,road,"
                                              "rocket,rose,sea,seal,shark,shrew,skunk,skyscraper,"
                                              "snail,snake,spider,squirrel,streetcar,sunflower,sweet_pepper,"
                                              "table,tank,telephone,television,tiger,tractor,train,"
                                              "trout,tulip,turtle,wardrobe,whale,willow_tree,wolf,woman,worm";

constexpr std::string_view cifar_help =
    "unpack the binary version from https://www.cs.toronto.edu/~kriz/cifar.html "
    "and give its directory";

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> result;
    while (true) {
        const auto comma = list.find(',');
        result.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return result;
        list.remove_prefix(comma + 1);
    }
}

/// The first of the candidates that exists.
fs::path find_file(std::span<const fs::path> candidates, std::string_view help) {
    std::error_code ignored;
    for (const auto &path : candidates) {
        if (fs::exists(path, ignored)) return path;
    }
    fail("D10", "data: there is no '", candidates.front().string(), "': ", help);
}

/// Fashion-MNIST's own, by which it is told from the digits and letters that come in files of the same names.
constexpr std::string_view fashion_fingerprint = "d31cf9af653855d2";

/// "0", "1", ...: right for digits, and not wrong for others.
std::vector<std::string> numbered(std::size_t classes) {
    std::vector<std::string> digits;
    for (std::size_t c = 0; c < classes; ++c) digits.push_back(std::to_string(c));
    return digits;
}

/// source: [Xiao2017]
dataset open_fashion_mnist(const fs::path &directory) {
    const fs::path folder = directory.empty() ? fs::path("/usr/share/datasets/fashion-mnist") : directory;
    const auto read = [&](const char *part) {
        const auto file = [&](const char *kind) {
            const auto plain = folder / text(part, kind);
            const std::array candidates{plain, fs::path(plain).concat(".gz")};
            return find_file(candidates,
                             "install Debian's package dataset-fashion-mnist, or give the directory of "
                             "the four IDX files, plain or .gz");
        };
        const auto images = file("-images-idx3-ubyte"), labels = file("-labels-idx1-ubyte");
        return read_idx(images, labels, 10);
    };
    return {.train = read("train"),
            .test = read("t10k"),
            .class_names = {}, // told by the fingerprint, see open_dataset
            .mean = {0.2860f},
            .deviation = {0.3530f}};
}

labelled_images read_cifar_files(const fs::path &directory, std::string_view inner,
                                 std::span<const std::string_view> files, const cifar_format &format) {
    require(!directory.empty(), "D10", "data: no directory is given for CIFAR: ", cifar_help);
    std::vector<fs::path> paths;
    for (const auto file : files) {
        const std::array candidates{directory / file, directory / inner / file};
        paths.push_back(find_file(candidates, cifar_help));
    }
    return read_cifar(paths, format);
}

dataset open_cifar10(const fs::path &directory) {
    constexpr std::array<std::string_view, 5> train{
        "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
    constexpr std::array<std::string_view, 1> test{"test_batch.bin"};
    constexpr std::string_view inner = "cifar-10-batches-bin";
    return {.train = read_cifar_files(directory, inner, train, cifar10_format),
            .test = read_cifar_files(directory, inner, test, cifar10_format),
            .class_names = split(cifar10_classes),
            .mean = {0.4914f, 0.4822f, 0.4465f},
            .deviation = {0.2470f, 0.2435f, 0.2616f}};
}

dataset open_cifar100(const fs::path &directory) {
    constexpr std::array<std::string_view, 1> train{"train.bin"}, test{"test.bin"};
    constexpr std::string_view inner = "cifar-100-binary";
    return {.train = read_cifar_files(directory, inner, train, cifar100_format),
            .test = read_cifar_files(directory, inner, test, cifar100_format),
            .class_names = split(cifar100_classes),
            .mean = {0.5071f, 0.4865f, 0.4409f},
            .deviation = {0.2673f, 0.2564f, 0.2762f}};
}

dataset open_images(const fs::path &directory, const image_folder_options &options) {
    require(!directory.empty(), "D10",
            "data: no directory is given for image-folder: name the one that holds train/ and val/");
    auto folder = open_image_folder(directory, options);
    return {.train = std::move(folder.train),
            .test = std::move(folder.test),
            .class_names = std::move(folder.class_names),
            .mean = {photograph_mean.begin(), photograph_mean.end()},
            .deviation = {photograph_deviation.begin(), photograph_deviation.end()},
            .fingerprint = std::move(folder.fingerprint)};
}

dataset open_by_name(std::string_view name, const fs::path &directory, const image_folder_options &images) {
    if (name == "fashion-mnist") return open_fashion_mnist(directory);
    if (name == "cifar10") return open_cifar10(directory);
    if (name == "cifar100") return open_cifar100(directory);
    if (name == "image-folder") return open_images(directory, images);
    std::string known;
    for (const auto each : names) known += text(known.empty() ? "" : ", ", each);
    fail("D16", "data: the data set '", name, "' is unknown, expected one of: ", known,
         name.ends_with("mnist") ? "; fashion-mnist with --data DIR reads the files of MNIST as well" : "");
}

} // namespace

std::span<const std::string_view> dataset_names() noexcept { return names; }

dataset open_dataset(std::string_view name, const std::filesystem::path &directory,
                     const image_folder_options &images) {
    auto opened = open_by_name(name, directory, images);
    opened.name = name;
    require(opened.train.shape == opened.test.shape, "D17", "data: ", name, " has training images of ",
            opened.train.shape.height, "x", opened.train.shape.width, " and test images of ",
            opened.test.shape.height, "x", opened.test.shape.width, ": take both of one set");
    if (opened.fingerprint.empty()) opened.fingerprint = fingerprint_of(opened.train, opened.test);
    if (opened.class_names.empty())
        opened.class_names = opened.fingerprint == fashion_fingerprint ? split(fashion_classes)
                                                                       : numbered(opened.train.classes);
    return opened;
}

std::string fingerprint_of(const labelled_images &train, const labelled_images &test) {
    const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
    XXH3_64bits_reset(state.get());
    for (const auto *part : {&train, &test}) {
        const std::array<std::uint64_t, 5> sizes{part->size(), part->shape.channels, part->shape.height,
                                                 part->shape.width, part->classes};
        XXH3_64bits_update(state.get(), sizes.data(), sizeof sizes);
        XXH3_64bits_update(state.get(), part->pixels.data(), part->pixels.size());
        XXH3_64bits_update(state.get(), part->labels.data(), part->labels.size() * sizeof part->labels[0]);
    }
    return hexadecimal(XXH3_64bits_digest(state.get()));
}

} // namespace lipt::adapters
