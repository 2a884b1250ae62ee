#include "service/client/model.h"

#include "service/wire/file.h"

namespace serdab::client {

Model Model::load(const std::string& path) {
  return from_file_bytes(wire::read_file(path, wire::payload_limit(wire::FileKind::kClientBundle)),
                         path);
}

Model Model::from_file_bytes(std::span<const std::uint8_t> bytes, const std::string& name) {
  base::ByteReader in(wire::open_payload(wire::FileKind::kClientBundle, bytes, name), name);
  Model model;
  model.bundle = program::read_client_bundle(in);
  in.finish();
  model.context =
      std::make_unique<ckks::Context>(ckks_params::Parameters::create(model.bundle.parameters));
  return model;
}

ckks_secret::SecretKey load_secret_key(const Model& model, const std::string& path,
                                       const PassphraseSource& passphrase) {
  return load_secret_key(*model.context, path, passphrase);
}

}  // namespace serdab::client
