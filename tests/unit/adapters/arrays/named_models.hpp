// Models of tests of merging: tensors with values of their own, and what is asked of a merge.
#pragma once

#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/arrays/soup.hpp>
#include <lipt/error.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lipt_test {

using namespace lipt::arrays;
using doubles = std::vector<double>;

/// A model of the tests; copies share its values.
class model {
  public:
    template <class Value>
    model &add(const std::string &name, std::vector<Value> values, std::vector<std::size_t> shape = {}) {
        std::vector<std::byte> bytes(values.size() * sizeof(Value));
        if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
        auto view = array_view::of(std::span<const Value>(values), std::move(shape));
        view.data = keep(std::move(bytes));
        tensors_.push_back({name, view});
        return *this;
    }
    model &add_counter(const std::string &name, std::int64_t value) {
        add<std::int64_t>(name, {value});
        tensors_.back().values.shape.clear();
        return *this;
    }
    /// Numbers as float16 or bfloat16.
    model &add_halves(const std::string &name, scalar type, const doubles &values) {
        std::vector<std::byte> bytes(2 * values.size());
        narrow_elements(type, values.data(), values.size(), bytes.data());
        tensors_.push_back({name, {keep(std::move(bytes)), type, {values.size()}}});
        return *this;
    }
    /// A second name for the newest tensor's memory.
    model &add_tied(const std::string &name) {
        tensors_.push_back({name, tensors_.back().values});
        return *this;
    }
    model &as_boolean() {
        tensors_.back().boolean = true;
        return *this;
    }

    operator named_tensors() const { return tensors_; }

  private:
    const std::byte *keep(std::vector<std::byte> bytes) {
        return kept_.emplace_back(std::make_shared<std::vector<std::byte>>(std::move(bytes)))->data();
    }

    std::vector<std::shared_ptr<std::vector<std::byte>>> kept_;
    std::vector<named_tensor> tensors_;
};

inline const kept_tensor &at(const std::vector<kept_tensor> &tensors, const std::string &name) {
    for (const auto &tensor : tensors)
        if (tensor.name == name) return tensor;
    BOOST_FAIL("no tensor " << name);
    return tensors.front();
}

inline doubles numbers(const std::vector<kept_tensor> &tensors, const std::string &name) {
    const auto &tensor = at(tensors, name);
    doubles result(tensor.bytes->size() / size_of(tensor.type));
    widen_elements(tensor.type, tensor.bytes->data(), result.size(), result.data());
    return result;
}

inline std::int64_t whole(const std::vector<kept_tensor> &tensors, const std::string &name) {
    std::int64_t value;
    BOOST_REQUIRE(at(tensors, name).bytes->size() == sizeof value);
    std::memcpy(&value, at(tensors, name).bytes->data(), sizeof value);
    return value;
}

inline soup_result uniform(const std::vector<named_tensors> &models) {
    return soup(models, {.method = merging::uniform});
}

/// The sentence of the error, with its id.
inline std::string refusal(const std::vector<named_tensors> &models, const soup_options &options,
                           const soup_score &score = {}) {
    try {
        soup(models, options, score);
    } catch (const lipt::error &failure) {
        return failure.what();
    }
    return "";
}
inline std::string refusal(const std::vector<named_tensors> &models) {
    return refusal(models, {.method = merging::uniform});
}

inline bool holds(const std::string &sentence, const std::string &part) {
    return sentence.find(part) != std::string::npos;
}

inline model weights(std::vector<float> values) {
    model made;
    made.add<float>("w", std::move(values));
    return made;
}

} // namespace lipt_test
