#pragma once

#include <filesystem>
#include <string>

#include "networks/graph/graph.h"

namespace serdab::graph {

enum class ElementType {
  kDouble,  ///< constants keep every bit: import_onnx gives back a graph that computes the same
  kFloat,   ///< as most tools expect; constants are rounded to 24 bits
};

/// The graph as an ONNX model (operator set 17) with a free batch dimension in front. Input, Dense,
/// ScaleShift, Polynomial (Horner's rule in Mul and Add), Power, Sum, Multiply and every Activation
/// are written; `metadata` becomes metadata_props, and an output activation the last node. Silu,
/// Mish and Gelu are written as import_onnx recognises them; the slope of LeakyRelu is rounded to a
/// float, as ONNX has it. The same graph gives the same bytes. Throws base::Error: kUnsupported
/// (another operation; names the node), kInvalidArgument (a constant that is not finite in the
/// element type).
std::string export_onnx_bytes(const Graph& graph, ElementType type = ElementType::kDouble);

/// Writes the bytes under a temporary name in the same folder, then renames it: `file` is never
/// half written. Throws base::Error, kIo too.
void export_onnx(const Graph& graph, const std::filesystem::path& file,
                 ElementType type = ElementType::kDouble);

}  // namespace serdab::graph
