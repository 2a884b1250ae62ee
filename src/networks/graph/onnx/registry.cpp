#include <unordered_map>

#include "networks/graph/onnx/internal/translators.h"

namespace serdab::graph::onnx_import {

Translator find_translator(const std::string& op_type) {
  static const std::unordered_map<std::string, Translator> table{
      {"Conv", translate_conv},
      {"BatchNormalization", translate_batch_norm},
      {"Gemm", translate_gemm},
      {"MatMul", translate_matmul},
      {"AveragePool", translate_average_pool},
      {"GlobalAveragePool", translate_global_average_pool},
      {"ReduceMean", translate_reduce_mean},
      {"Add", translate_add},
      {"Sub", translate_sub},
      {"Mul", translate_mul},
      {"Div", translate_div},
      {"Pow", translate_pow},
      {"Neg", translate_neg},
      {"Relu", translate_activation},
      {"LeakyRelu", translate_activation},
      {"Sigmoid", translate_activation},
      {"Tanh", translate_activation},
      {"Softplus", translate_activation},
      {"Erf", translate_activation},
      {"Mish", translate_activation},
      {"HardSwish", translate_activation},
      {"Identity", translate_identity},
      {"Dropout", translate_identity},
      {"Cast", translate_cast},
      {"Flatten", translate_flatten},
      {"Reshape", translate_reshape},
      {"Squeeze", translate_squeeze},
      {"Unsqueeze", translate_unsqueeze},
      {"Transpose", translate_transpose},
      {"Pad", translate_pad},
      {"Concat", translate_concat},
      {"Shape", translate_shape},
  };
  const auto found = table.find(op_type);
  return found == table.end() ? nullptr : found->second;
}

std::string replacement_hint(const std::string& op_type) {
  static const std::unordered_map<std::string, std::string> hints{
      {"MaxPool",
       "a maximum compares values, and homomorphic encryption can only add and multiply them; "
       "train "
       "the network with AveragePool in its place"},
      {"GlobalMaxPool",
       "a maximum compares values, and homomorphic encryption can only add and multiply them; "
       "train "
       "the network with GlobalAveragePool in its place"},
      {"Max", "a maximum compares values; Relu or a polynomial can take its place"},
      {"Min", "a minimum compares values; Relu or a polynomial can take its place"},
      {"Clip", "clipping compares values; Relu or a polynomial can take its place"},
      {"PRelu", "Relu, LeakyRelu or a polynomial can take its place"},
      {"Elu", "Relu, Silu or a polynomial can take its place"},
      {"Selu", "Relu, Silu or a polynomial can take its place"},
      {"HardSigmoid", "Sigmoid or a polynomial can take its place"},
      {"Sqrt", "a root is not a polynomial; train without it"},
      {"InstanceNormalization",
       "it divides by each image's own deviation; BatchNormalization can take its place"},
      {"LayerNormalization",
       "it divides by each image's own deviation; BatchNormalization can take its place"},
      {"LRN", "it divides by each image's own values; BatchNormalization can take its place"},
      {"ArgMax", "leave it out: the client takes the largest of the decrypted outputs"},
      {"TopK", "leave it out: the client sorts the decrypted outputs"},
      {"ConvTranspose", "Conv can take its place"},
      {"LSTM", "recurrent layers are not supported; unroll them into MatMul and Tanh"},
      {"GRU", "recurrent layers are not supported; unroll them into MatMul and Tanh"},
      {"If", "control flow must be resolved when the model is exported"},
      {"Loop", "control flow must be resolved when the model is exported"},
      {"ReduceMax", "a maximum compares values; ReduceMean can take its place"},
  };
  const auto found = hints.find(op_type);
  if (found != hints.end()) return found->second;
  return "only additions and multiplications of encrypted values can be computed; write the layer "
         "with "
         "Conv, Gemm, AveragePool and activations such as Relu or Silu";
}

}  // namespace serdab::graph::onnx_import
