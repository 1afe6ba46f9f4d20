#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/sentence.hpp>
#include <lipt/adapters/store/shard_file.hpp>

#include <zlib.h>

#include <vector>

namespace lipt::adapters {
namespace {

/// zlib's stream of the pixels; empty where it saves less than a tenth.
std::vector<std::uint8_t> compressed(std::span<const std::uint8_t> pixels) {
    std::vector<std::uint8_t> stream(compressBound(pixels.size()));
    uLongf size = stream.size();
    const int code = compress2(stream.data(), &size, pixels.data(), pixels.size(), Z_DEFAULT_COMPRESSION);
    if (code != Z_OK || size > pixels.size() - pixels.size() / 10) return {};
    stream.resize(size);
    return stream;
}

/// The pixels of a stream that must unpack to just that many. errors: R10
std::vector<std::uint8_t> unpacked(std::span<const std::byte> stream, std::size_t count,
                                   std::string_view name) {
    constexpr std::size_t most = 1032; // bytes that deflate makes of one
    uLongf size = count;
    std::vector<std::uint8_t> pixels;
    int code = Z_DATA_ERROR;
    if (count / most <= stream.size()) {
        pixels.resize(count);
        code =
            uncompress(pixels.data(), &size, reinterpret_cast<const Bytef *>(stream.data()), stream.size());
    }
    require(code == Z_OK && size == count, "R10", "shard: the pixels of '", name, "' do not unpack to ",
            count, " bytes: delete plan.json to plan again");
    return pixels;
}

} // namespace

std::string pack_shard(const image_batch &images, const image_shape &shape, const shard_identity &identity) {
    const auto stream = compressed(images.pixels);
    std::vector<named_tensor> tensors{
        named_tensor::of<std::int32_t>("labels", {images.size()}, images.labels)};
    if (stream.empty()) {
        tensors.push_back(named_tensor::of<std::uint8_t>(
            "pixels", {images.size(), shape.channels, shape.height, shape.width}, images.pixels));
    } else {
        tensors.push_back(named_tensor::of<std::uint8_t>("pixels_zlib", {stream.size()}, stream));
    }
    return pack_sealed(tensors, {{"config", identity.config}, {"worker", std::to_string(identity.worker)}},
                       text("shard ", identity.worker));
}

worker_shard parse_shard(std::span<const std::byte> file, std::string_view name, const network_spec &spec,
                         const shard_identity &identity) {
    const sealed_view view(file, name);
    require(view.text_of("worker") == std::to_string(identity.worker), "R08", "shard: '", name,
            "' is that of worker '", sentence_of(view.text_of("worker")), "', expected ", identity.worker,
            ": it was renamed or is of another program");
    require(view.text_of("config") == identity.config, "R05", "shard: '", name,
            "' was made with other settings than config.json: delete plan.json to plan again");
    worker_shard shard;
    shard.images.labels = view.values<std::int32_t>("labels", view.count<std::int32_t>("labels"));
    for (const auto label : shard.images.labels) {
        require(label >= 0 && static_cast<std::size_t>(label) < spec.classes, "R10", "shard: '", name,
                "' has the label ", label, ", expected 0 to ", spec.classes - 1,
                ": delete plan.json to plan again");
    }
    const std::size_t pixels = shard.images.size() * spec.image.size();
    const char *const held = view.has("pixels") ? "pixels" : "pixels_zlib";
    const auto stored = view.bytes(held, tensor_type_of<std::uint8_t>());
    shard.images.pixels =
        view.has("pixels") ? view.values<std::uint8_t>("pixels", pixels) : unpacked(stored, pixels, name);
    shard.bytes = stored.size() + shard.images.size() * sizeof(std::int32_t);
    return shard;
}

} // namespace lipt::adapters
