# SPDX-License-Identifier: MIT
# What nearly every file includes is compiled once: one header for the floors, one for the tests.
# Heavier headers (Boost.DLL, spdlog, yaml-cpp) have few readers each and cost more than they save.

# protohost_precompiled(<target> HEADERS <header>... LIBRARIES <target>...)
function(protohost_precompiled target)
    cmake_parse_arguments(PARSE_ARGV 1 pch "" "" "HEADERS;LIBRARIES")
    set(source "${PROJECT_BINARY_DIR}/generated/${target}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// Exists for its precompiled header.\n")
    add_library(${target} OBJECT "${source}")
    target_link_libraries(${target} PRIVATE ${pch_LIBRARIES} protohost_warnings)
    target_precompile_headers(${target} PRIVATE ${pch_HEADERS})
endfunction()

# protohost_reuse_precompiled(<target> <precompiled target>)
function(protohost_reuse_precompiled target precompiled)
    if(PROTOHOST_PCH)
        target_precompile_headers(${target} REUSE_FROM ${precompiled})
    endif()
endfunction()

# Half of what is compiled is tests, which run once for each time they are compiled: optimizing them takes
# longer than it saves, and a backtrace is what is asked of their debug information. Undefined behaviour is
# looked for in what is tested. Plugins that tests load are compiled as their authors would: what is left of a
# template decides what a plugin needs, such as threads.
set(PROTOHOST_TEST_OPTIONS $<$<CONFIG:Debug>:-O0> $<$<CONFIG:Debug>:-g1>)
if(PROTOHOST_SANITIZE MATCHES undefined)
    list(APPEND PROTOHOST_TEST_OPTIONS -fno-sanitize=undefined)
endif()

set(standard_headers
    <algorithm>
    <chrono>
    <cstdint>
    <functional>
    <map>
    <memory>
    <optional>
    <span>
    <string>
    <string_view>
    <system_error>
    <utility>
    <variant>
    <vector>)

if(PROTOHOST_PCH)
    protohost_precompiled(
        protohost_floor_headers
        HEADERS
        ${standard_headers}
        <boost/system/result.hpp>
        <fmt/format.h>
        LIBRARIES
        fmt::fmt
        protohost_boost)
endif()
if(PROTOHOST_PCH AND PROTOHOST_TESTS)
    find_package(GTest REQUIRED)
    protohost_precompiled(
        protohost_test_headers
        HEADERS
        ${standard_headers}
        <gtest/gtest.h>
        LIBRARIES
        GTest::gtest)
    target_compile_options(protohost_test_headers PRIVATE ${PROTOHOST_TEST_OPTIONS})
endif()
