#include <lipt/adapters/data/jpeg_image.hpp>
#include <lipt/adapters/data/stored_size.hpp>
#include <lipt/error.hpp>

// jpeglib.h needs the two before it.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <string>

namespace lipt::adapters {
namespace {

/// A file of more scans than any encoder makes would hold a processor for minutes.
constexpr int most_scans = 500;
/// Coefficients of progressive images are held whole.
constexpr long most_memory = 1L << 30;

/// Product of two bytes as a share of 255, rounded as Pillow does.
int share_of_255(int a, int b) {
    const int product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

/// In place: ink as Adobe writes it (255 is none) to light.
void to_light(std::span<std::uint8_t> pixels) {
    for (std::size_t i = 0; i < pixels.size(); i += 4) {
        const int black = pixels[i + 3]; // 255 less the ink
        for (std::size_t c = 0; c < 3; ++c) {
            const int light = black - share_of_255(255 - pixels[i + c], black);
            pixels[i + c] = static_cast<std::uint8_t>(std::clamp(light, 0, 255));
        }
    }
}

} // namespace

struct jpeg_image::state {
    std::string_view name;
    jpeg_decompress_struct decoder{};
    jpeg_error_mgr errors{};
    jpeg_progress_mgr progress{};
    std::jmp_buf jump{};
    std::vector<std::uint8_t> row;

    explicit state(std::string_view of) : name(of) {}

    static state &of(j_common_ptr decoder) { return *static_cast<state *>(decoder->client_data); }

    /// Runs calls of libjpeg; an error comes back here by a jump, so `calls` must have nothing to destroy.
    template <class Calls>
    void guarded(Calls calls) {
        if (setjmp(jump) != 0) damaged();
        calls();
    }
    [[noreturn]] void damaged() {
        char message[JMSG_LENGTH_MAX] = {};
        errors.format_message(reinterpret_cast<j_common_ptr>(&decoder), message);
        fail("D19", "data: the image '", name, "' is damaged or not a JPEG that can be read (", message,
             "): fetch it again or leave it out (--corrupt-images skip)");
    }
    static void install(state &self);
    void start(unsigned shrink);
    void read_rows(const resample_axes &axes, resampler &into);
};

void jpeg_image::state::install(state &self) {
    self.decoder.err = jpeg_std_error(&self.errors);
    self.decoder.client_data = &self;
    self.errors.error_exit = [](j_common_ptr failed) { std::longjmp(of(failed).jump, 1); };
    // Most warnings are taken as Pillow takes them: an image with them is an image. One that ends early is
    // not, nor one whose code makes no sense, where Pillow has grey or colours in place of what was there.
    self.errors.emit_message = [](j_common_ptr warned, int level) {
        constexpr std::array damage{JWRN_JPEG_EOF, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE};
        if (level < 0 && std::ranges::find(damage, warned->err->msg_code) != damage.end())
            std::longjmp(of(warned).jump, 1);
    };
    self.errors.output_message = [](j_common_ptr) {};
    self.progress.progress_monitor = [](j_common_ptr decoding) {
        if (reinterpret_cast<j_decompress_ptr>(decoding)->input_scan_number <= most_scans) return;
        decoding->err->msg_code = JERR_BAD_PROGRESSION;
        std::longjmp(of(decoding).jump, 1);
    };
}

jpeg_image::jpeg_image(std::span<const std::byte> file, std::string_view name)
    : self_(std::make_unique<state>(name)) {
    auto &decoder = self_->decoder;
    state::install(*self_);
    try {
        self_->guarded([&] {
            jpeg_create_decompress(&decoder);
            decoder.progress = &self_->progress;
            decoder.mem->max_memory_to_use = most_memory;
            jpeg_mem_src(&decoder, reinterpret_cast<const unsigned char *>(file.data()), file.size());
            jpeg_read_header(&decoder, TRUE);
        });
        check_stored_size(extent(), name);
        const int channels = decoder.num_components;
        require(channels == 1 || channels == 3 || channels == 4, "D19", "data: the image '", name, "' has ",
                channels, " channels, expected 1, 3 or 4: leave it out (--corrupt-images skip)");
    } catch (...) {
        jpeg_destroy_decompress(&decoder);
        throw;
    }
}

jpeg_image::~jpeg_image() { jpeg_destroy_decompress(&self_->decoder); }

image_extent jpeg_image::extent() const noexcept {
    return {self_->decoder.image_height, self_->decoder.image_width};
}

void jpeg_image::read(const image_view &view, resampler &into) {
    auto &decoder = self_->decoder;
    const double down = static_cast<double>(view.box.height) / static_cast<double>(view.resized.height);
    const double across = static_cast<double>(view.box.width) / static_cast<double>(view.resized.width);
    unsigned shrink = 1;
    while (shrink < 8 && std::min(down, across) >= margin * 2 * shrink) shrink *= 2;
    self_->start(shrink);
    // Exactly a half, a quarter or an eighth: of an odd size, the last pixel of the smaller image lies partly
    // outside.
    const auto axes = make_axes(view, 1.0 / shrink, {decoder.output_height, decoder.output_width});
    into.begin(axes);
    self_->read_rows(axes, into);
}

void jpeg_image::state::start(unsigned shrink) {
    guarded([&] {
        decoder.scale_num = 1;
        decoder.scale_denom = shrink;
        decoder.out_color_space = decoder.num_components == 4 ? JCS_CMYK : JCS_EXT_RGBX;
        jpeg_start_decompress(&decoder);
    });
}

void jpeg_image::state::read_rows(const resample_axes &axes, resampler &into) {
    // A few pixels more: at the cut, libjpeg smooths colours without their neighbours.
    constexpr std::size_t spare = 8;
    const resample_axis &columns = axes.columns, &rows = axes.rows;
    auto left = static_cast<JDIMENSION>(columns.begin() - std::min(spare, columns.begin()));
    auto width =
        static_cast<JDIMENSION>(std::min<std::size_t>(columns.end() + spare, decoder.output_width) - left);
    row.resize(std::size_t{decoder.output_width} * 4 + resampler::row_padding);
    guarded([&] {
        jpeg_crop_scanline(&decoder, &left, &width);
        if (rows.begin() > 0) jpeg_skip_scanlines(&decoder, static_cast<JDIMENSION>(rows.begin()));
    });
    for (std::size_t y = rows.begin(); y < rows.end(); ++y) {
        JSAMPROW next = row.data();
        guarded([&] { jpeg_read_scanlines(&decoder, &next, 1); });
        if (decoder.num_components == 4) to_light(std::span(row).first(std::size_t{width} * 4));
        into.add(row.data(), left);
    }
    if (rows.end() < decoder.output_height)
        jpeg_abort_decompress(&decoder);
    else
        guarded([&] { jpeg_finish_decompress(&decoder); }); // which looks for the marker of the end
}

} // namespace lipt::adapters
