#include <lipt/adapters/data/cifar.hpp>
#include <lipt/adapters/data/labels.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/error.hpp>

#include <cstring>
#include <utility>
#include <vector>

namespace lipt::adapters {

labelled_images read_cifar(std::span<const std::filesystem::path> files, const cifar_format &format) {
    labelled_images result{.shape = {3, 32, 32}, .classes = format.classes};
    const std::size_t image_size = result.shape.size(), record = format.label_bytes + image_size;
    std::vector<mapped_file> opened;
    std::size_t count = 0;
    for (const auto &path : files) {
        const std::size_t size = opened.emplace_back(path).bytes().size();
        require(size > 0 && size % record == 0, "D12", "data: '", path.string(), "' has ", size,
                " bytes, expected a multiple of ", record,
                ": it is truncated or of another data set, fetch it again");
        require(size == opened.front().bytes().size(), "D12", "data: '", path.string(), "' has ",
                size / record, " images, '", files.front().string(), "' has ",
                opened.front().bytes().size() / record, ": one of them is truncated, fetch it again");
        count += size / record;
    }
    result.pixels.resize(count * image_size);
    result.labels.reserve(count);
    for (std::size_t file = 0; file < opened.size(); ++file) {
        const mapped_file current = std::move(opened[file]); // unmapped when its records are copied
        const std::size_t first = result.size();
        for (auto rest = current.bytes(); !rest.empty(); rest = rest.subspan(record)) {
            std::memcpy(result.pixels.data() + result.size() * image_size, rest.data() + format.label_bytes,
                        image_size);
            result.labels.push_back(std::to_integer<std::int32_t>(rest[format.label_bytes - 1]));
        }
        check_labels(result, first, files[file]);
    }
    return result;
}

} // namespace lipt::adapters
