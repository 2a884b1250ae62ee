#include "engine/ckks_params/security_table.h"

#include <cstddef>

namespace serdab::ckks_params {
namespace {

constexpr unsigned kMinLogN = 10;
constexpr unsigned kMaxLogN = 17;

struct Row {
  double log_qp[3];  // 128, 192, 256 bits
};
constexpr Row kTable[kMaxLogN - kMinLogN + 1] = {
    {{26, 0, 0}},         // 2^10
    {{53, 36, 27}},       // 2^11
    {{106, 73, 56}},      // 2^12
    {{214, 147, 114}},    // 2^13
    {{430, 297, 230}},    // 2^14
    {{868, 597, 462}},    // 2^15
    {{1747, 1199, 929}},  // 2^16
    {{3523, 2411, 1866}}  // 2^17
};

}  // namespace

unsigned security_bits(SecurityLevel level) { return 128 + 64 * static_cast<unsigned>(level); }

double max_log_qp(unsigned log_n, SecurityLevel level) {
  if (log_n < kMinLogN || log_n > kMaxLogN) return 0;
  return kTable[log_n - kMinLogN].log_qp[static_cast<std::size_t>(level)];
}

unsigned min_log_n(double log_qp, SecurityLevel level) {
  for (unsigned log_n = kMinLogN; log_n <= kMaxLogN; ++log_n) {
    if (log_qp <= max_log_qp(log_n, level)) return log_n;
  }
  return 0;
}

unsigned satisfied_security_bits(unsigned log_n, double log_qp) {
  unsigned satisfied = 0;
  for (const SecurityLevel level : kSecurityLevels) {
    if (log_qp <= max_log_qp(log_n, level)) satisfied = security_bits(level);
  }
  return satisfied;
}

double estimated_security_bits(unsigned log_n, double log_qp) {
  const double at128 = max_log_qp(log_n, SecurityLevel::k128);
  if (at128 == 0 || log_qp <= 0) return 0;
  const double at192 = max_log_qp(log_n, SecurityLevel::k192);
  const double at256 = max_log_qp(log_n, SecurityLevel::k256);
  if (log_qp >= at128 || at192 == 0) return 128 * at128 / log_qp;
  if (log_qp <= at256) return 256 * at256 / log_qp;
  const bool upper = log_qp <= at192;
  const double from = upper ? at192 : at128;
  const double to = upper ? at256 : at192;
  return (upper ? 192 : 128) + 64 * (1 / log_qp - 1 / from) / (1 / to - 1 / from);
}

}  // namespace serdab::ckks_params
