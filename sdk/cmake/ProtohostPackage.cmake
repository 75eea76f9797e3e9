# SPDX-License-Identifier: MIT
# protohost_package_plugin(<name> VERSION <version> CONTACT <"name <address>"> SUMMARY <text>
#                          [CONFIGURATION <file.yaml>...])
#
# A Debian package, protohost-<name>, of a plugin that protohost_add_plugin() has made, and of its definitions, which
# go to /etc/protohost/conf.d as files that the operator may change. Once in a project; then
#   cmake --build build && cpack --config build/CPackConfig.cmake -B build
# When it is installed, changed or removed, the daemon reloads by itself: the package needs no scripts.
function(protohost_package_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 package "" "VERSION;CONTACT;SUMMARY" "CONFIGURATION")
    foreach(needed IN ITEMS VERSION CONTACT SUMMARY)
        if(NOT package_${needed})
            message(FATAL_ERROR "protohost_package_plugin(${name}) needs ${needed}")
        endif()
    endforeach()
    set(component protohost_package)
    install(
        TARGETS ${name}
        LIBRARY DESTINATION "lib/${CMAKE_LIBRARY_ARCHITECTURE}/protohost/plugins"
        PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE
        COMPONENT ${component} EXCLUDE_FROM_ALL)

    set(folder /etc/protohost/conf.d)
    set(conffiles "")
    foreach(file IN LISTS package_CONFIGURATION)
        install(FILES "${file}" DESTINATION ${folder} COMPONENT ${component} EXCLUDE_FROM_ALL)
        cmake_path(GET file FILENAME file)
        string(APPEND conffiles "${folder}/${file}\n")
    endforeach()
    set(control "${CMAKE_CURRENT_BINARY_DIR}/protohost_package/conffiles")
    file(WRITE "${control}" "${conffiles}")

    set(CPACK_GENERATOR DEB)
    set(CPACK_PACKAGE_NAME "protohost-${name}")
    set(CPACK_PACKAGE_VERSION "${package_VERSION}")
    set(CPACK_PACKAGE_CONTACT "${package_CONTACT}")
    set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${package_SUMMARY}")
    set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
    set(CPACK_STRIP_FILES ON)
    # Whatever the umask is: the daemon refuses a plugin from a folder that others may write to.
    set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
        OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    set(CPACK_COMPONENTS_ALL ${component})
    set(CPACK_DEB_COMPONENT_INSTALL ON)
    set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
    set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
    set(CPACK_DEBIAN_PACKAGE_SECTION net)
    set(CPACK_DEBIAN_PACKAGE_DEPENDS "protohost (>= ${Protohost_VERSION})")
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
    if(conffiles)
        set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${control}")
    endif()
    include(CPack)
endfunction()
