#include "networks/program/work_kinds.h"

namespace serdab::program {

const char* work_name(WorkKind kind) {
  static constexpr const char* kNames[kWorkKinds] = {
      "query unpacking", "decompose",     "inner products", "plaintext products",  "encoding",
      "giant steps",     "divisions",     "relinearise",    "ciphertext products", "weighted sums",
      "additions",       "answer packing"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace serdab::program
