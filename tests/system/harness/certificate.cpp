// SPDX-License-Identifier: MIT
#include "tests/system/harness/certificate.hpp"

#include <filesystem>

#include "tests/system/harness/peers.hpp"

namespace protohost::harness {

void make_certificate(const std::string& folder,
                      const std::string& name,
                      const std::string& host,
                      int days) {
    const std::string key = folder + "/" + name + ".key";
    output_of({"openssl",
               "req",
               "-x509",
               "-newkey",
               "ec",
               "-pkeyopt",
               "ec_paramgen_curve:P-256",
               "-nodes",
               "-days",
               std::to_string(days),
               "-subj",
               "/CN=" + host,
               "-addext",
               "subjectAltName=DNS:" + host + ",IP:127.0.0.1",
               "-keyout",
               key,
               "-out",
               folder + "/" + name + ".pem"});
    // Whatever umask the tests have.
    std::filesystem::permissions(key, std::filesystem::perms(0600));
}

}  // namespace protohost::harness
