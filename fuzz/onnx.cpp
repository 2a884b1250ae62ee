// Any bytes as an ONNX model: a graph or a base::Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/error.h"
#include "networks/graph/onnx/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    serdab::graph::import_onnx_bytes({reinterpret_cast<const char*>(data), size}, "fuzz.onnx");
  } catch (const serdab::base::Error&) {
  }
  return 0;
}
