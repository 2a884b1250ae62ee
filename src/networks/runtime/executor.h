#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "engine/ckks/context.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks/switching_key.h"
#include "networks/program/program.h"
#include "networks/program/schedule.h"

namespace serdab::runtime {

/// Gives ciphertext `index` of the query, at the program's input level and scale. Called from
/// several threads at once, once for each index.
using InputSource = std::function<ckks::Ciphertext(std::uint32_t index)>;

/// Runs a program on ciphertexts: the `ckks` backend. Holds evaluation keys only. Work goes wave by
/// wave; between waves the live ciphertexts are the whole state, so that a run can be stopped,
/// saved and taken up again. Uses parallel_for inside a wave; results do not depend on the number
/// of threads. One thread calls it; program, context and key must outlive it.
class Executor {
 public:
  /// `key` may be null when the program relinearises nothing. Throws base::Error(kMismatch) when
  /// program, context and key do not belong together.
  Executor(const program::Program& program, const ckks::Context& context,
           const ckks::RelinearisationKey* key, InputSource input);

  /// Waves in all, and done so far.
  std::size_t waves() const { return schedule_.waves.size(); }
  std::size_t waves_done() const { return next_wave_; }
  bool done() const { return next_wave_ == schedule_.waves.size(); }
  /// Predicted share of the work that is done, in [0, 1].
  double progress() const;

  void run_wave();

  /// The ciphertexts that later waves need; valid between waves.
  const std::map<program::Element, const ckks::Ciphertext*> live() const;
  /// Takes up a run after `waves_done` waves with the ciphertexts that live() gave then. Throws
  /// base::Error(kMismatch) when they are not exactly those.
  void restore(std::size_t waves_done, std::map<program::Element, ckks::Ciphertext>&& live);

  /// The answer's ciphertexts, in order; only when done, once.
  std::vector<ckks::Ciphertext> take_answer();

 private:
  void run_tile(const program::Stage& stage, const program::Tile& tile);
  std::vector<ckks::Ciphertext> start_tile(program::ValueId first, const program::Tile& tile) const;
  void run_element(const program::Stage& stage, std::uint32_t index, ckks::Ciphertext&& first);
  bool fusible(const std::vector<program::ValueId>& rest) const;
  ckks::Ciphertext apply(program::ValueId id, std::uint32_t index,
                         std::map<program::ValueId, ckks::Ciphertext>& local,
                         const std::vector<program::ValueId>& rest) const;
  void store(program::ValueId id, std::uint32_t index, ckks::Ciphertext&& ciphertext);

  const program::Program& program_;
  const ckks::Context& context_;
  ckks::Evaluator evaluator_;
  const ckks::RelinearisationKey* key_;
  InputSource input_;
  program::Schedule schedule_;
  std::vector<double> wave_weight_;  ///< cumulative
  std::vector<bool> divided_by_rescale_;
  std::vector<bool> stored_;  ///< by value
  std::vector<std::vector<std::optional<ckks::Ciphertext>>> store_;
  std::size_t next_wave_ = 0;
};

}  // namespace serdab::runtime
