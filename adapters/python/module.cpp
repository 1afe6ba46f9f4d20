// The compiled part of the Python package: lipt._core. The package around it is adapters/python/lipt.
#include <lipt/error.hpp>
#include <lipt/version.hpp>

#include <nanobind/nanobind.h>

namespace lipt::python {

void bind_loop(nanobind::module_ &module);
void bind_merging(nanobind::module_ &module);
void bind_select(nanobind::module_ &module);

} // namespace lipt::python

namespace nb = nanobind;

NB_MODULE(LIPT_MODULE, module) {
    // An error of the library is lipt.Error, made of its sentence alone.
    nb::register_exception_translator([](const std::exception_ptr &thrown, void *) {
        try {
            std::rethrow_exception(thrown);
        } catch (const lipt::error &failure) {
            PyErr_SetString(nb::module_::import_("lipt._errors").attr("Error").ptr(), failure.what());
        }
    });
    nb::set_leak_warnings(false); // a callback that outlives its module is the caller's affair
    module.attr("__version__") = LIPT_VERSION;
    lipt::python::bind_loop(module);
    lipt::python::bind_select(module);
    lipt::python::bind_merging(module);
}
