// Any bytes as a query, an answer, evaluation keys and a checkpoint of one small parameter set. The
// first bytes are made to match the parameter id, so that the fuzzer gets past it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/error.h"
#include "service/wire/checkpoint.h"
#include "service/wire/message.h"
#include "small_context.h"

namespace {

using namespace serdab;

template <typename F>
void attempt(F&& f) {
  try {
    f();
  } catch (const base::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ckks::Context& context = fuzz::insecure_context();
  const auto& id = context.parameters().id();
  std::vector<std::uint8_t> bytes(data, data + size);
  if (size >= 64) std::copy(id.begin(), id.end(), bytes.begin() + 32);  // queries and answers
  attempt([&] {
    const wire::QueryView query(context, bytes, "fuzz");
    for (std::size_t i = 0; i < std::min<std::size_t>(2, query.header().port.count); ++i) {
      query.ciphertext(i);
    }
  });
  attempt([&] { wire::read_answer(context, bytes, "fuzz"); });
  attempt([&] { wire::read_checkpoint(context, bytes, "fuzz"); });
  if (size >= 32) std::copy(id.begin(), id.end(), bytes.begin());  // evaluation keys
  attempt([&] {
    auto keys = wire::read_evaluation_keys(context, bytes, "fuzz");
    if (keys.relinearisation) ckks::SwitchingKey(context, std::move(*keys.relinearisation));
    for (ckks::SeededSwitchingKey& key : keys.rotations) {
      ckks::GaloisKey(context, ckks::SwitchingKey(context, std::move(key)));
    }
  });
  return 0;
}
