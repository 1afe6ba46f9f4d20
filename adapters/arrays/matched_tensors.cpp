#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/arrays/matched_tensors.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace lipt::arrays {
namespace {

using name_table = std::unordered_map<std::string_view, std::size_t>;

/// The element type of a safetensors tensor; nothing where it cannot be merged.
std::optional<scalar> scalar_of_stored(std::string_view type) noexcept {
    if (type == "BOOL") return scalar::u8;
    for (auto i = static_cast<std::size_t>(scalar::f16); i <= static_cast<std::size_t>(scalar::u64); ++i) {
        if (stored_type_of(static_cast<scalar>(i), false) == type) return static_cast<scalar>(i);
    }
    return std::nullopt;
}

/// "float32 (64,3,3,3)"
std::string shown_tensor(const named_tensor &tensor) {
    std::string extents;
    for (const auto extent : tensor.values.shape) {
        if (!extents.empty()) extents.append(",");
        extents.append(std::to_string(extent));
    }
    return text(tensor.boolean ? std::string_view("bool") : name_of(tensor.values.type), " (", extents, ")");
}

/// A name without what wrappers of a model put before it, alone or both in either order.
std::string_view bare(std::string_view name) noexcept {
    constexpr std::string_view prefixes[] = {"module.", "_orig_mod."};
    for (bool found = true; found;) {
        found = false;
        for (const auto prefix : prefixes) {
            if (!name.starts_with(prefix)) continue;
            name.remove_prefix(prefix.size());
            found = true;
        }
    }
    return name;
}

/// Says why a tensor of the model `there` has no like in `other`. errors: S12, S10
[[noreturn]] void refuse_name(const named_tensor &alone, const opened_model &there,
                              const opened_model &other) {
    const auto &name = alone.name;
    for (const auto &tensor : other.tensors()) {
        require(bare(tensor.name) != bare(name), "S12", "soup: what ", there.name(), " calls '", name, "', ",
                other.name(), " calls '", tensor.name,
                "': take the prefixes module. and _orig_mod. off, or leave them on, in all alike");
    }
    fail("S10", "soup: ", there.name(), " has a tensor '", name, "', ", shown_tensor(alone), ", ",
         other.name(), " has none: only models of one architecture can be merged");
}

name_table table_of(const opened_model &model) {
    name_table table;
    const auto &tensors = model.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        require(table.emplace(tensors[i].name, i).second, "S14", "tensors: ", model.name(),
                " has two tensors '", tensors[i].name, "': give each a name of its own");
    }
    return table;
}

/// The tensors of `model` in the order of the first one's, checked to be like them. errors: S10, S11, S12
void add_model(std::vector<matched_tensor> &matched, const opened_model &first, const opened_model &model) {
    const auto table = table_of(model);
    for (std::size_t i = 0; i < matched.size(); ++i) {
        const auto found = table.find(matched[i].name);
        const auto &like = first.tensors()[i];
        if (found == table.end()) refuse_name(like, first, model);
        const auto &tensor = model.tensors()[found->second];
        require(tensor.values.type == like.values.type && tensor.boolean == like.boolean &&
                    tensor.values.shape == like.values.shape,
                "S11", "soup: '", like.name, "' is ", shown_tensor(like), " in ", first.name(), " and ",
                shown_tensor(tensor), " in ", model.name(),
                ": types and shapes must be the same in all; convert the models to one type first");
        matched[i].values.push_back(&tensor.values);
    }
    if (table.size() == matched.size()) return;
    const auto known = table_of(first);
    for (const auto &tensor : model.tensors()) {
        if (!known.contains(tensor.name)) refuse_name(tensor, model, first);
    }
}

bool same_memory(const matched_tensor &a, const matched_tensor &b) {
    if (a.type != b.type || a.boolean != b.boolean || a.shape != b.shape) return false;
    for (std::size_t m = 0; m < a.values.size(); ++m) {
        if (a.values[m]->data != b.values[m]->data || a.values[m]->strides != b.values[m]->strides)
            return false;
    }
    return a.count() > 0;
}

/// Finds the tensors that are one in every model, as an embedding and the layer before the loss may be.
void tie(std::vector<matched_tensor> &matched) {
    std::unordered_multimap<const std::byte *, std::size_t> seen;
    for (std::size_t i = 0; i < matched.size(); ++i) {
        matched[i].tied_to = i;
        const auto *address = matched[i].values.front()->data;
        const auto [begin, end] = seen.equal_range(address);
        for (auto at = begin; at != end; ++at) {
            if (same_memory(matched[at->second], matched[i]))
                matched[i].tied_to = std::min(matched[i].tied_to, at->second);
        }
        if (matched[i].tied_to == i) seen.emplace(address, i);
    }
}

} // namespace

opened_model::opened_model(const named_tensors &model, std::string name) : name_(std::move(name)) {
    if (model.tensors() != nullptr) {
        tensors_ = *model.tensors();
        for (const auto &tensor : tensors_) {
            const auto &values = tensor.values;
            require(values.strides.empty() || values.strides.size() == values.shape.size(), "S15",
                    "tensors: '", tensor.name, "' of ", name_, " has ", values.strides.size(),
                    " strides for ", values.shape.size(), " dimensions: give one for each");
            require(!tensor.boolean || values.type == scalar::u8, "S15", "tensors: '", tensor.name, "' of ",
                    name_, " is boolean and ", name_of(values.type), ": give booleans as uint8");
        }
        return;
    }
    name_ = text("'", model.path()->string(), "'");
    file_ = std::make_shared<adapters::safetensors_file>(*model.path());
    for (const auto &entry : file_->tensors()) {
        const auto type = scalar_of_stored(entry.type);
        require(type.has_value(), "S15", "tensors: '", entry.name, "' of ", name_, " is of type ", entry.type,
                ", which cannot be merged: convert it to BF16 or F32 first");
        tensors_.push_back(
            {.name = entry.name,
             .values = {.data = file_->bytes(entry).data(), .type = *type, .shape = entry.shape},
             .boolean = entry.type == "BOOL"});
    }
}

void opened_model::release() const {
    if (file_ == nullptr) return;
    file_->file().require_unchanged(file_->path());
    file_->file().release();
}

std::size_t matched_tensor::count() const { return count_of(shape); }

std::vector<matched_tensor> match_tensors(std::span<const opened_model> models) {
    const auto &first = models.front();
    static_cast<void>(table_of(first)); // a name twice is refused
    std::vector<matched_tensor> matched;
    for (const auto &tensor : first.tensors()) {
        matched.push_back({.name = tensor.name,
                           .type = tensor.values.type,
                           .boolean = tensor.boolean,
                           .shape = tensor.values.shape,
                           .values = {&tensor.values}});
    }
    for (const auto &model : models.subspan(1)) add_model(matched, first, model);
    tie(matched);
    return matched;
}

} // namespace lipt::arrays
