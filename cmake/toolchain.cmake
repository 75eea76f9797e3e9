# SPDX-License-Identifier: MIT
# What holds for everything that is compiled here: language, output folders, fast tools, sanitizers.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

find_program(PROTOHOST_CCACHE ccache)
if(PROTOHOST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without the sloppiness ccache refuses every file that uses a precompiled header.
    set(sloppy "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime")
    set(CMAKE_C_COMPILER_LAUNCHER "${PROTOHOST_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;${sloppy};${PROTOHOST_CCACHE}")
endif()

find_program(PROTOHOST_MOLD mold)
if(PROTOHOST_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

if(PROTOHOST_SANITIZE)
    add_compile_options(
        -fsanitize=${PROTOHOST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
        # It opens a descriptor to look at memory, and reports falsely where there is none left.
        $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>)
    add_link_options(-fsanitize=${PROTOHOST_SANITIZE})
endif()
