#include "engine/ckks_params/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/error.h"

namespace serdab::ckks_params {
namespace {

using base::RingKind;

ParametersLiteral literal(RingKind ring = RingKind::kStandard, unsigned log_n = 13) {
  ParametersLiteral result;
  result.ring = ring;
  result.log_n = log_n;
  result.q = choose_primes(ring, log_n, {49.9, 40, 40});
  result.p = choose_primes(ring, log_n, {49.9}, result.q);
  return result;
}

void expect_refused(const ParametersLiteral& wrong, base::ErrorCode code, const char* reason) {
  try {
    Parameters::create(wrong);
    FAIL() << "accepted; expected: " << reason;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(reason));
  }
}

TEST(SecurityTable, KnownValues) {
  EXPECT_EQ(max_log_qp(10, SecurityLevel::k128), 26);
  EXPECT_EQ(max_log_qp(13, SecurityLevel::k192), 147);
  EXPECT_EQ(max_log_qp(16, SecurityLevel::k128), 1747);
  EXPECT_EQ(max_log_qp(17, SecurityLevel::k256), 1866);
  EXPECT_EQ(max_log_qp(10, SecurityLevel::k192), 0);
  EXPECT_EQ(max_log_qp(9, SecurityLevel::k128), 0);
  EXPECT_EQ(max_log_qp(18, SecurityLevel::k128), 0);
}

TEST(SecurityTable, RowsFollowEachOther) {
  EXPECT_EQ(min_log_n(214, SecurityLevel::k128), 13u);
  EXPECT_EQ(min_log_n(214.5, SecurityLevel::k128), 14u);
  EXPECT_EQ(min_log_n(1866, SecurityLevel::k256), 17u);
  EXPECT_EQ(min_log_n(4000, SecurityLevel::k128), 0u);
  EXPECT_EQ(satisfied_security_bits(14, 230), 256u);
  EXPECT_EQ(satisfied_security_bits(14, 231), 192u);
  EXPECT_EQ(satisfied_security_bits(14, 431), 0u);
}

TEST(SecurityTable, EstimatePassesThroughTheRows) {
  for (unsigned log_n = 11; log_n <= 17; ++log_n) {
    for (const SecurityLevel level : kSecurityLevels) {
      EXPECT_NEAR(estimated_security_bits(log_n, max_log_qp(log_n, level)), security_bits(level),
                  1e-9);
    }
  }
  EXPECT_LT(estimated_security_bits(13, 218), 128);
  EXPECT_GT(estimated_security_bits(13, 200), 128);
}

TEST(Parameters, AcceptedLiteralAnswersWhatItIs) {
  const auto parameters = Parameters::create(literal());
  EXPECT_EQ(parameters.n(), 8192u);
  EXPECT_EQ(parameters.slots(), 4096u);
  EXPECT_EQ(parameters.max_level().value, 2u);
  EXPECT_NEAR(parameters.log_q(base::Level{1}), 89.9, 0.1);
  EXPECT_NEAR(parameters.log_qp(), 179.8, 0.2);
  EXPECT_NEAR(parameters.margin_bits(), 214 - 179.8, 0.2);
  EXPECT_EQ(parameters.digits(base::Level{2}), 3u);
  EXPECT_FALSE(parameters.is_insecure());
  EXPECT_EQ(Parameters::create(literal(RingKind::kConjugateInvariant)).slots(), 8192u);
}

TEST(Parameters, IdIsOfEveryField) {
  const auto base_id = Parameters::create(literal()).id();
  EXPECT_EQ(base_id, Parameters::create(literal()).id());
  auto other = literal();
  std::swap(other.q[1], other.q[2]);
  EXPECT_NE(base_id, Parameters::create(other).id());
  EXPECT_NE(base_id, Parameters::create(literal(RingKind::kConjugateInvariant)).id());
  EXPECT_NE(base_id, Parameters::create_insecure_for_tests(literal()).id());
  EXPECT_EQ(to_string(base_id).size(), 16u);
}

TEST(Parameters, SecurityIsChecked) {
  auto wrong = literal(RingKind::kStandard, 12);  // 180 bits at 2^12, where 106 are allowed
  expect_refused(wrong, base::ErrorCode::kSecurity, "log_n 13");
  wrong = literal();
  wrong.security = SecurityLevel::k192;
  expect_refused(wrong, base::ErrorCode::kSecurity, "192-bit security allows 147");
  EXPECT_TRUE(Parameters::create_insecure_for_tests(wrong).is_insecure());
  EXPECT_LT(Parameters::create_insecure_for_tests(wrong).margin_bits(), 0);
}

TEST(Parameters, MalformedLiteralsAreRefusedWithTheReason) {
  struct Case {
    const char* reason;
    std::function<void(ParametersLiteral&)> spoil;
  };
  const Case cases[] = {
      {"log_n is 9", [](auto& l) { l.log_n = 9; }},
      {"log_n is 18", [](auto& l) { l.log_n = 18; }},
      {"no primes", [](auto& l) { l.q.clear(); }},
      {"appears twice", [](auto& l) { l.q[1] = l.q[2]; }},
      {"appears twice", [](auto& l) { l.p[0] = l.q[0]; }},
      {"is not 1 modulo", [](auto& l) { l.q[1] += 2; }},
      {"is not prime", [](auto& l) { l.q[1] = 3 * (std::uint64_t{1} << 40) + 1; }},
      {"20 to 50 bits", [](auto& l) { l.q[1] = 65537; }},
      {"20 to 50 bits", [](auto& l) { l.q[1] = (std::uint64_t{1} << 50) + 1; }},
      {"digit_primes is 0", [](auto& l) { l.digit_primes = 0; }},
      {"digit_primes is 1", [](auto& l) { l.p.clear(); }},
      {"add special primes", [](auto& l) { l.digit_primes = 3; }},
      {"unknown ring", [](auto& l) { l.ring = static_cast<RingKind>(7); }},
      {"unknown security", [](auto& l) { l.security = static_cast<SecurityLevel>(3); }},
  };
  for (const Case& c : cases) {
    auto wrong = literal();
    c.spoil(wrong);
    expect_refused(wrong, base::ErrorCode::kInvalidArgument, c.reason);
  }
}

TEST(Parameters, ConjugateInvariantPrimesAreOneModFourN) {
  auto wrong = literal(RingKind::kStandard);
  wrong.ring = RingKind::kConjugateInvariant;
  std::uint64_t prime =
      3 * (std::uint64_t{1} << 14) + 1;  // 49153: too small, but the form is right
  while (prime < (1 << 20) || prime % (1 << 15) == 1) prime += std::uint64_t{1} << 14;
  wrong.q[1] = prime;
  expect_refused(wrong, base::ErrorCode::kInvalidArgument, "is not 1 modulo 32768");
}

}  // namespace
}  // namespace serdab::ckks_params
