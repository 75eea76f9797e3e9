# SPDX-License-Identifier: MIT
# protohost_floor(<folder> [DEPENDS <folder>...] [VOCABULARY <target>...] [LIBRARIES <target>...])
#
# The static library of one floor folder, protohost_<folder>, from every *.cpp in it. DEPENDS are the
# lower floors it may include ("sdk" among them), VOCABULARY what its headers show to others,
# LIBRARIES what only its sources see. A folder without sources yet is a library of headers.
function(protohost_floor folder)
    cmake_parse_arguments(PARSE_ARGV 1 floor "" "" "DEPENDS;VOCABULARY;LIBRARIES")
    set(target protohost_${folder})
    set(lower ${floor_DEPENDS})
    list(TRANSFORM lower PREPEND protohost_)

    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    if(NOT sources)
        add_library(${target} INTERFACE)
        target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}")
        target_link_libraries(${target} INTERFACE ${lower} ${floor_VOCABULARY})
        return()
    endif()

    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(
        ${target}
        PUBLIC ${lower} ${floor_VOCABULARY}
        PRIVATE ${floor_LIBRARIES} protohost_warnings)
    protohost_reuse_precompiled(${target} protohost_floor_headers)
endfunction()
