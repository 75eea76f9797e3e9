# SPDX-License-Identifier: MIT
# Every foreign library, all from Debian packages (see /packages). Who links which is decided by the
# floor that is its only user.

find_package(Boost 1.81 REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)

# The switches change inline code: every translation unit must see the same ones.
add_library(protohost_boost INTERFACE)
target_link_libraries(protohost_boost INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(protohost_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_DLL_USE_STD_FS)
