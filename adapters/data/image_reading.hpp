// Images decoded in parallel when the core asks for them.
#pragma once

#include <lipt/adapters/data/image_file.hpp>
#include <lipt/adapters/data/image_folder.hpp>
#include <lipt/adapters/data/image_listing.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace lipt::adapters {

/// What one thread decodes with.
struct image_scratch {
    image_bytes bytes;
    image_decoder decoder;
};

/// The threads that decode; all calls together use no more of them than there are.
class image_threads {
  public:
    explicit image_threads(std::size_t threads);
    image_threads(image_threads &&) noexcept;
    ~image_threads();

    /// Calls body(i, scratch) for each i below `count`, in any order; no two running calls share a scratch.
    void for_each(std::size_t count, const std::function<void(std::size_t, image_scratch &)> &body) const;
    /// The same on the caller's thread alone.
    void for_each_alone(std::size_t count,
                        const std::function<void(std::size_t, image_scratch &)> &body) const;

  private:
    struct state;
    std::unique_ptr<state> self_;
};

/// A reader of listed images. shapes: extents, one an image. errors, when it reads: D19, D21 of the first
/// image in the request that has one; with corrupt_images::skip none but D21
std::shared_ptr<const image_reader> make_reader(image_listing listing, std::vector<image_extent> extents,
                                                image_threads threads, const image_folder_options &options);

} // namespace lipt::adapters
