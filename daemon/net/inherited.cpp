// SPDX-License-Identifier: MIT
#include "daemon/net/inherited.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace protohost::net {

base::Result<base::Descriptor> copy_inherited(int fd, const std::string& where) {
    base::Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (copy) return copy;
    const int error = errno;
    const std::string number = std::to_string(fd);
    if (error == EBADF) {
        return base::failure(
            where, "there is no descriptor " + number, "whoever starts the daemon passes it");
    }
    return base::failure(
        where, "cannot copy descriptor " + number + ": " + std::strerror(error), {}, error);
}

}  // namespace protohost::net
