#include "service/gateway/internal/bodies.h"

#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "service/gateway/internal/failure.h"
#include "service/store/layout.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;

constexpr std::size_t kMostId = 128;
constexpr int kMostDepth = 16;

[[noreturn]] void bad(const std::string& what) { refuse(400, "invalid", what); }

// Deeply nested JSON is refused before a tree is built of it.
json parse(std::string_view text, const std::string& what) {
  const auto shallow = [](int depth, json::parse_event_t, json&) {
    if (depth > kMostDepth) bad("JSON is nested too deeply");
    return true;
  };
  json parsed = json::parse(text, shallow, false);
  if (!parsed.is_object()) bad(what + ": a JSON object is wanted");
  return parsed;
}

void only(const json& object, const std::string& what, std::initializer_list<const char*> fields) {
  for (const auto& [key, value] : object.items()) {
    bool known = false;
    for (const char* field : fields) known |= key == field;
    if (known) continue;
    std::string list;
    for (const char* field : fields) list += list.empty() ? field : std::string(", ") + field;
    bad(what + ": unknown field; those known are " + list);
  }
}

std::uint64_t number(const json& object, const char* field, std::uint64_t least,
                     std::uint64_t most) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_unsigned() ||
      found->get<std::uint64_t>() < least || found->get<std::uint64_t>() > most) {
    bad(std::string("'") + field + "': a number from " + std::to_string(least) + " to " +
        std::to_string(most) + " is wanted");
  }
  return found->get<std::uint64_t>();
}

std::string text(const json& object, const char* field, std::size_t most) {
  const auto found = object.find(field);
  if (found == object.end()) return {};
  if (!found->is_string() || found->get_ref<const std::string&>().size() > most) {
    bad(std::string("'") + field + "': a text of at most " + std::to_string(most) +
        " characters is wanted");
  }
  return found->get<std::string>();
}

bool flag(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return false;
  if (!found->is_boolean()) bad(std::string("'") + field + "': true or false is wanted");
  return found->get<bool>();
}

// The one input, "query", whose bytes follow the head.
void check_input(const json& head, std::size_t follows) {
  const auto inputs = head.find("inputs");
  if (inputs == head.end() || !inputs->is_array() || inputs->size() != 1 ||
      !(*inputs)[0].is_object()) {
    bad("'inputs': one input, named query, is wanted");
  }
  const json& input = (*inputs)[0];
  if (text(input, "name", kMostId) != "query") bad("'inputs[0].name': query is wanted");
  if (text(input, "datatype", kMostId) != "UINT8") bad("'inputs[0].datatype': UINT8 is wanted");
  if (input.contains("data")) {
    bad("'inputs[0].data': the query is binary; send it behind the JSON and give its length as "
        "parameters.binary_data_size");
  }
  const auto parameters = input.find("parameters");
  if (parameters == input.end() || !parameters->is_object()) {
    bad("'inputs[0].parameters': binary_data_size is missing");
  }
  if (number(*parameters, "binary_data_size", 1, std::uint64_t{1} << 40) != follows) {
    bad("'inputs[0].parameters.binary_data_size': is not the number of bytes behind the JSON, " +
        std::to_string(follows));
  }
}

}  // namespace

std::uint64_t read_number(const std::string& what, std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > most) {
    bad(what + ": a whole number up to " + std::to_string(most) + " is wanted");
  }
  return value;
}

void check_whole(wire::FileKind kind, std::span<const std::uint8_t> head, std::uint64_t size,
                 const std::string& name) {
  try {
    const std::uint64_t announced =
        wire::open_header(kind, head, name).payload_bytes + wire::kHeaderBytes;
    if (announced == size) return;
    refuse(
        400, "corrupt",
        name + ": announces " + std::to_string(announced) + " bytes, has " + std::to_string(size));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kLimit) throw;
    refuse(413, "size", error.what());
  }
}

ContentRange read_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  constexpr std::uint64_t kMost = std::uint64_t{1} << 50;
  const auto wrong = [] { bad("Content-Range: 'bytes FIRST-LAST/TOTAL' is wanted"); };
  if (text.substr(0, kUnit.size()) != kUnit) wrong();
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == text.npos || slash == text.npos || dash > slash) wrong();
  ContentRange range;
  range.first = read_number("Content-Range", text.substr(0, dash), kMost);
  range.last = read_number("Content-Range", text.substr(dash + 1, slash - dash - 1), kMost);
  range.total = read_number("Content-Range", text.substr(slash + 1), kMost);
  if (range.first > range.last || range.last >= range.total) wrong();
  return range;
}

InferRequest read_infer_request(std::span<const std::uint8_t> body, std::uint64_t head) {
  InferRequest request;
  if (head == 0) {
    request.raw_answer = true;
    request.query = body;
    return request;
  }
  if (head > body.size() || head > kMostJson) {
    bad("Inference-Header-Content-Length: is beyond the body, or more than " +
        std::to_string(kMostJson));
  }
  const json parsed =
      parse({reinterpret_cast<const char*>(body.data()), head}, "the request's head");
  only(parsed, "the request's head", {"id", "inputs", "outputs", "parameters"});
  request.id = text(parsed, "id", kMostId);
  request.query = body.subspan(head);
  check_input(parsed, request.query.size());
  if (const auto parameters = parsed.find("parameters"); parameters != parsed.end()) {
    if (!parameters->is_object()) bad("'parameters': an object is wanted");
    only(*parameters, "'parameters'", {"raw_output"});
    request.raw_answer = flag(*parameters, "raw_output");
  }
  return request;
}

BatchRequest read_batch_request(std::string_view body) {
  const json parsed = parse(body, "the body");
  only(parsed, "the body", {"model", "version", "chunks"});
  BatchRequest request;
  request.model = text(parsed, "model", 64);
  if (request.model.empty()) bad("'model': the name of a model is wanted");
  store::check_name("model", request.model);
  if (parsed.contains("version")) {
    request.version = static_cast<std::uint32_t>(number(parsed, "version", 1, 1'000'000'000));
  }
  request.chunks = static_cast<std::uint32_t>(number(parsed, "chunks", 1, kMostChunks));
  return request;
}

std::uint64_t read_steps_request(std::string_view body) {
  const json parsed = parse(body, "the body");
  only(parsed, "the body", {"steps"});
  return number(parsed, "steps", 1, kMostSteps);
}

}  // namespace serdab::gateway
