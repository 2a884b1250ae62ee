#include <fmt/format.h>

#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "peers.h"
#include "rows.h"
#include "timing.h"

namespace serdab::cli {
namespace {

/// A parameter set that other libraries were measured at: the same N and log Q, our own primes.
struct Set {
  unsigned log_n;
  double log_q;
  std::size_t primes;
  std::size_t special;
};
// Special primes: as many as the security table leaves room for, up to where fewer digits no longer
// make up for more special primes.
constexpr Set kSets[] = {
    {13, 140, 3, 1}, {14, 340, 7, 2}, {14, 260, 6, 2}, {15, 580, 12, 6}, {16, 1220, 25, 9}};

class SetBench {
 public:
  SetBench(const Set& set, const BenchSetting& setting, std::size_t threads)
      : set_(set),
        setting_(setting),
        threads_(threads),
        parameters_(ckks_params::Parameters::create(literal(set))),
        context_(parameters_) {}

  std::vector<BenchRow> run() {
    const base::ThreadLimit limit(threads_);
    sampling::Prng prng = sampling::Prng::from_system();
    const auto secret = ckks_secret::SecretKey::generate(context_, prng);
    ckks_secret::KeyGenerator generator(context_, secret, sampling::Prng::from_system());
    const base::Level top = context_.max_level();
    const ckks::RelinearisationKey relinearisation(
        ckks::SwitchingKey(context_, generator.relinearisation_key(top)));
    ckks::GaloisKeys rotations;
    rotations.add(
        ckks::GaloisKey(context_, ckks::SwitchingKey(context_, generator.rotation_key(1, top))));
    const ckks::GaloisKey& rotation =
        rotations.at(ring::rotation_element(parameters_.ring(), parameters_.log_n(), 1));
    const ckks::Encoder encoder(context_);
    const ckks::Evaluator evaluator(context_);
    const ckks_secret::SymmetricEncryptor encryptor(context_, secret);
    const ckks_secret::Decryptor decryptor(context_, secret);
    std::vector<double> message(context_.slots());
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<double>(i % 7) / 8;
    const base::Scale scale{0x1p40};
    const auto plaintext = encoder.encode(message, top, scale);
    const auto ciphertext = encryptor.encrypt(plaintext, prng);

    row("multiply + relinearise", key_switch_work(/*tensor=*/true), [&] {
      auto product = evaluator.multiply(ciphertext, ciphertext);
      evaluator.relinearise(product, relinearisation);
    });
    row("rotate", key_switch_work(/*tensor=*/false),
        [&] { evaluator.rotate(ciphertext, 1, rotations); });
    const auto part1 = ckks::mod_up(context_, ciphertext.part(1), top);
    row("hoisted rotation, lazy in QP", hoisted_work(),
        [&] { evaluator.apply_galois_lifted(ciphertext, part1, rotation); });
    // Copies are made outside of the time: a rescale in a program consumes its operand.
    row(
        "rescale", rescale_work(),
        [&] {
          auto copy = ciphertext.clone();
          evaluator.rescale(copy, 1);
        },
        [&] { ciphertext.clone(); });
    row(
        "ct*pt", plain_work(),
        [&] {
          auto copy = ciphertext.clone();
          evaluator.multiply_plain(copy, plaintext);
        },
        [&] { ciphertext.clone(); });
    row("encode", encode_work(), [&] { encoder.encode(message, top, scale); });
    row("encrypt", encrypt_work(), [&] { encryptor.encrypt(plaintext, prng); });
    row("decrypt + decode", encode_work(),
        [&] { encoder.decode_real(decryptor.decrypt(ciphertext)); });
    return std::move(rows_);
  }

 private:
  static ckks_params::ParametersLiteral literal(const Set& set) {
    ckks_params::ParametersLiteral result;
    result.ring = base::RingKind::kStandard;
    result.log_n = set.log_n;
    const double bits = set.log_q / static_cast<double>(set.primes);
    result.q =
        ckks_params::choose_primes(result.ring, set.log_n, std::vector<double>(set.primes, bits));
    result.p = ckks_params::choose_primes(result.ring, set.log_n,
                                          std::vector<double>(set.special, 49.4), result.q);
    result.digit_primes = static_cast<unsigned>(set.special);
    return result;
  }

  void row(const std::string& work, const Work& counted, const std::function<void()>& f,
           const std::function<void()>& overhead = {}) {
    BenchRow row;
    row.work = work;
    row.size = fmt::format("N=2^{}, log Q {:.0f}", set_.log_n, set_.log_q);
    row.log_n = set_.log_n;
    row.log_q = parameters_.log_q();
    row.log_qp = parameters_.log_qp();
    row.security = ckks_params::security_bits(parameters_.security());
    row.threads = static_cast<unsigned>(threads_);
    const auto time = [&](const std::function<void()>& body) {
      return threads_ == 1 ? best_seconds(body) : best_wall_seconds(body);
    };
    row.seconds = time(f) - (overhead ? time(overhead) : 0);
    row.cycles = row.seconds * setting_.clock_hz;
    if (threads_ == 1) {
      row.floor = counted.floor_cycles(setting_.rates);
      row.peer_ms = peer_milliseconds(work, set_.log_n, set_.log_q);
    }
    rows_.push_back(row);
    setting_.report(row);
  }

  double n() const { return static_cast<double>(context_.n()); }
  double transform() const { return n() / 2 * set_.log_n; }
  double q() const { return static_cast<double>(set_.primes); }
  double p() const { return static_cast<double>(set_.special); }
  double digits() const { return std::ceil(q() / p()); }
  double key_bytes() const { return 2 * digits() * (q() + p()) * n() * 8; }

  Work key_switch_work(bool tensor) const {
    const double transforms = q() + digits() * (q() + p()) - q() + 2 * (p() + q());
    const double raised = q() * (q() + p()) - q() * p();
    const double sums = 2 * digits() * (q() + p());
    return {transforms * transform(),
            n() * (raised + sums + 2 * p() * q() + (tensor ? 4 * q() : 0)), key_bytes()};
  }
  Work hoisted_work() const { return {0, n() * 2 * digits() * (q() + p()), key_bytes()}; }
  Work rescale_work() const { return {2 * q() * transform(), n() * 2 * (q() - 1), 0}; }
  Work plain_work() const { return {0, n() * 2 * q(), 0}; }
  // A complex butterfly is ten operations on doubles, a modular one about as many.
  Work encode_work() const { return {(q() + 0.5) * transform(), n() * q(), 0}; }
  Work encrypt_work() const { return {q() * transform(), n() * 2 * q(), 0}; }

  Set set_;
  const BenchSetting& setting_;
  std::size_t threads_;
  ckks_params::Parameters parameters_;
  ckks::Context context_;
  std::vector<BenchRow> rows_;
};

}  // namespace

std::vector<BenchRow> operation_rows(const BenchSetting& setting, std::size_t threads) {
  std::vector<BenchRow> rows;
  for (const Set& set : kSets) {
    if (set.log_n > setting.max_log_n) continue;
    for (BenchRow& row : SetBench(set, setting, threads).run()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace serdab::cli
