#include "server/load.h"

#include "service/wire/file.h"

namespace serdab::hebench {

server::LoadedKeys load_keys(const server::Model& model, const Files& files) {
  const std::string path = files.evaluation_keys().string();
  const auto bytes = read_made_by(path, "client_key_generation");
  const auto payload = wire::open_payload(wire::FileKind::kEvaluationKeys, bytes, path);
  return {model, wire::read_evaluation_keys(model.context(), payload, path), path};
}

}  // namespace serdab::hebench
