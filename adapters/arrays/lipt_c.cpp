// The C interface over the request and its result: no exception leaves it.
#include <lipt/adapters/arrays/lipt.h>
#include <lipt/adapters/arrays/select.hpp>
#include <lipt/error.hpp>
#include <lipt/version.hpp>

#include <exception>
#include <new>
#include <string>
#include <utility>

struct lipt_request {
    lipt::arrays::select_request asked;
};
struct lipt_selection {
    lipt::arrays::select_result chosen;
};

namespace {

struct failure {
    std::string id, sentence;
};

failure &last_failure() {
    thread_local failure last;
    return last;
}

/// Runs it; true where it succeeds, otherwise what failed is kept for the caller to ask.
template <class Work>
bool succeeds(Work &&work) noexcept {
    try {
        work();
        return true;
    } catch (const lipt::error &error) {
        last_failure() = {error.id(), error.what()};
    } catch (const std::bad_alloc &) {
        last_failure() = {"LIPT-M01",
                          "[LIPT-M01] memory: there is not enough: give less, or select class by class"};
    } catch (const std::exception &error) {
        last_failure() = {"LIPT-M02", std::string("[LIPT-M02] ") + error.what()};
    } catch (...) {
        last_failure() = {"LIPT-M02", "[LIPT-M02] something else than an error was thrown"};
    }
    return false;
}

/// errors: U03
lipt::arrays::scalar scalar_of(lipt_type type) {
    lipt::require(type >= LIPT_FLOAT16 && type <= LIPT_UINT64, "U03", "select: the type of an array is ",
                  static_cast<int>(type), ", expected one of lipt_type");
    return static_cast<lipt::arrays::scalar>(type);
}

} // namespace

extern "C" {

lipt_request *lipt_request_new(void) { return new (std::nothrow) lipt_request(); }
void lipt_request_free(lipt_request *request) { delete request; }

int lipt_set(lipt_request *request, const char *name, const char *value) {
    return succeeds([&] { lipt::arrays::set_setting(request->asked, name, value); }) ? 0 : 1;
}

int lipt_set_strided(lipt_request *request, const char *name, const void *data, lipt_type type, size_t rows,
                     size_t columns, ptrdiff_t row_bytes, ptrdiff_t element_bytes) {
    return succeeds([&] {
        lipt::arrays::array_view view{.data = static_cast<const std::byte *>(data),
                                      .type = scalar_of(type),
                                      .shape = {rows},
                                      .strides = {row_bytes}};
        if (columns > 0) {
            view.shape.push_back(columns);
            view.strides.push_back(element_bytes);
        }
        lipt::arrays::array_of(request->asked, name) = std::move(view);
    })
               ? 0
               : 1;
}

int lipt_set_array(lipt_request *request, const char *name, const void *data, lipt_type type, size_t rows,
                   size_t columns) {
    const bool known = type >= LIPT_FLOAT16 && type <= LIPT_UINT64;
    const auto element =
        known ? static_cast<ptrdiff_t>(lipt::arrays::size_of(static_cast<lipt::arrays::scalar>(type))) : 0;
    const auto width = static_cast<ptrdiff_t>(columns > 0 ? columns : 1);
    return lipt_set_strided(request, name, data, type, rows, columns, element * width, element);
}

int lipt_set_file(lipt_request *request, const char *name, const char *path) {
    return succeeds([&] { lipt::arrays::array_of(request->asked, name) = std::filesystem::path(path); }) ? 0
                                                                                                         : 1;
}

lipt_selection *lipt_select(const lipt_request *request) {
    lipt_selection *made = nullptr;
    succeeds([&] { made = new lipt_selection{lipt::arrays::select(request->asked)}; });
    return made;
}
void lipt_selection_free(lipt_selection *selection) { delete selection; }

size_t lipt_selection_count(const lipt_selection *selection) { return selection->chosen.indices.size(); }
const int64_t *lipt_selection_indices(const lipt_selection *selection) {
    return selection->chosen.indices.data();
}
const float *lipt_selection_weights(const lipt_selection *selection) {
    return selection->chosen.weights.empty() ? nullptr : selection->chosen.weights.data();
}
const float *lipt_selection_scores(const lipt_selection *selection) {
    return selection->chosen.scores.empty() ? nullptr : selection->chosen.scores.data();
}
const char *lipt_selection_report(const lipt_selection *selection) {
    return selection->chosen.report.c_str();
}

const char *lipt_error_id(void) { return last_failure().id.c_str(); }
const char *lipt_error_sentence(void) { return last_failure().sentence.c_str(); }
const char *lipt_version(void) { return LIPT_VERSION; }
}
