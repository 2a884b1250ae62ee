#pragma once

#include "engine/ckks_params/parameters.h"
#include "networks/program/package.h"

namespace serdab::program {

/// Positions over the period of the answer: the largest power of two such that the answer is the
/// same at positions p and p + positions/stride, whatever the input; 1 where the answer does not
/// repeat, as where images stand side by side. Its polynomial then has coefficients at multiples of
/// the stride alone (docs/notes/rings.md).
std::uint32_t answer_stride(const Program& program);

/// What an answer may be: its largest magnitude before it counts as wrapped, and the standard
/// deviation of its error, in message units.
struct AnswerRange {
  double limit = 0;
  double noise = 0;
};

/// The form that takes the fewest bytes while the error that rounding adds has at most a sixteenth
/// of the power of the noise. Answers fill the modulus up to two bits, so that most of what lies
/// beyond the limit is still seen. Nothing is rounded when limit or noise are not known, 0.
AnswerForm choose_answer_form(const Program& program, const AnswerRange& range,
                              const ckks_params::Parameters& parameters);
/// Of a package whose manifest says limit and noise.
AnswerForm choose_answer_form(const Package& package);

/// Bytes of an answer's ciphertexts in this form.
std::size_t answer_bytes(const Value& answer, const AnswerForm& form,
                         const ckks_params::ParametersLiteral& parameters);

}  // namespace serdab::program
