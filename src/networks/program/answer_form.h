#pragma once

#include "engine/ckks_params/parameters.h"
#include "networks/program/package.h"

namespace serdab::program {

/// Positions over the period of the answer: the largest power of two such that the answer is the
/// same at positions p and p + positions/stride, whatever the input; 1 where the answer does not
/// repeat. Its polynomial then has coefficients at multiples of the stride alone
/// (docs/notes/rings.md).
std::uint32_t answer_stride(const Program& program);

/// The form that takes the fewest bytes while the error that rounding adds has at most a quarter of
/// the power of `answer_noise` (standard deviation of an answer, message units). Nothing is rounded
/// above level 0 or when the noise is not known, 0.
AnswerForm choose_answer_form(const Program& program, double answer_noise,
                              const ckks_params::Parameters& parameters);
/// Of a package whose manifest says its noise.
AnswerForm choose_answer_form(const Package& package);

/// Bytes of an answer's ciphertexts in this form.
std::size_t answer_bytes(const Value& answer, const AnswerForm& form,
                         const ckks_params::ParametersLiteral& parameters);

}  // namespace serdab::program
