// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include "daemon/config/report.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Thrown through the parser to end it, when the rest is of no use; the report says why.
struct StopParsing {};

/// Receives the parser's events for one document and builds the tree of it.
class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(std::string file, Report& report) : file_(std::move(file)), report_(report) {}

    /// The document; null where it was empty.
    model::Node take_root() { return std::move(root_); }

    /// Where a second document begins, if one does; parsing stopped there.
    const std::optional<model::Place>& second_document() const { return second_document_; }

    /// The scalar that was read last.
    const model::Place& last_scalar() const { return last_scalar_; }

    model::Place place_of(const YAML::Mark& mark) const;

    /// The innermost list or mapping that is not finished, for errors of syntax; else nullptr.
    const model::Node* unfinished() const { return open_.empty() ? nullptr : &open_.back().node; }

    void OnDocumentStart(const YAML::Mark& mark) override;
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override;
    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override;
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override;
    void OnMapEnd() override { close(); }

private:
    /// A list or a mapping that is not finished yet.
    struct Frame {
        model::Node node;
        YAML::anchor_t anchor = 0;
        /// Of a mapping whose next event is a value.
        std::optional<model::Member> pending = {};
        /// The pending key was refused: its value is read and dropped.
        bool discard = false;
        /// To find a repeated key without searching all of them.
        std::map<std::string, model::Place> keys = {};
    };

    void open(model::Node::Kind kind,
              const YAML::Mark& mark,
              const std::string& tag,
              YAML::anchor_t anchor);
    void close();
    void add(model::Node node, YAML::anchor_t anchor);
    void add_key(Frame& frame, model::Node node);
    void refuse_key(Frame& frame, const model::Place& place, std::string what, std::string hint);
    void check_tag(const std::string& tag, const model::Node& node);
    void charge(const model::Node& node);
    /// Of the value that is being read.
    std::string path() const;
    void complain(const model::Place& place, std::string what, std::string hint = {});
    [[noreturn]] void stop(const model::Place& place, std::string what, std::string hint = {});

    std::string file_;
    Report& report_;
    bool started_ = false;
    std::optional<model::Place> second_document_;
    model::Place last_scalar_;
    model::Node root_;
    std::vector<Frame> open_;
    std::map<YAML::anchor_t, model::Node> anchors_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace protohost::config
