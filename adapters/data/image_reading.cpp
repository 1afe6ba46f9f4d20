#include <lipt/adapters/data/image_reading.hpp>
#include <lipt/adapters/data/normalisation.hpp>
#include <lipt/error.hpp>

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <mutex>
#include <set>
#include <utility>

namespace lipt::adapters {
namespace {

/// Reads the images of one listing.
class folder_reading {
  public:
    folder_reading(image_listing listing, std::vector<image_extent> extents, image_threads threads,
                   const image_folder_options &options)
        : listing_(std::move(listing)), extents_(std::move(extents)), threads_(std::move(threads)),
          options_(options) {}

    image_extent extent(std::int64_t index) const { return extents_[static_cast<std::size_t>(index)]; }

    void read(const image_request &request, std::span<std::uint8_t> out) {
        std::vector<std::exception_ptr> faults(request.indices.size());
        const std::size_t bytes = 3 * options_.size * options_.size;
        const auto one = [&](std::size_t b, image_scratch &scratch) {
            try {
                read_one(request, b, scratch, out.subspan(b * bytes, bytes));
            } catch (const error &) {
                faults[b] = std::current_exception();
            }
        };
        if (request.alone)
            threads_.for_each_alone(request.indices.size(), one);
        else
            threads_.for_each(request.indices.size(), one);
        for (const auto &fault : faults) {
            if (fault) std::rethrow_exception(fault);
        }
    }

  private:
    void read_one(const image_request &request, std::size_t b, image_scratch &scratch,
                  std::span<std::uint8_t> out) {
        const auto i = static_cast<std::size_t>(request.indices[b]);
        const auto path = listing_.path(listing_.images[i]);
        const auto view = request.boxes.empty() ? evaluation_view(extents_[i], options_.size)
                                                : training_view(request.boxes[b], options_.size);
        try {
            const auto name = path.string();
            scratch.decoder.read(scratch.bytes.read(path), name, extents_[i], view, out);
        } catch (const error &failure) {
            if (options_.corrupt == corrupt_images::refuse || failure.id() != "LIPT-D19") throw;
            fill_with_mean(out);
            notice_once(i, failure.what());
        }
    }

    static void fill_with_mean(std::span<std::uint8_t> out) {
        const std::size_t plane = out.size() / 3;
        for (std::size_t c = 0; c < 3; ++c) {
            const auto middle = static_cast<std::uint8_t>(std::lround(255 * photograph_mean[c]));
            std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(c * plane), plane, middle);
        }
    }

    void notice_once(std::size_t image, const std::string &fault) {
        const std::lock_guard lock(mutex_);
        if (noticed_.insert(image).second && options_.notice)
            options_.notice(
                "an image of the mean colour stands for one that cannot be read (--check-images whole "
                "would have left it out): " +
                fault);
    }

    image_listing listing_;
    std::vector<image_extent> extents_;
    image_threads threads_;
    image_folder_options options_;
    std::mutex mutex_;
    std::set<std::size_t> noticed_;
};

} // namespace

struct image_threads::state {
    explicit state(std::size_t threads) : arena(static_cast<int>(threads)), alone(threads == 1) {}

    oneapi::tbb::task_arena arena;
    oneapi::tbb::enumerable_thread_specific<image_scratch> scratch;
    bool alone;
};

image_threads::image_threads(std::size_t threads)
    : self_(std::make_unique<state>(std::clamp<std::size_t>(
          threads, 1, static_cast<std::size_t>(oneapi::tbb::this_task_arena::max_concurrency())))) {}
image_threads::image_threads(image_threads &&) noexcept = default;
image_threads::~image_threads() = default;

void image_threads::for_each(std::size_t count,
                             const std::function<void(std::size_t, image_scratch &)> &body) const {
    if (self_->alone) {
        for_each_alone(count, body);
        return;
    }
    self_->arena.execute([&] {
        oneapi::tbb::parallel_for(std::size_t{0}, count,
                                  [&](std::size_t i) { body(i, self_->scratch.local()); });
    });
}

void image_threads::for_each_alone(std::size_t count,
                                   const std::function<void(std::size_t, image_scratch &)> &body) const {
    for (std::size_t i = 0; i < count; ++i) body(i, self_->scratch.local());
}

std::shared_ptr<const image_reader> make_reader(image_listing listing, std::vector<image_extent> extents,
                                                image_threads threads, const image_folder_options &options) {
    const auto reading =
        std::make_shared<folder_reading>(std::move(listing), std::move(extents), std::move(threads), options);
    return std::make_shared<const image_reader>(
        image_reader{.extent = [reading](std::int64_t index) { return reading->extent(index); },
                     .read = [reading](const image_request &request,
                                       std::span<std::uint8_t> out) { reading->read(request, out); }});
}

} // namespace lipt::adapters
