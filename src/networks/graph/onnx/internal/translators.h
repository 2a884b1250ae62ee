#pragma once

#include <string>

#include "networks/graph/onnx/internal/importer.h"

namespace serdab::graph::onnx_import {

/// Turns the importer's current node into graph nodes (or into a constant) and returns its value.
using Translator = Value (*)(Importer&);

/// The translator of an ONNX operator; nullptr where there is none.
Translator find_translator(const std::string& op_type);

/// What to put in the place of an operator without translator; one sentence.
std::string replacement_hint(const std::string& op_type);

/// True and the result for an operator on constants alone that folding knows.
bool fold_constants(Importer& importer, Value& result);

// Linear layers.
Value translate_conv(Importer& importer);
Value translate_batch_norm(Importer& importer);
Value translate_gemm(Importer& importer);
Value translate_matmul(Importer& importer);
// Means.
Value translate_average_pool(Importer& importer);
Value translate_global_average_pool(Importer& importer);
Value translate_reduce_mean(Importer& importer);
// Element by element.
Value translate_add(Importer& importer);
Value translate_sub(Importer& importer);
Value translate_mul(Importer& importer);
Value translate_div(Importer& importer);
Value translate_pow(Importer& importer);
Value translate_neg(Importer& importer);
Value translate_activation(Importer& importer);
// The same elements elsewhere.
Value translate_identity(Importer& importer);
Value translate_cast(Importer& importer);
Value translate_flatten(Importer& importer);
Value translate_reshape(Importer& importer);
Value translate_squeeze(Importer& importer);
Value translate_unsqueeze(Importer& importer);
Value translate_transpose(Importer& importer);
Value translate_pad(Importer& importer);
Value translate_concat(Importer& importer);
Value translate_shape(Importer& importer);

}  // namespace serdab::graph::onnx_import
