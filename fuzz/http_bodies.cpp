// Any bytes as what a client sends to the gateway, the first byte saying as what: read, or refused
// with a Failure or a base::Error.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/error.h"
#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/router.h"
#include "service/wire/message.h"
#include "service/work/task.h"

namespace {

using namespace serdab;

void read_as(unsigned what, std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  switch (what) {
    case '0':
      gateway::read_content_range(text);
      return;
    case '1':  // the head's length in the first two bytes
      if (bytes.size() < 2) return;
      gateway::read_infer_request(bytes.subspan(2), bytes[0] + 256u * bytes[1]);
      return;
    case '2':
      gateway::read_batch_request(text);
      return;
    case '3':
      gateway::read_steps_request(text);
      return;
    case '4':
      gateway::read_number("fuzz", text, 1000);
      return;
    case '5':
      wire::peek_query(bytes, "fuzz");
      return;
    case '6': {
      gateway::Router router;
      router.add("GET", "/v2/models/{model}/infer", gateway::Access::kOpen, {});
      router.find("GET", text);
      return;
    }
    case '7':
      work::task_from_json(std::string(text));
      return;
    case '8':
      work::outcome_from_json(std::string(text));
      return;
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read_as(data[0], {data + 1, size - 1});
  } catch (const gateway::Failure&) {
  } catch (const base::Error&) {
  }
  return 0;
}
