#!/usr/bin/env python3
"""Misuse that must not compile. Usage: check.py COMPILER SOURCE_DIR.

Each snippet is compiled as it is (must fail) and with its last line replaced by the right use (must
succeed), so that a snippet cannot fail for a reason of its own.
"""
import subprocess
import sys
import tempfile

PRELUDE = """
#include "engine/base/units.h"
#include "engine/ckks/ciphertext.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks_secret/secret_key.h"
#include "engine/ring/transform.h"
#include <iostream>
using namespace serdab;
void level(base::Level);
void scale(base::Scale);
void ntt(const ring::RnsPoly<ring::Ntt>&);
"""
CASES = [
    ("a secret key is not copied",
     "void f(ckks_secret::SecretKey& a) { auto b = a; }",
     "void f(ckks_secret::SecretKey& a) { auto b = std::move(a); }"),
    ("a secret key is not printed",
     "void f(ckks_secret::SecretKey& a) { std::cout << a; }",
     "void f(ckks_secret::SecretKey& a) { std::cout << a.key_id().size(); }"),
    ("a ciphertext is copied by clone() only",
     "void f(ckks::Ciphertext& a) { auto b = a; }",
     "void f(ckks::Ciphertext& a) { auto b = a.clone(); }"),
    ("a level is not a scale", "void f(base::Level a) { scale(a); }", "void f(base::Level a) { level(a); }"),
    ("a number is not a level", "void f() { level(3u); }", "void f() { level({3u}); }"),
    ("coefficients are not values",
     "void f(ring::RnsPoly<ring::Coeff>& a) { ntt(a); }",
     "void f(ring::RnsPoly<ring::Ntt>& a) { ntt(a); }"),
]


def compiles(compiler, source_dir, text):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(PRELUDE + text + "\n")
        file.flush()
        command = [compiler, "-std=c++20", "-fsyntax-only", "-I", f"{source_dir}/src", file.name]
        done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def main(compiler, source_dir):
    failures = 0
    for name, wrong, right in CASES:
        accepted, _ = compiles(compiler, source_dir, wrong)
        control, errors = compiles(compiler, source_dir, right)
        verdict = "ok" if control and not accepted else "WRONG"
        print(f"{verdict}: {name}")
        if accepted:
            print("   the misuse compiled")
        if not control:
            print("   the right use did not compile:\n" + errors)
        failures += verdict != "ok"
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
