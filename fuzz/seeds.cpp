// Writes the seeds of the formats that serdab itself writes: make_seeds CORPUS_DIR. Deterministic,
// so that a change of a format shows as a change of these files.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/secret_key.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "networks/program/package.h"
#include "networks/program/testing/small_program.h"
#include "service/client/keys.h"
#include "service/client/sealed_key.h"
#include "service/wire/checkpoint.h"
#include "service/wire/file.h"
#include "service/wire/message.h"
#include "small_context.h"

namespace {

using namespace serdab;
using Bytes = std::vector<std::uint8_t>;

void save(const std::filesystem::path& path, const Bytes& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void save_package(const std::filesystem::path& corpus) {
  program::Package package;
  package.manifest.model = "small";
  package.manifest.input_shape = {4};
  package.manifest.input_elements = {0, 1, 2, 3};
  package.manifest.classes = {"no", "yes"};
  package.manifest.answer_limit = 100;
  auto& literal = package.parameters;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 13;
  literal.q = ckks_params::choose_primes(literal.ring, 13, {40, 40, 40, 40});
  literal.p = ckks_params::choose_primes(literal.ring, 13, {42}, literal.q);
  package.program = program::testing::small_program(literal.q, literal.p);
  base::ByteWriter whole, bundle;
  program::write(package, whole);
  program::write(program::client_bundle(package, {}), bundle);
  const Bytes bytes = whole.take();
  save(corpus / "package" / "package", bytes);
  save(corpus / "package" / "bundle", bundle.take());
  save(corpus / "package" / "sealed", wire::seal_payload(wire::FileKind::kQuery, bytes));
}

void save_messages(const std::filesystem::path& corpus) {
  const ckks::Context& context = fuzz::insecure_context();
  sampling::Prng prng(sampling::Seed::insecure_for_tests(1), 0);
  const auto secret = ckks_secret::SecretKey::generate(context, prng);
  ckks_secret::KeyGenerator generator(context, secret,
                                      sampling::Prng(sampling::Seed::insecure_for_tests(2), 0));
  const ckks::Encoder encoder(context);
  const ckks_secret::SymmetricEncryptor encryptor(context, secret);
  const base::Scale scale{0x1p20};
  const auto plaintext = encoder.encode(std::vector<double>(4, 0.5), context.max_level(), scale);
  wire::MessageHeader header;
  header.parameter_id = context.parameters().id();
  header.key_id = secret.key_id();
  header.images = 4;
  header.port = {1, 2, context.max_level(), scale};

  wire::QueryBuilder query(context, header);
  query.put(0, encryptor.encrypt_seeded(plaintext, prng));
  save(corpus / "message" / "query", query.take_payload());
  std::vector<ckks::Ciphertext> answers;
  answers.push_back(encryptor.encrypt(plaintext, prng));
  save(corpus / "message" / "answer", wire::write_answer(context, header, {}, answers));
  wire::EvaluationKeys keys{header.parameter_id, header.key_id, std::nullopt, {}, {}};
  keys.relinearisation = generator.relinearisation_key(context.max_level());
  keys.rotations.push_back(generator.rotation_key(1, {0}));
  save(corpus / "message" / "keys", wire::write_evaluation_keys(context, keys));
  save(corpus / "message" / "checkpoint",
       wire::write_checkpoint(context, {}, {}, 3, {{{2, 0}, &answers[0]}}));
  header.port.level = {0};
  answers[0].set_info(header.port.level, scale);
  save(corpus / "message" / "rounded", wire::write_answer(context, header, {2, 9, 12, 3}, answers));
  save(corpus / "secret" / "secret", client::write_secret_key(secret));
  // Its salt is new each time.
  save(corpus / "secret" / "sealed",
       client::seal_secret(client::write_secret_key(secret), client::secret_bytes("open sesame"),
                           client::SealingCost{10}));
}

// What the fuzzer of the kernels reads are choices; a few of each kind to start from.
void save_choices(const std::filesystem::path& corpus) {
  for (std::uint8_t kind = 0; kind < 5; ++kind) {
    for (std::uint8_t variant = 0; variant < 4; ++variant) {
      Bytes bytes = {0, 0, 0, kind};
      for (std::uint8_t i = 0; i < 120; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(i * (2 * variant + 37) + variant));
      }
      save(corpus / "kernels" / (std::to_string(kind) + "_" + std::to_string(variant)), bytes);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_seeds CORPUS_DIR\n");
    return 2;
  }
  save_package(argv[1]);
  save_messages(argv[1]);
  save_choices(argv[1]);
}
