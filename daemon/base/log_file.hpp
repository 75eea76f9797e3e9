// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"

namespace protohost::base {

/// The file that `log.file` names, open for appending. It may be moved away at any time, and is
/// written to until reopen().
class LogFile {
public:
    /// Makes it where there is none, with mode 0640. `where` is what an error says.
    static Result<std::unique_ptr<LogFile>> open(std::string path, const std::string& where);

    /// What open() would fail with now. Makes nothing.
    static Errors rehearse(const std::string& path, const std::string& where);

    /// Removes what open() has made, unless it was wanted in the end.
    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    void keep() { made_ = false; }
    const std::string& path() const { return path_; }

    /// What goes by that name now. Where it cannot be opened, the former one stays.
    Errors reopen();

    /// 0, or why not: an errno.
    int append(std::string_view line);

private:
    LogFile(std::string path, Descriptor file, bool made);

    int write(std::string_view bytes);

    std::string path_;
    Descriptor file_;
    bool made_;          ///< by open(), and nobody else has to do with it
    bool torn_ = false;  ///< its last line has no end
};

}  // namespace protohost::base
