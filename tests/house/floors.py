#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every #include goes down the floors, and each foreign library is named in one folder only."""
import pathlib
import re
import sys
import tempfile

FLOOR = {"sdk": 0, "daemon/base": 0, "daemon/model": 1, "plugins": 1, "daemon/config": 2, "daemon/net": 2,
         "daemon/plugin": 2, "daemon/unit": 3, "daemon/supervisor": 4, "daemon/control": 5, "daemon": 6,
         "ctl": 6, "bench": 7, "tests": 7}
SDK_ONLY = {"plugins"}
LIKE_PLUGINS = ("plugins/", "tests/guests/", "tests/conformance/plugin/")  # without the root on their path: includes beside the file

# The first line that matches decides; the folders are those that may name it, besides tests and bench.
VOCABULARY = [name for name, floor in FLOOR.items() if floor >= 2 and name not in ("bench", "tests")]
FOREIGN = [
    (r"fmt/|spdlog/|systemd/|nlohmann/", ["daemon/base"]),
    (r"openssl/", ["daemon/base", "daemon/net"]),
    (r"yaml-cpp/", ["daemon/config"]),
    (r"boost/dll", ["daemon/plugin"]),
    (r"boost/system/", [name for name in FLOOR if name.startswith(("daemon", "ctl"))]),
    (r"boost/(asio|process|beast|intrusive)\b", ["daemon/net"]),
    (r"CLI/", ["daemon", "ctl"]),
    (r"gtest/|benchmark/", []),
    (r"[a-z0-9_]+$|[a-z0-9_]+\.h$|(arpa|linux|net|netinet|sys)/", list(FLOOR)),  # C++, C, POSIX
]


def folder_of(path):
    parts = path.split("/")
    deep = "/".join(parts[:2])
    return deep if deep in FLOOR and len(parts) > 2 else parts[0]


def complaint(root, file, include, angled):
    """What is wrong with this one include, or None."""
    here = folder_of(file)
    if angled and not include.startswith("protohost/"):
        for pattern, folders in FOREIGN:
            if re.match(pattern, include):
                if here in folders or here in ("tests", "bench"):
                    return None
                return f"only {' and '.join(folders) or 'tests'} may name this; go through a header there"
        return "an unknown library; decide which one folder may name it and say so in FOREIGN"
    if not angled and file.startswith(LIKE_PLUGINS) and (root / file).parent.joinpath(include).exists():
        return None
    if not angled and not any((root / (include + end)).exists() for end in ("", ".in")):
        return 'no such file; write "folder/file.hpp" from the root of the repository'
    there = "sdk" if angled else folder_of(include)
    if there == here and (here != "plugins" or file.split("/")[1] == include.split("/")[1]):
        return None
    if here in SDK_ONLY and there != "sdk":
        return "a plugin sees the SDK only"
    if FLOOR.get(there, 99) >= FLOOR[here]:
        return f"{there} is not below {here}; a file includes lower floors and its own folder only"
    return None


def check(root):
    """(number of includes, list of complaints) of the tree."""
    count, found = 0, []
    for top in ("sdk", "daemon", "plugins", "ctl", "bench", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".hpp", ".c", ".cpp", ".in"):
                continue
            file = path.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if match := re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line):
                    count += 1
                    if why := complaint(root, file, match[2], match[1] == "<"):
                        found.append(f"{file}:{number}: {match[2]}: {why}")
    return count, found


def prove():
    """The guard must see one violation of each kind, and nothing else."""
    good = {"daemon/base/a.hpp": "#include <spdlog/spdlog.h>", "daemon/net/a.cpp": '#include "daemon/base/a.hpp"',
            "plugins/x/x.cpp": "#include <protohost/plugin.hpp>", "tests/a.cpp": "#include <gtest/gtest.h>",
            "daemon/config/a.hpp": "#include <map>"}
    bad = {"daemon/base/up.cpp": '#include "daemon/unit/a.hpp"', "daemon/net/side.cpp": '#include "daemon/config/a.hpp"',
           "daemon/unit/log.cpp": "#include <spdlog/spdlog.h>", "daemon/unit/tcp.hpp": "#include <boost/asio/ip/tcp.hpp>",
           "plugins/x/in.cpp": '#include "daemon/base/a.hpp"', "sdk/include/b.hpp": '#include "daemon/base/a.hpp"',
           "daemon/net/new.cpp": "#include <curl/curl.h>", "daemon/net/t.cpp": '#  include "tests/a.cpp"',
           "daemon/base/sdk.hpp": "#include <protohost/abi.h>", "daemon/net/where.cpp": '#include "a.hpp"'}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in (good | bad).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n")
        found = {line.split(":")[0] for line in check(root)[1]}
    if found != set(bad):
        sys.exit(f"the guard itself is broken: it missed or invented {sorted(found ^ set(bad))}")


prove()
total, complaints = check(pathlib.Path(sys.argv[1]))
print(*complaints, sep="\n")
print(f"{total} includes, {len(complaints)} wrong; the table of floors is in ARCHITECTURE.md")
sys.exit(1 if complaints or total == 0 else 0)
