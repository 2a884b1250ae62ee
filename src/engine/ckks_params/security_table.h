#pragma once

#include <array>

namespace serdab::ckks_params {

/// Classical security that a parameter set must reach.
enum class SecurityLevel : unsigned char { k128 = 0, k192 = 1, k256 = 2 };
inline constexpr std::array<SecurityLevel, 3> kSecurityLevels = {
    SecurityLevel::k128, SecurityLevel::k192, SecurityLevel::k256};

/// 128, 192 or 256.
unsigned security_bits(SecurityLevel level);

/// The largest log2(QP) at which ring dimension 2^log_n reaches `level`: uniform ternary secret,
/// sigma 3.2, classical attacks; "Security Guidelines for Implementing Homomorphic Encryption",
/// IACR ePrint 2024/463, table 5.2. 0 where the table has no entry (the level cannot be reached)
/// and outside log_n 10…17. Both rings use the row of their dimension.
double max_log_qp(unsigned log_n, SecurityLevel level);

/// The smallest log_n in 10…17 whose row allows `log_qp` at `level`; 0 if there is none.
unsigned min_log_n(double log_qp, SecurityLevel level);

/// The highest of 128, 192, 256 whose row allows `log_qp`; 0 if none does.
unsigned satisfied_security_bits(unsigned log_n, double log_qp);

/// An estimate for reports, never for decisions: the table's rows interpolated (security is nearly
/// linear in 1/log_qp), extended beyond the table in proportion.
double estimated_security_bits(unsigned log_n, double log_qp);

}  // namespace serdab::ckks_params
