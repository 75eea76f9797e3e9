# SPDX-License-Identifier: MIT
# Our own code links this; foreign headers are SYSTEM and an author's plugin is the author's affair.

add_library(protohost_warnings INTERFACE)
target_compile_options(
    protohost_warnings
    INTERFACE -Wall
              -Wextra
              -Wpedantic
              -Wshadow
              -Wconversion
              -Wsign-conversion
              -Wcast-align
              # gcc 12 finds null dereferences in Boost's headers wherever it inlines them
              $<$<NOT:$<CXX_COMPILER_ID:GNU>>:-Wnull-dereference>
              -Wimplicit-fallthrough
              $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>
              $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
              $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
              $<$<COMPILE_LANGUAGE:CXX>:-Wextra-semi>
              $<$<BOOL:${PROTOHOST_WERROR}>:-Werror>)
