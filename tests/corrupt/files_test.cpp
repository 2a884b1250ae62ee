// Every file of a client and a server: cut, flipped, oversized, foreign and mismatched ones are
// refused with an error that names the file.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "engine/base/error.h"
#include "networks/program/testing/packed_program.h"
#include "service/client/keys.h"
#include "service/client/query.h"
#include "service/client/secret_file.h"
#include "service/server/job.h"
#include "service/wire/checkpoint.h"

namespace serdab {
namespace {

using wire::FileKind;
using Bytes = std::vector<std::uint8_t>;

// y = (2x0 − x1)², at the smallest ring that reaches 128 bits with a relinearisation.
program::Package square_package(double first_weight) {
  program::Package package;
  package.manifest.model = "square";
  package.manifest.input_shape = {2};
  package.manifest.input_elements = {0, 1};
  package.manifest.answer_limit = 100;
  auto& literal = package.parameters;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 12;
  literal.q = ckks_params::choose_primes(literal.ring, 12, {40, 30});
  literal.p = ckks_params::choose_primes(literal.ring, 12, {30}, literal.q);
  literal.digit_primes = 1;
  program::Program& p = package.program;
  p.primes = literal.q;
  p.special_primes = literal.p;
  const base::Scale s{std::exp2(26)}, s1 = s * base::Scale{4};
  const auto weight = static_cast<std::int32_t>(4 * first_weight);
  p.values = {
      {program::Input{}, "input", 2, 2, {1}, s, 1},
      {program::Affine{{{0, {{1, 2, {weight, -4}}}, {{0, {0, 1}, {0}}}}}, {0}},
       "dense",
       1,
       2,
       {1},
       s1,
       3},
      {program::Square{1}, "dense", 1, 3, {1}, s1 * s1, 9},
      {program::Relinearise{2}, "dense", 1, 2, {1}, s1 * s1, 9},
      {program::Rescale{3, 1}, "dense", 1, 2, {0}, base::rescaled(s1 * s1, p.primes[1]), 9}};
  return package;
}

// The packed program of program/testing, four images a query.
program::Package packed_package() {
  program::Package package;
  auto& literal = package.parameters;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 13;
  literal.q = ckks_params::choose_primes(literal.ring, 13, {42, 24, 26, 25});
  literal.p = ckks_params::choose_primes(literal.ring, 13, {43}, literal.q);
  const std::uint32_t positions = 8192 / 4;
  const program::Bundle input(2 * std::size_t{positions}, 1);
  package.program = program::testing::packed_program(literal.q, literal.p, positions, input);
  package.manifest.model = "packed";
  package.manifest.input_shape = {2};
  package.manifest.input_elements.assign(input.count, program::kNoElement);
  for (std::size_t row = 0; row < input.count; row += 3) package.manifest.input_elements[row] = 1;
  package.manifest.answer_rows = {5, 6};
  package.manifest.answer_form = {4, 20, 30, 5};
  package.manifest.answer_limit = 1000;
  return package;
}

class Files : public testing::Test {
 protected:
  explicit Files(const program::Package& package = square_package(2)) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("serdab_corrupt_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    base::ByteWriter payload;
    program::write(package, payload);
    program_ = wire::seal_payload(FileKind::kProgram, payload.bytes());
    model_.emplace(load_program(program_));
    bundle_ = program::client_bundle(package, model_->id());
    base::ByteWriter bundle;
    program::write(bundle_, bundle);
    client_ = wire::seal_payload(FileKind::kClientBundle, bundle.bytes());
    keys_.emplace(client::generate_keys(context(), bundle_));
    secret_ = wire::seal_payload(FileKind::kSecretKey, client::write_secret_key(keys_->secret));
    sealed_ = client::make_secret_file(client::write_secret_key(keys_->secret), passphrase_,
                                       client::SealingCost{10});
    evaluation_ = wire::seal_payload(FileKind::kEvaluationKeys,
                                     wire::write_evaluation_keys(context(), keys_->evaluation));
    loaded_.emplace(*model_, std::move(keys_->evaluation), "eval.key");
    const std::vector<double> image = {0.5, 0.25};
    query_ = wire::seal_payload(
        FileKind::kQuery, client::encrypt_images(context(), bundle_, keys_->secret, image, 1));
    answer_ = wire::seal_payload(FileKind::kAnswer, run(query_).answer);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }

  const ckks::Context& context() const { return model_->context(); }

  server::Model load_program(const Bytes& bytes) const {
    const std::string path = (folder_ / "program.sdb").string();
    wire::write_file(path, bytes);
    return server::Model::load(path);
  }
  void load_client(const Bytes& bytes) const {
    base::ByteReader in(wire::open_payload(FileKind::kClientBundle, bytes, "client.sdb"),
                        "client.sdb");
    program::read_client_bundle(in);
    in.finish();
  }
  void load_secret(const Bytes& bytes) const {
    client::read_secret_key(
        context(), wire::open_payload(FileKind::kSecretKey, bytes, "secret.key"), "secret.key");
  }
  void load_sealed(const Bytes& bytes) const {
    const auto secret =
        client::open_secret(wire::open_payload(FileKind::kSealedSecretKey, bytes, "sealed.key"),
                            passphrase_, "sealed.key");
    client::read_secret_key(context(), secret.span(), "sealed.key");
  }
  wire::EvaluationKeys load_evaluation(const Bytes& bytes) const {
    return wire::read_evaluation_keys(
        context(), wire::open_payload(FileKind::kEvaluationKeys, bytes, "eval.key"), "eval.key");
  }
  server::JobReport run(const Bytes& query) const {
    return server::run_job(*model_, *loaded_,
                           wire::open_payload(FileKind::kQuery, query, "query.sdb"), "query.sdb");
  }
  client::Answers decrypt(const Bytes& answer) const {
    return client::decrypt_answer(context(), bundle_, keys_->secret,
                                  wire::open_payload(FileKind::kAnswer, answer, "answer.sdb"),
                                  "answer.sdb");
  }

  struct Case {
    const char* name;
    FileKind kind;
    const Bytes* good;
    std::function<void(const Bytes&)> open;
  };
  std::vector<Case> cases() {
    return {
        {"program.sdb", FileKind::kProgram, &program_, [this](const Bytes& b) { load_program(b); }},
        {"client.sdb", FileKind::kClientBundle, &client_,
         [this](const Bytes& b) { load_client(b); }},
        {"secret.key", FileKind::kSecretKey, &secret_, [this](const Bytes& b) { load_secret(b); }},
        {"eval.key", FileKind::kEvaluationKeys, &evaluation_,
         [this](const Bytes& b) { load_evaluation(b); }},
        {"query.sdb", FileKind::kQuery, &query_, [this](const Bytes& b) { run(b); }},
        {"answer.sdb", FileKind::kAnswer, &answer_, [this](const Bytes& b) { decrypt(b); }},
        {"sealed.key", FileKind::kSealedSecretKey, &sealed_,
         [this](const Bytes& b) { load_sealed(b); }}};
  }

  // The bytes are refused with an error that names the file and has `reason` in it.
  static void refused(const Case& c, const Bytes& bytes, const std::string& reason) {
    try {
      c.open(bytes);
      ADD_FAILURE() << c.name << " accepted: " << reason;
    } catch (const base::Error& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(c.name), std::string::npos) << text;
      EXPECT_NE(text.find(reason), std::string::npos) << c.name << ": " << text;
    }
  }

  // Payload changed, checksum made anew: what an attacker would send.
  static Bytes resealed(const Case& c, const std::function<void(Bytes&)>& change) {
    Bytes payload(c.good->begin() + wire::kHeaderBytes, c.good->end());
    change(payload);
    return wire::seal_payload(c.kind, payload);
  }

  std::filesystem::path folder_;
  client::SecretBytes passphrase_ = client::secret_bytes("open sesame");
  Bytes program_, client_, secret_, sealed_, evaluation_, query_, answer_;
  std::optional<server::Model> model_;
  program::ClientBundle bundle_;
  std::optional<client::KeyPair> keys_;
  std::optional<server::LoadedKeys> loaded_;
};

TEST_F(Files, GoodOnesOpen) {
  for (const Case& c : cases()) EXPECT_NO_THROW(c.open(*c.good)) << c.name;
  EXPECT_NEAR(decrypt(answer_).values[0], 0.75 * 0.75, 1e-3);
}

TEST_F(Files, CutOnesAreRefused) {
  for (const Case& c : cases()) {
    for (std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{40}, wire::kHeaderBytes,
                             c.good->size() / 2, c.good->size() - 1}) {
      const Bytes cut(c.good->begin(), c.good->begin() + static_cast<std::ptrdiff_t>(size));
      refused(c, cut, size < wire::kHeaderBytes ? "not a serdab file" : "is cut");
    }
  }
}

TEST_F(Files, CutPayloadsWithAFreshChecksumAreRefused) {
  for (const Case& c : cases()) {
    const std::size_t payload = c.good->size() - wire::kHeaderBytes;
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, payload / 3, payload - 1}) {
      refused(c, resealed(c, [&](Bytes& b) { b.resize(size); }), "");
    }
  }
}

TEST_F(Files, BytesAfterTheEndAreRefused) {
  for (const Case& c : cases()) {
    Bytes longer = *c.good;
    longer.push_back(0);
    refused(c, longer, "after its end");
    refused(c, resealed(c, [](Bytes& b) { b.push_back(0); }), "");
  }
}

TEST_F(Files, FlippedBitsAreRefused) {
  std::mt19937 random(1);
  for (const Case& c : cases()) {
    for (int trial = 0; trial < 40; ++trial) {
      Bytes flipped = *c.good;
      flipped[random() % flipped.size()] ^= static_cast<std::uint8_t>(1u << (random() % 8));
      refused(c, flipped, "");
    }
    Bytes flipped = *c.good;
    flipped[c.good->size() - 1] ^= 1;
    refused(c, flipped, "checksum");
  }
}

TEST_F(Files, FlippedBitsWithAFreshChecksumNeverCrash) {
  std::mt19937 random(2);
  for (const Case& c : cases()) {
    for (int trial = 0; trial < 60; ++trial) {
      const Bytes forged = resealed(c, [&](Bytes& b) {
        // Mostly the structure at the front.
        const std::size_t where =
            random() % (trial % 3 == 0 ? b.size() : std::min<std::size_t>(400, b.size()));
        b[where] ^= static_cast<std::uint8_t>(1u << (random() % 8));
      });
      try {
        c.open(forged);
      } catch (const base::Error&) {
        // Refused, or accepted as another well-formed file: both are in order.
      }
    }
  }
}

TEST_F(Files, OversizedAnnouncementsAreRefusedBeforeAllocation) {
  for (const Case& c : cases()) {
    Bytes huge = *c.good;
    for (std::size_t i = 16; i < 24; ++i) huge[i] = 0xff;
    refused(c, huge, "more than");
  }
}

TEST_F(Files, OtherKindsAndVersionsAreRefused) {
  const auto all = cases();
  for (const Case& c : all) {
    for (const Case& other : all) {
      if (c.kind == other.kind) continue;
      refused(c, *other.good, wire::file_kind_name(other.kind));
    }
    Bytes future = *c.good;
    future[8] = 9;
    refused(c, future, "format version 9");
    Bytes foreign(2000, 'x');
    refused(c, foreign, "not a serdab file");
  }
}

TEST_F(Files, AMangledLineEndIsSeen) {
  Bytes mangled = program_;
  mangled.erase(mangled.begin() + 6);
  refused(cases()[0], mangled, "not a serdab file");
}

TEST_F(Files, ResiduesNotBelowTheirPrimeAreRefused) {
  const auto all = cases();
  for (std::size_t i : {3u, 4u, 5u}) {
    // The last bytes belong to residues in all three.
    refused(all[i], resealed(all[i], [](Bytes& b) { std::fill(b.end() - 64, b.end(), 0xff); }),
            "residue");
  }
}

TEST_F(Files, SecretCoefficientsMustBeTernary) {
  const Case secret = cases()[2];
  refused(secret, resealed(secret, [](Bytes& b) { b.back() = 0xff; }), "secret.key");
}

TEST_F(Files, ASealedKeyThatWasChangedIsNotOpened) {
  const Case sealed = cases().back();
  std::mt19937 random(3);
  for (int trial = 0; trial < 20; ++trial) {
    refused(sealed, resealed(sealed, [&](Bytes& b) { b[random() % b.size()] ^= 1; }), "sealed.key");
  }
  refused(sealed, resealed(sealed, [](Bytes& b) { b[1] = 40; }), "more than 1 GiB");
}

TEST_F(Files, InsecureParametersAreRefused) {
  program::Package package = square_package(2);
  package.parameters.log_n = 11;
  base::ByteWriter payload;
  program::write(package, payload);
  const Case program = cases()[0];
  refused(program, wire::seal_payload(FileKind::kProgram, payload.bytes()), "128-bit security");
}

TEST_F(Files, AnotherProgramsQueryAndAnswerAreRefused) {
  base::ByteWriter payload;
  program::write(square_package(1), payload);
  const server::Model other = load_program(wire::seal_payload(FileKind::kProgram, payload.bytes()));
  try {
    server::run_job(other, *loaded_, wire::open_payload(FileKind::kQuery, query_, "query.sdb"),
                    "query.sdb");
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kMismatch);
    EXPECT_NE(std::string(error.what()).find("query.sdb: made for program"), std::string::npos);
  }
}

TEST_F(Files, MissingAndUnwritablePathsAreNamed) {
  EXPECT_THROW(wire::read_file((folder_ / "nothing").string(), 100), base::Error);
  EXPECT_THROW(wire::read_file(folder_.string(), 100), base::Error);
  EXPECT_THROW(wire::write_file((folder_ / "no" / "such").string(), Bytes{1}), base::Error);
  const std::string path = (folder_ / "large").string();
  wire::write_file(path, Bytes(100));
  EXPECT_THROW(wire::read_file(path, 99), base::Error);
}

// Stops after a few waves with a checkpoint on every wave, damages it, and takes it up.
TEST_F(Files, CheckpointsAreTakenUpOrRefused) {
  const std::string path = (folder_ / "answer.sdb.checkpoint").string();
  const auto query = wire::open_payload(FileKind::kQuery, query_, "query.sdb");
  server::JobOptions options;
  options.checkpoint_path = path;
  options.checkpoint_seconds = 0;
  int asked = 0;
  options.stop = [&] { return ++asked > 1; };
  EXPECT_THROW(server::run_job(*model_, *loaded_, query, "query.sdb", options), base::Error);
  const Bytes state = wire::read_file(path, 1u << 30);
  options.stop = {};

  Bytes flipped = state;
  flipped[flipped.size() / 2] ^= 1;
  wire::write_file(path, flipped);
  EXPECT_THROW(server::run_job(*model_, *loaded_, query, "query.sdb", options), base::Error);

  wire::write_file(path, state);
  const std::vector<double> image = {0.1, 0.2};
  const auto other = client::encrypt_images(context(), bundle_, keys_->secret, image, 1);
  try {
    server::run_job(*model_, *loaded_, other, "query.sdb", options);
    ADD_FAILURE() << "another query's state was taken up";
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("another run"), std::string::npos);
  }

  const auto report = server::run_job(*model_, *loaded_, query, "query.sdb", options);
  EXPECT_TRUE(report.resumed);
  EXPECT_EQ(wire::seal_payload(FileKind::kAnswer, report.answer), answer_);
  EXPECT_FALSE(std::filesystem::exists(path));
}

// Files of a packed program have rotation keys, rows and rounded answers besides.
class PackedFiles : public Files {
 protected:
  PackedFiles() : Files(packed_package()) {}

  // The client bundle after a change.
  Bytes bundle(const std::function<void(program::ClientBundle&)>& change) {
    program::ClientBundle changed = bundle_;
    change(changed);
    base::ByteWriter out;
    program::write(changed, out);
    return wire::seal_payload(FileKind::kClientBundle, out.bytes());
  }
};

TEST_F(PackedFiles, GoodOnesOpenAndDamagedOnesNeverCrash) {
  std::mt19937 random(3);
  for (const Case& c : cases()) {
    EXPECT_NO_THROW(c.open(*c.good)) << c.name;
    for (int trial = 0; trial < 20; ++trial) {
      const Bytes forged = resealed(c, [&](Bytes& b) {
        const std::size_t where =
            random() % (trial % 2 == 0 ? b.size() : std::min<std::size_t>(400, b.size()));
        b[where] ^= static_cast<std::uint8_t>(1u << (random() % 8));
        if (trial % 5 == 4) b.resize(b.size() - random() % 40);
      });
      try {
        c.open(forged);
      } catch (const base::Error&) {
      }
    }
  }
}

TEST_F(PackedFiles, ImpossibleBundlesAreRefused) {
  const Case client = cases()[1];
  using Bundle = program::ClientBundle;
  refused(client, bundle([](Bundle& b) { b.positions = 3; }), "positions");
  refused(client, bundle([](Bundle& b) { b.positions *= 8; }), "positions");
  refused(client, bundle([](Bundle& b) { b.layout = program::Layout::kBatch; }), "positions");
  refused(client, bundle([](Bundle& b) { b.manifest.input_elements.pop_back(); }), "elements");
  refused(client, bundle([](Bundle& b) { b.manifest.input_elements[0] = 2; }), "input shape");
  refused(client, bundle([](Bundle& b) { b.manifest.answer_rows[0] = 2048; }), "answer row");
  refused(client, bundle([](Bundle& b) { b.manifest.answer_form.stride = 6; }), "stride");
  refused(client, bundle([](Bundle& b) { b.manifest.answer_form.stride = 4096; }), "stride");
  refused(client, bundle([](Bundle& b) { b.manifest.answer_form.first_bits = 41; }), "bits");
  refused(client, bundle([](Bundle& b) { b.manifest.answer_form.first_bits = 0; }), "bits");
  refused(client, bundle([](Bundle& b) { b.manifest.answer_form.gain_bits = 61; }), "bits");
  refused(client, bundle([](Bundle& b) { b.rotations[1].steps = b.rotations[0].steps; }), "ascend");
  refused(client, bundle([](Bundle& b) { b.rotations.back().steps = 2048; }), "ascend");
  refused(client, bundle([](Bundle& b) { b.rotations[0].level = {4}; }), "level");
}

TEST_F(PackedFiles, AnAnswerThatDoesNotRepeatMayNotSaySo) {
  program::Package package = packed_package();
  package.manifest.answer_form.stride = 8;
  base::ByteWriter payload;
  program::write(package, payload);
  refused(cases()[0], wire::seal_payload(FileKind::kProgram, payload.bytes()), "repeat");
}

TEST_F(PackedFiles, RotationKeysOutOfOrderAreRefused) {
  client::KeyPair pair = client::generate_keys(context(), bundle_);
  std::swap(pair.evaluation.rotations[0], pair.evaluation.rotations[1]);
  refused(cases()[3],
          wire::seal_payload(FileKind::kEvaluationKeys,
                             wire::write_evaluation_keys(context(), pair.evaluation)),
          "out of order");
  pair.evaluation.rotations.clear();
  const Case keys = cases()[3];
  const Bytes none = wire::seal_payload(FileKind::kEvaluationKeys,
                                        wire::write_evaluation_keys(context(), pair.evaluation));
  try {
    server::LoadedKeys(*model_, load_evaluation(none), keys.name);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("rotates by"), std::string::npos) << error.what();
  }
}

TEST_F(PackedFiles, AnswersOfAnotherFormAreRefused) {
  bundle_.manifest.answer_form.other_bits = 29;
  refused(cases()[5], answer_, "rounded");
}

}  // namespace
}  // namespace serdab
