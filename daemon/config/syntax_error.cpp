// SPDX-License-Identifier: MIT
#include "daemon/config/syntax_error.hpp"

#include <array>
#include <string>

#include "daemon/base/utf8.hpp"

namespace protohost::config {
namespace {

/// Of the parser's message, which may have a detail behind what it begins with.
struct Wording {
    std::string_view begins;
    /// "%t" is the text at the place, "%p" where the unfinished list or mapping begins, "%s" the
    /// last scalar that was read.
    std::string_view what;
    std::string_view hint;
};

constexpr std::string_view indentation =
    "check the indentation, and put a value that holds \": \" between quotation marks";
constexpr std::string_view no_end = "a quoted text has no end; it begins after %s";
constexpr std::string_view unclosed = "add the missing quotation mark";

const std::array wordings{
    Wording{YAML::ErrorMsg::END_OF_MAP, "expected another key of the mapping at %p", indentation},
    Wording{YAML::ErrorMsg::END_OF_SEQ, "expected another \"- \" of the list at %p", indentation},
    Wording{YAML::ErrorMsg::END_OF_MAP_FLOW, "expected \",\" or \"}\" in the mapping at %p", ""},
    Wording{YAML::ErrorMsg::END_OF_SEQ_FLOW, "expected \",\" or \"]\" in the list at %p", ""},
    Wording{YAML::ErrorMsg::MAP_VALUE, "unexpected \":\"", indentation},
    Wording{YAML::ErrorMsg::MAP_KEY, "unexpected \"?\"", indentation},
    Wording{YAML::ErrorMsg::BLOCK_ENTRY, "unexpected \"-\"", indentation},
    Wording{YAML::ErrorMsg::FLOW_END, "unexpected \"%t\"", ""},
    Wording{YAML::ErrorMsg::UNKNOWN_TOKEN,
            "a value cannot begin with \"%t\"",
            "put it between quotation marks"},
    Wording{YAML::ErrorMsg::EOF_IN_SCALAR, no_end, unclosed},
    Wording{YAML::ErrorMsg::DOC_IN_SCALAR, no_end, unclosed},
    Wording{YAML::ErrorMsg::INVALID_ESCAPE,
            "unknown escape in a quoted text",
            "write \\\\ for a backslash, or use single quotation marks"},
    Wording{YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation", ""},
    Wording{YAML::ErrorMsg::UNKNOWN_ANCHOR, "unknown alias %t", "define it before with &"},
    Wording{YAML::ErrorMsg::YAML_MAJOR_VERSION, "a YAML version other than 1", "remove the line"},
    Wording{YAML::ErrorMsg::BAD_FILE, "nested too deep", ""},
};

std::string_view line_of(std::string_view text, int line) {
    for (int i = 1; i < line && !text.empty(); ++i) {
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return text.substr(0, text.find_first_of("\r\n"));
}

/// One character, or the whole name of an alias.
std::string_view token_at(std::string_view line, int column) {
    const auto start = static_cast<std::size_t>(column > 0 ? column - 1 : 0);
    if (start >= line.size()) return {};
    if (line[start] != '*') return line.substr(start, 1);
    return line.substr(start, line.find_first_of(" ,]}", start) - start);
}

void fill_in(std::string& text, std::string_view mark, const std::string& value) {
    const std::size_t at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), value);
}

bool begins_with_tab(std::string_view line) {
    const std::size_t first = line.find_first_not_of(' ');
    return first != std::string_view::npos && line[first] == '\t';
}

}  // namespace

base::Error explain(const YAML::Exception& exception,
                    std::string_view text,
                    const TreeBuilder& builder) {
    const model::Place place = builder.place_of(exception.mark);
    const std::string_view line = line_of(text, place.line);
    base::Error error{model::to_string(place), "not valid YAML: " + exception.msg, ""};
    for (const Wording& wording : wordings) {
        if (!exception.msg.starts_with(wording.begins)) continue;
        error.what = wording.what;
        error.hint = wording.hint;
        break;
    }
    fill_in(error.what, "%t", base::printable(token_at(line, place.column)));
    fill_in(error.what, "%s", model::to_string(builder.last_scalar()));
    if (const model::Node* const unfinished = builder.unfinished()) {
        fill_in(error.what, "%p", model::to_string(unfinished->place));
    }
    if (begins_with_tab(line)) error.hint = "indent with spaces, not with tabs";
    return error;
}

base::Error explain_second_document(std::string_view text,
                                    const model::Place& place,
                                    const model::Node& first) {
    const bool marked = line_of(text, place.line).starts_with("---") || text.starts_with("...") ||
                        text.find("\n...") < text.size();
    if (marked) {
        return {model::to_string(place),
                "a second YAML document begins here",
                "one file holds one document; put the second into a file of its own in conf.d"};
    }
    return {model::to_string(place),
            "this does not continue what begins at " + model::to_string(first.place),
            "check the indentation"};
}

}  // namespace protohost::config
