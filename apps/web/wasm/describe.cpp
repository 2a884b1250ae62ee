#include "describe.h"

#include <cstdio>

#include "engine/base/hex.h"

namespace serdab::web {
namespace {

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) continue;
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + '"';
}

std::string number(double value) {
  std::string text(32, '\0');
  text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.17g", value)));
  return text;
}

template <typename List, typename Write>
std::string array(const List& list, const Write& write) {
  std::string json = "[";
  for (const auto& item : list) json += (json.size() == 1 ? "" : ",") + write(item);
  return json + ']';
}

}  // namespace

std::string describe(const client::Model& model) {
  const program::Manifest& manifest = model.bundle.manifest;
  const ckks_params::Parameters& parameters = model.context->parameters();
  const auto integer = [](std::size_t value) { return std::to_string(value); };
  std::string json = "{";
  const auto add = [&](const char* name, const std::string& value) {
    json += (json.size() == 1 ? "" : ",") + quoted(name) + ":" + value;
  };
  add("model", quoted(manifest.model));
  add("input_shape", array(manifest.input_shape, integer));
  add("input_low", number(manifest.input_low));
  add("input_high", number(manifest.input_high));
  add("classes", array(manifest.classes, quoted));
  add("softmax", manifest.softmax ? "true" : "false");
  add("outputs", integer(program::outputs(model.bundle)));
  add("images_per_query", integer(program::images_per_query(model.bundle)));
  add("rotation_keys", integer(model.bundle.rotations.size()));
  add("n", integer(parameters.n()));
  add("log_qp", number(parameters.log_qp()));
  add("security_bits", integer(ckks_params::security_bits(parameters.security())));
  add("program_id", quoted(base::to_hex(model.bundle.program_id)));
  add("parameter_id", quoted(base::to_hex(parameters.id())));
  return json + '}';
}

}  // namespace serdab::web
