# SPDX-License-Identifier: MIT
"""Certificates for servers that speak TLS, which openssl makes and signs for itself."""
import atexit
import functools
import os
import shutil
import subprocess
import tempfile

KINDS = {"ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}


def make(kind, path, name="localhost", serial=1):
    """`path` becomes a file with certificate and key; what was there is replaced in one step."""
    parts = [f"{path}.{part}" for part in ("key", "certificate", "both")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *KINDS[kind], "-nodes", "-days", "30",
                    "-set_serial", str(serial), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", parts[0], "-out", parts[1]], check=True, stderr=subprocess.DEVNULL)
    with open(os.open(parts[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as both:
        for part in parts[:2]:
            with open(part) as file:
                both.write(file.read())
            os.unlink(part)
    os.rename(parts[2], path)


@functools.cache
def folder():
    path = tempfile.mkdtemp(prefix="protohost-bench-tls-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@functools.cache
def file_of(kind):
    """One of each kind, for all servers of a run."""
    path = os.path.join(folder(), f"{kind}.pem")
    make(kind, path)
    return path
