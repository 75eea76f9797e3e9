# SPDX-License-Identifier: MIT
# Debian packages, made by scripts/package: protohost, protohost-plugins, protohost-sdk.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME protohost)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package's first line is its own
set(CPACK_PACKAGE_CONTACT "The protohost authors <protohost@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_COMPONENTS_ALL daemon plugins sdk)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(debian "${PROJECT_SOURCE_DIR}/packaging/debian")
set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME protohost)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SECTION net)
# The user is made by systemd-sysusers, which needs no running systemd.
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_DAEMON_PACKAGE_RECOMMENDS protohost-plugins)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SUGGESTS "protohost-sdk, logrotate")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA
    "${PROJECT_BINARY_DIR}/packaging/debian/conffiles"
    "${debian}/postinst"
    "${debian}/prerm"
    "${debian}/postrm"
    "${PROJECT_BINARY_DIR}/packaging/debian/triggers")
set(CPACK_COMPONENT_DAEMON_DESCRIPTION
    "daemon that serves network protocols from plugins
protohostd opens listeners, connections, datagram sockets, pipes and
subprocesses as a YAML configuration defines them, and gives each to a
protocol of a plugin, with the callbacks and guarantees of asyncio.
.
Configuration and plugins change without a restart: what has not changed
keeps its sockets and its connections, what is wrong changes nothing.
.
This package has the daemon, protohostctl and the unit for systemd.")

set(CPACK_DEBIAN_PLUGINS_PACKAGE_NAME protohost-plugins)
set(CPACK_DEBIAN_PLUGINS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PLUGINS_PACKAGE_DEPENDS "protohost (>= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_PLUGINS_DESCRIPTION
    "protocols for protohost: echo, forward, exec and examples
These plugins of protohostd echo streams and datagrams, connect clients to
another server, and run a program for each connection as inetd does.
.
The examples of Python's asyncio are among them, each as a plugin.")

set(CPACK_DEBIAN_SDK_PACKAGE_NAME protohost-sdk)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "cmake (>= 3.25), g++, protohost (>= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_SDK_DESCRIPTION
    "headers for writing protocols for protohost
A protocol is a C++ class with asyncio's callbacks, built into a plugin that
protohostd loads. This package has the headers, a test kit, the CMake package
Protohost with protohost_add_plugin(), and a file for pkg-config; the border
itself is C.")

include(CPack)
