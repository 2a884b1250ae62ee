#include "networks/compiler/rotation_keys/limit_rotation_keys.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "networks/program/file_sizes.h"
#include "networks/program/reference.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

using program::ValueId;

// Copies of a vector rotated by 1, 2 and 3, and their total by 3, 0 and 1.
program::Package rotating_package() {
  program::Package package;
  package.parameters.log_n = 12;
  package.parameters.q = {1099511480321u};
  package.parameters.p = {1099510890497u};
  program::Program& p = package.program;
  p.layout = program::Layout::kPacked;
  p.positions = 8;
  p.primes = package.parameters.q;
  p.special_primes = package.parameters.p;
  const base::Scale s{std::exp2(30)};
  const std::vector<program::Rotation> apart = {{1, {1}}, {2, {2}}, {3, {3}}};
  p.values = {{program::Input{}, "input", 1, 2, {0}, s, 1},
              {program::Rotate{0, apart}, "copies", 3, 2, {0}, s, 1},
              {program::RotatedTotal{1, {{3, {3}}, {0, {}}, {1, {1}}}}, "sum", 1, 2, {0}, s, 3}};
  program::verify(p);
  return package;
}

TEST(LimitRotationKeys, MakesUpRotationsOfCopiesAndTotals) {
  program::Package package = rotating_package();
  program::Bundle input(8, 1);
  for (std::size_t i = 0; i < 8; ++i) input.data[i] = static_cast<double>(i * i);
  const program::Bundle before = program::run_reference(package.program, input);
  const std::size_t limit = program::file_sizes(package).evaluation_keys - 1;
  EXPECT_EQ(limit_rotation_keys(package, limit), 1u);
  EXPECT_LE(program::file_sizes(package).evaluation_keys, limit);
  EXPECT_EQ(program::rotation_keys(package.program).size(), 2u);
  EXPECT_EQ(program::run_reference(package.program, input).data, before.data);
}

TEST(LimitRotationKeys, SaysWhenNoKeysAreFewEnough) {
  program::Package package = rotating_package();
  EXPECT_THROW(limit_rotation_keys(package, 1000), base::Error);
}

}  // namespace
}  // namespace serdab::compiler
