#include "networks/program/file_sizes.h"

#include <bit>

#include "networks/program/answer_form.h"

namespace serdab::program {
namespace {

constexpr std::size_t kFileHeader = 56;
constexpr std::size_t kSeed = 32;
constexpr std::size_t kKeyId = 16;
constexpr std::size_t kId = 32;
// Ids of program, parameters and key, images, and the port.
constexpr std::size_t kMessageHeader = 2 * kId + kKeyId + 4 + (3 * 4 + 8);
constexpr std::size_t kAnswerForm = 4 + 3;

std::size_t polynomial_bytes(const std::vector<std::uint64_t>& primes, std::size_t count,
                             std::size_t n) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += (n * static_cast<std::size_t>(std::bit_width(primes[i])) + 7) / 8;
  }
  return bytes;
}

std::size_t switching_key_bytes(const ckks_params::ParametersLiteral& literal, base::Level level) {
  const std::size_t n = std::size_t{1} << literal.log_n;
  const std::size_t primes = level.primes();
  const std::size_t digits = (primes + literal.digit_primes - 1) / literal.digit_primes;
  return 4 + kSeed + 4 +
         digits * (polynomial_bytes(literal.q, primes, n) +
                   polynomial_bytes(literal.p, literal.p.size(), n));
}

}  // namespace

std::size_t evaluation_key_bytes(const Program& program,
                                 const ckks_params::ParametersLiteral& literal) {
  std::size_t bytes = kFileHeader + kId + kKeyId + 1 + 4;
  const std::int32_t level = relinearisation_level(program);
  if (level >= 0) bytes += switching_key_bytes(literal, {static_cast<unsigned>(level)});
  for (const RotationKey& key : rotation_keys(program)) {
    bytes += 8 + switching_key_bytes(literal, key.level);
  }
  return bytes;
}

FileSizes file_sizes(const Package& package) {
  const ckks_params::ParametersLiteral& literal = package.parameters;
  const Program& program = package.program;
  const std::size_t n = std::size_t{1} << literal.log_n;
  const Value& input = program.input();
  FileSizes sizes;
  sizes.query = kFileHeader + kMessageHeader +
                input.count * (kSeed + polynomial_bytes(literal.q, input.level.primes(), n));
  sizes.answer = kFileHeader + kMessageHeader + kAnswerForm +
                 answer_bytes(program.answer(), package.manifest.answer_form, literal);
  sizes.evaluation_keys = evaluation_key_bytes(program, literal);
  return sizes;
}

}  // namespace serdab::program
