// From serdab to SEAL: our keys and ciphertexts, loaded, computed on and decrypted there.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ckks/encoder.h"
#include "engine/ckks/encryptor.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/mask.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "engine/ring/arithmetic.h"
#include "oracle_files.h"
#include "seal_convert.h"
#include "seal_random.h"

namespace serdab::oracle {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(ORACLE_DIR) / "to_seal";
constexpr base::Level kTop{2};
constexpr base::Scale kScale{0x1p40};

/// SEAL's CoeffModulus::Create(8192, {50, 40, 40, 50}).
ckks_params::ParametersLiteral literal() {
  ckks_params::ParametersLiteral result;
  result.log_n = 13;
  result.q = {0x3fffffffcc001, 0xfffff4c001, 0xfffffdc001};
  result.p = {0x3ffffffffc001};
  return result;
}

void save(const char* name, const Bytes& bytes) { write_file(kFolder / name, bytes); }

/// Everything SEAL is to check, from one key holder.
class Writer {
 public:
  Writer() : context_(ckks_params::Parameters::create(literal())) {}

  void write() {
    std::filesystem::create_directories(kFolder);
    for (std::size_t i = 0; i < context_.slots(); ++i) {
      x_.push_back(std::sin(static_cast<double>(i)));
      y_.push_back(std::cos(3.0 * static_cast<double>(i)) / 2);
    }
    write_doubles(kFolder / "x", x_);
    write_doubles(kFolder / "y", y_);
    write_keys();
    write_ciphertexts();
    write_seeded();
  }

 private:
  void write_keys() {
    save("secret", write_plain(secret_to_seal(context_, secret_)));
    save("relin", write_switching_keys(keys_to_seal(context_, {&relin_.switching_key()})));
    std::vector<ckks::SwitchingKey> galois;
    for (const long step : {1L, -3L, 100L})
      galois.emplace_back(context_, keys_.rotation_key(step, kTop));
    galois.emplace_back(context_, keys_.conjugation_key(kTop));
    std::vector<const ckks::SwitchingKey*> pointers;
    for (const auto& key : galois) pointers.push_back(&key);
    save("galois", write_switching_keys(keys_to_seal(context_, pointers)));
  }

  void write_ciphertexts() {
    const auto a = encryptor_.encrypt(encode(x_), prng_), b = encryptor_.encrypt(encode(y_), prng_);
    save("a", seal_bytes(a));
    save("b", seal_bytes(b));
    auto product = evaluator_.multiply(a, b);
    save("product.three", seal_bytes(product));
    evaluator_.relinearise(product, relin_);
    evaluator_.rescale(product);
    save("product", seal_bytes(product));
    ckks::PublicKey key = keys_.public_key();
    save("public", write_ciphertext(public_to_seal(context_, key)));
    const ckks::Encryptor public_encryptor(context_, std::move(key));
    save("a.public", seal_bytes(public_encryptor.encrypt(encode(x_), prng_)));
  }

  /// Half a ciphertext and a seed that SEAL expands itself.
  void write_seeded() {
    SealSeed seed;
    for (auto& word : seed.words) word = prng_.next_u64();
    const ring::RnsBasis basis = context_.basis(kTop);
    SealCiphertext ct;
    ct.parms_id = id_of(context_, kTop);
    ct.size = 2;
    ct.n = context_.n();
    ct.primes = basis.size();
    ct.scale = kScale.value;
    ct.seed = seed;
    const auto words = expand_seed(seed, ct.n, context_.parameters().q());
    ckks::Poly a(basis.n(), basis.size());
    for (std::size_t i = 0; i < basis.size(); ++i) {
      std::copy_n(words.data() + i * basis.n(), basis.n(), a.limb(i));
    }
    ckks::Poly c0 = ckks_secret::masked_error(basis, secret_, a, prng_);
    ring::add(basis, c0, encode(x_).poly, c0);
    for (std::size_t i = 0; i < basis.size(); ++i) {
      ct.words.insert(ct.words.end(), c0.limb(i), c0.limb(i) + basis.n());
    }
    save("a.seeded", write_ciphertext(ct));
  }

  ckks::Plaintext encode(const std::vector<double>& values) const {
    return encoder_.encode(values, kTop, kScale);
  }
  Bytes seal_bytes(const ckks::Ciphertext& ciphertext) const {
    return write_ciphertext(to_seal(context_, ciphertext));
  }

  Context context_;
  ckks::Encoder encoder_{context_};
  ckks::Evaluator evaluator_{context_};
  sampling::Prng prng_{sampling::Seed::insecure_for_tests(5), 0};
  ckks_secret::SecretKey secret_ = ckks_secret::SecretKey::generate(context_, prng_);
  ckks_secret::SymmetricEncryptor encryptor_{context_, secret_};
  ckks_secret::KeyGenerator keys_{context_, secret_,
                                  sampling::Prng(sampling::Seed::insecure_for_tests(6), 0)};
  ckks::RelinearisationKey relin_{ckks::SwitchingKey(context_, keys_.relinearisation_key(kTop))};
  std::vector<double> x_, y_;
};

TEST(SealLoads, OurKeysAndCiphertexts) {
  if (!seal_is_installed()) {
    GTEST_SKIP() << "node-seal is not installed (no npm or no network): SEAL not compared";
  }
  Writer().write();
  EXPECT_TRUE(run_node("seal_check.js", kFolder));
}

}  // namespace
}  // namespace serdab::oracle
