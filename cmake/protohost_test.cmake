# SPDX-License-Identifier: MIT
include(GoogleTest)

# protohost_test(<name> [LIBRARIES <target>...] [NEEDS <target>...] [FIXTURES <fixture> <suites>]
#                [TIMEOUT <seconds>] [LABELS <label>] [SERIAL] [APART])
#
# One GoogleTest executable, test_<name>, from every *.cpp of the folder; none yet, no executable.
# NEEDS is built first: programs and plugins that the tests use at run time. The suites that match
# FIXTURES' pattern wait for that fixture of ctest. SERIAL tests have the machine to themselves. Each
# test sees PROTOHOST_SOURCE_DIR and PROTOHOST_BUILD_DIR.
#
# ctest starts a process for each test. Under sanitizers that takes most of the time of a short one, so
# there it starts four for all tests of an executable together, <name>.part_0 to 3, except where its
# tests are SERIAL, APART or have FIXTURES.
function(protohost_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "SERIAL;APART" "TIMEOUT;LABELS" "LIBRARIES;NEEDS;FIXTURES")
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    if(NOT sources)
        return()
    endif()

    set(target test_${name})
    add_executable(${target} ${sources})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE ${test_LIBRARIES} GTest::gtest_main protohost_warnings)
    target_compile_definitions(
        ${target} PRIVATE PROTOHOST_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                          PROTOHOST_BUILD_DIR="${PROJECT_BINARY_DIR}")
    target_compile_options(${target} PRIVATE ${PROTOHOST_TEST_OPTIONS})
    protohost_reuse_precompiled(${target} protohost_test_headers)
    if(test_NEEDS)
        add_dependencies(${target} ${test_NEEDS})
    endif()

    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 60)
    endif()
    if(PROTOHOST_SANITIZE)
        math(EXPR test_TIMEOUT "4 * ${test_TIMEOUT}")
    endif()
    set(environment UBSAN_OPTIONS=print_stacktrace=1)
    set(properties TIMEOUT ${test_TIMEOUT} ENVIRONMENT ${environment})
    if(test_LABELS)
        list(APPEND properties LABELS ${test_LABELS})
    endif()
    if(test_SERIAL)
        list(APPEND properties RUN_SERIAL ON)
    endif()

    if(PROTOHOST_SANITIZE AND NOT (test_SERIAL OR test_APART OR test_FIXTURES))
        foreach(part RANGE 3)
            add_test(NAME ${name}.part_${part} COMMAND ${target} --gtest_brief=1)
            set_tests_properties(
                ${name}.part_${part}
                PROPERTIES ${properties} TIMEOUT 900 COST 100 ENVIRONMENT
                           "${environment};GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${part}")
        endforeach()
        return()
    endif()

    set(discover ${target} DISCOVERY_MODE PRE_TEST)
    if(NOT test_FIXTURES)
        gtest_discover_tests(${discover} PROPERTIES ${properties})
        return()
    endif()
    list(GET test_FIXTURES 0 fixture)
    list(GET test_FIXTURES 1 suites)
    gtest_discover_tests(${discover} TEST_FILTER "-${suites}" PROPERTIES ${properties})
    gtest_discover_tests(
        ${discover} TEST_FILTER "${suites}" PROPERTIES ${properties} FIXTURES_REQUIRED ${fixture})
endfunction()
