#include <lipt/adapters/report/charts.hpp>
#include <lipt/adapters/report/embedded.hpp>
#include <lipt/adapters/report/report.hpp>
#include <lipt/adapters/report/view.hpp>

#include <kainjow/mustache.hpp>

namespace lipt::adapters {
namespace {

using nlohmann::json;
namespace mustache = kainjow::mustache;

/// The template library's own kind of data; it escapes every text for HTML where it is put in.
mustache::data to_template(const json &value) {
    if (value.is_object()) {
        mustache::data object{mustache::data::type::object};
        for (const auto &[key, item] : value.items()) object.set(key, to_template(item));
        return object;
    }
    if (value.is_array()) {
        mustache::data list{mustache::data::type::list};
        for (const auto &item : value) list.push_back(to_template(item));
        return list;
    }
    if (value.is_boolean()) return mustache::data{value.get<bool>()};
    return mustache::data{value.get<std::string>()};
}

/// JSON that may stand inside a <script> element: ASCII, and no character that could end the element.
std::string inside_script(const json &value) {
    std::string safe;
    for (const char character : value.dump(-1, ' ', true, json::error_handler_t::replace)) {
        if (character == '<')
            safe += "\\u003c";
        else
            safe += character;
    }
    return safe;
}

} // namespace

std::string render_report(const std::vector<json> &models) {
    require(!models.empty(), "H04", "report: no run was given: give at least one run directory");
    const auto rows = report::compare(models);
    json view = report::view_of(models.front(), rows);
    view["style"] = report::page_style;
    view["script"] = report::page_script;
    view["chart_library"] = report::chart_library;
    view["chart_data"] = inside_script(report::charts_of(models.front(), rows));
    mustache::mustache page{std::string(report::page_template)};
    require(page.is_valid(), "H06", "report: the page's template is damaged: ", page.error_message());
    return page.render(to_template(view));
}

} // namespace lipt::adapters
