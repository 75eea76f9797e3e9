# SPDX-License-Identifier: MIT
# protohost_add_plugin(<name> <source>... [DIRECTORY <folder>])
#
# A plugin, <name>.so, linked so that it cannot disturb its host or another plugin: it exports
# protohost_plugin_entry_v1 alone, leaves nothing undefined, carries a build-id, and has mode 0755,
# without which the daemon refuses it. It is written to DIRECTORY, by default
# ${CMAKE_BINARY_DIR}/plugins. More libraries: target_link_libraries(<name> PRIVATE ...).

function(protohost_add_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 plugin "" "DIRECTORY" "")
    if(NOT plugin_DIRECTORY)
        set(plugin_DIRECTORY "${CMAKE_BINARY_DIR}/plugins")
    endif()

    set(version_script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/protohost_plugin.map")

    add_library(${name} MODULE ${plugin_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE Protohost::sdk)
    get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
    if("CXX" IN_LIST languages)
        target_compile_features(${name} PRIVATE cxx_std_20)
    endif()
    set_target_properties(
        ${name}
        PROPERTIES PREFIX ""
                   SUFFIX ".so"
                   LIBRARY_OUTPUT_DIRECTORY "${plugin_DIRECTORY}"
                   C_VISIBILITY_PRESET hidden
                   CXX_VISIBILITY_PRESET hidden
                   VISIBILITY_INLINES_HIDDEN ON
                   LINK_DEPENDS "${version_script}")
    # A GNU unique symbol would pin the file in memory for ever and join statics of two plugins.
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
    target_link_options(
        ${name}
        PRIVATE
        LINKER:--version-script=${version_script}
        LINKER:-z,defs,-z,now,-z,relro,--build-id=sha1)
    # The daemon refuses what others may write; a generous umask must not decide that.
    add_custom_command(
        TARGET ${name} POST_BUILD
        COMMAND chmod 0755 "$<TARGET_FILE:${name}>" "$<TARGET_FILE_DIR:${name}>"
        VERBATIM)
endfunction()

# protohost_install_plugin(<name>...): into the folder that an installed daemon searches.
function(protohost_install_plugin)
    install(
        TARGETS ${ARGN}
        LIBRARY DESTINATION "${PROTOHOST_PLUGIN_DIRECTORY}"
        PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                    WORLD_EXECUTE)
endfunction()
