// SPDX-License-Identifier: MIT
#include "daemon/config/load_yaml.hpp"

#include <sstream>
#include <utility>

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "daemon/config/syntax_error.hpp"
#include "daemon/config/tree_builder.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

/// Every node carries its path, so long keys nested deep could make a small file a large tree.
constexpr std::size_t most_path_bytes = 32 * 1024 * 1024;

void assign_paths(model::Node& node, std::string path, std::size_t& used) {
    used += path.size();
    if (used > most_path_bytes) return;
    node.path = std::move(path);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        assign_paths(node.items[i], model::path_to(node.path, i), used);
    }
    for (model::Member& member : node.members) {
        assign_paths(member.value, model::path_to(node.path, member.key), used);
    }
}

/// False: the report says why the text could not be read to its end.
bool parse(const std::string& text, TreeBuilder& builder, Report& report) {
    // The mark of the document's end makes the parser notice a quoted text that has no end; without
    // it, the end of the file would silently close the text.
    std::istringstream stream(text + (text.ends_with('\n') ? "...\n" : "\n...\n"));
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        return true;
    } catch (const StopParsing&) {
        if (const auto& second = builder.second_document()) {
            report.add(*second, explain_second_document(text, *second, builder.take_root()));
        }
    } catch (const YAML::Exception& exception) {
        report.add(builder.place_of(exception.mark), explain(exception, text, builder));
    }
    return false;
}

}  // namespace

std::optional<model::Node> load_yaml(const std::string& file,
                                     const std::string& text,
                                     Report& report) {
    TreeBuilder builder(file, report);
    if (!parse(text, builder, report)) return std::nullopt;
    const model::Place whole{file, 0, 0};
    model::Node root = builder.take_root();
    if (root.kind == model::Node::Kind::null) {
        report.add(whole,
                   {file, "empty: there is no configuration in it", "write {} if that is meant"});
        return std::nullopt;
    }
    std::size_t path_bytes = 0;
    assign_paths(root, "", path_bytes);
    if (path_bytes > most_path_bytes) {
        report.add(whole, {file, "too many long keys inside each other", "shorten them"});
        return std::nullopt;
    }
    return root;
}

}  // namespace protohost::config
