#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "networks/graph/graph.h"

namespace serdab::graph {

/// Reads an ONNX model (operator sets 9 to 18) of one image input and one output, constants inside
/// the file. The first dimension is the batch and disappears. Scales and shifts by constants,
/// polynomial chains and the Silu, Mish and Gelu patterns are recognised; a last Softmax is dropped
/// and noted. Throws base::Error that names the file, the node and the field: kIo (cannot be read),
/// kCorrupt (cut or malformed), kUnsupported (an operator serdab does not have; says what could
/// replace it), kLimit.
Graph import_onnx(const std::filesystem::path& file);

/// The same from memory; `name` stands for the file in messages.
Graph import_onnx_bytes(std::string_view bytes, const std::string& name);

}  // namespace serdab::graph
