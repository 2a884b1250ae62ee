#!/usr/bin/env python3
"""Installs serdab into a scratch folder and builds and runs a program against it with find_package.

Usage: check.py BUILD_DIR SOURCE_DIR.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(consumer CXX)
find_package(serdab REQUIRED)
add_executable(consumer consumer.cpp)
target_link_libraries(consumer PRIVATE serdab::ckks)
"""


def main(build, source):
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        subprocess.run(["cmake", "--install", build, "--prefix", root / "prefix"], check=True,
                       stdout=subprocess.DEVNULL)
        (root / "CMakeLists.txt").write_text(CMAKE)
        shutil.copy(pathlib.Path(source) / "tests/install/consumer.cpp", root)
        subprocess.run(["cmake", "-S", root, "-B", root / "build", "-G", "Ninja",
                        f"-DCMAKE_PREFIX_PATH={root / 'prefix'}"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", root / "build"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([root / "build/consumer"], check=True)
        listed = subprocess.run([root / "prefix/bin/serdab", "data", "list"], check=True,
                                capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "HOME": scratch})
        assert "share/serdab/data" in listed.stdout, listed.stdout
        print("installed, found, built, ran")


if __name__ == "__main__":
    main(*sys.argv[1:])
