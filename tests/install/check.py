#!/usr/bin/env python3
"""Installs serdab into a scratch folder and builds and runs programs against it with find_package: a user's
first, and the stages of the inference benchmark.

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


def build_against(prefix, source, build):
    subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build], check=True, stdout=subprocess.DEVNULL)


def check_benchmark_stages(folder, root):
    root.mkdir()
    subprocess.run([folder / "client_key_generation", "0"], check=True, cwd=root)
    subprocess.run([folder / "server_preprocess_model"], check=True, cwd=root)
    assert (root / "io/single/public_keys/eval.key").is_file()


def main(build, source):
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        subprocess.run(["cmake", "--install", build, "--prefix", root / "prefix"], check=True,
                       stdout=subprocess.DEVNULL)
        (root / "CMakeLists.txt").write_text(CMAKE)
        shutil.copy(pathlib.Path(source) / "tests/install/consumer.cpp", root)
        build_against(root / "prefix", root, root / "build")
        subprocess.run([root / "build/consumer"], check=True)
        listed = subprocess.run([root / "prefix/bin/serdab", "data", "list"], check=True,
                                capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "HOME": scratch})
        assert "share/serdab/data" in listed.stdout, listed.stdout
        check_benchmark_stages(root / "prefix/libexec/serdab/hebench", root / "installed")
        build_against(root / "prefix", pathlib.Path(source) / "apps/hebench", root / "stages")
        check_benchmark_stages(root / "stages", root / "built")
        print("installed, found, built, ran")


if __name__ == "__main__":
    main(*sys.argv[1:])
