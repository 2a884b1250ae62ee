#include "server/load.h"

#include "service/wire/file.h"

namespace serdab::hebench {

wire::EvaluationKeys load_keys(const server::Model& model, const Files& files) {
  const std::string path = files.evaluation_keys().string();
  const auto bytes = read_made_by(path, "client_key_generation");
  return wire::read_evaluation_keys(
      model.context(), wire::open_payload(wire::FileKind::kEvaluationKeys, bytes, path), path);
}

}  // namespace serdab::hebench
