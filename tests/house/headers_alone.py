#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""headers_alone.py <root> <folder of generated headers> [<n>]: each header compiles by itself, first or second.

With a number it is one in so many, and all of the SDK: what strangers include."""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
DEFINED = ['-DPROTOHOST_SOURCE_DIR=""', '-DPROTOHOST_BUILD_DIR=""']  # as every test sees them
C, CXX = ["gcc", "-xc"], ["g++", "-xc++"]
CLANG_C, CLANG_CXX = ["clang", "-xc"], ["clang++", "-xc++"]


def ways(header):
    """The compilers and languages that must accept it: the SDK's are compiled by strangers."""
    if header.suffix == ".h" and "sdk" not in header.parts:
        return [[*c, "-std=c11", "-D_GNU_SOURCE"] for c in (C, CLANG_C)]
    if header.suffix == ".h":
        return [[*c, "-std=c11"] for c in (C, CLANG_C)] + [
            [*cxx, f"-std={std}"] for cxx in (CXX, CLANG_CXX) for std in ("c++17", "c++20")]
    return [[*cxx, "-std=c++20"] for cxx in ((CXX, CLANG_CXX) if "sdk" in header.parts else (CXX,))]


def compile_alone(job):
    header, way, folders = job
    command = [*way, *WARNINGS, *DEFINED, *(f"-I{folder}" for folder in folders), "-"]
    done = subprocess.run(command, input=f'#include "{header}"\n' * 2, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return f"{header}: include what it uses, it does not compile alone ({' '.join(way)})\n{done.stderr}"


def check(headers, folders):
    jobs = [(header, way, folders) for header in headers for way in ways(header) if shutil.which(way[0])]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return len(jobs), [why for why in pool.map(compile_alone, jobs) if why]


def prove():
    """The guard must accept a good header and see a missing include, a missing guard, and C++ in C."""
    texts = {"good.hpp": "#pragma once\n#include <string>\ninline std::string name();\nstd::string name() { return {}; }",
             "alone.hpp": "#pragma once\nstd::string name();", "twice.hpp": "struct Twice {};",
             "plain.h": "#ifndef A\n#define A\nnamespace a {}\n#endif"}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (pathlib.Path(folder) / name).write_text(text + "\n")
        headers = sorted(pathlib.Path(folder).iterdir())
        found = {pathlib.Path(why.split(":")[0]).name for why in check(headers, [])[1]}
    if found != {"alone.hpp", "twice.hpp", "plain.h"}:
        sys.exit(f"the guard itself is broken: it complains about {sorted(found)}")


prove()
source, generated = map(pathlib.Path, sys.argv[1:3])
tops = [generated] + [source / top for top in ("sdk", "daemon", "plugins", "ctl", "tests", "bench")]
everything = sorted(path for top in tops for end in ("*.h", "*.hpp") for path in top.rglob(end)
                    if "guests" not in path.parts)  # theirs are templates, filled in by each guest
if len(sys.argv) > 3:
    everything = [path for i, path in enumerate(everything) if i % int(sys.argv[3]) == 0 or "sdk" in path.parts]
total, complaints = check(everything, [source, generated, source / "sdk/include"])
print(*complaints, sep="\n")
print(f"{len(everything)} headers, {total} compilations, {len(complaints)} failed")
sys.exit(1 if complaints or not everything else 0)
