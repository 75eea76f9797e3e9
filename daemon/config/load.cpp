// SPDX-License-Identifier: MIT
#include "daemon/config/load.hpp"

#include <span>
#include <string>
#include <utility>

#include "daemon/base/digest.hpp"
#include "daemon/base/format.hpp"
#include "daemon/config/decode.hpp"
#include "daemon/config/known.hpp"
#include "daemon/config/load_yaml.hpp"
#include "daemon/config/merge.hpp"
#include "daemon/config/option_defaults.hpp"
#include "daemon/config/read_file.hpp"
#include "daemon/config/report.hpp"

namespace protohost::config {
namespace {

/// What the files hold, as it is read, file by file.
class Files {
public:
    explicit Files(Report& report) : report_(report) {}

    /// `name` is what the file is called in the digest, wherever all of them are.
    void add(const std::filesystem::path& file, const std::string& name) {
        const std::string path = file.string();
        report_.add_file(path);
        const auto text = read_file(file);
        if (!text) {
            report_.add(model::Place{path, 0, 0}, text.error());
            return;
        }
        digests_ += base::format("{} {}\n", base::sha256(std::as_bytes(std::span(*text))), name);
        auto tree = load_yaml(path, *text, report_);
        if (tree) merge_.add(std::move(*tree), report_);
    }

    model::Node take() { return merge_.take(); }
    std::string digest() const { return base::sha256(std::as_bytes(std::span(digests_))); }

private:
    Report& report_;
    Merge merge_;
    std::string digests_;  ///< as sha256sum prints them
};

}  // namespace

base::Result<Loaded> load_with_source(const std::filesystem::path& file) {
    Report report;
    Files files(report);
    files.add(file, file.filename().string());
    const auto additions = find_additions(file);
    if (additions) {
        for (const std::filesystem::path& addition : *additions) {
            files.add(addition, "conf.d/" + addition.filename().string());
        }
    } else {
        report.add(model::Place{}, additions.error());
    }
    Loaded loaded;
    loaded.written = files.take();
    loaded.digest = files.digest();
    loaded.configuration = decode(loaded.written, report);
    if (!report.empty()) return report.sorted();
    return loaded;
}

base::Result<model::Configuration> load(const std::filesystem::path& file) {
    auto loaded = load_with_source(file);
    if (!loaded) return loaded.error();
    return std::move(loaded->configuration);
}

model::Node effective(const model::Node& written, const std::vector<DeclaredProtocol>& protocols) {
    Report report;
    Known known;
    decode(written, report, &known);
    add_option_defaults(known, protocols);
    return effective(known);
}

}  // namespace protohost::config
