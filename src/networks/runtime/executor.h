#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/ckks/evaluator.h"
#include "networks/program/counts.h"
#include "networks/program/schedule.h"
#include "networks/program/work_kinds.h"
#include "networks/runtime/keys.h"
#include "networks/runtime/prepared.h"

namespace serdab::runtime {

/// Gives ciphertext `index` of the query, at the program's input level and scale. Called from
/// several threads at once, once for each index.
using InputSource = std::function<ckks::Ciphertext(std::uint32_t index)>;

/// Runs a program on ciphertexts: the `ckks` backend. Holds evaluation keys only. Work goes wave by
/// wave; between waves the live ciphertexts are the whole state, so that a run can be stopped,
/// saved and taken up again. Uses parallel_for inside a wave; results do not depend on the number
/// of threads. One thread calls it; what is prepared and the keys must outlive it.
class Executor {
 public:
  /// Throws base::Error(kMismatch) as Keys::check.
  Executor(const Prepared& prepared, const Keys& keys, InputSource input);

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

  /// What this object has done so far; after a whole run, program::count_operations().
  const program::OperationCounts& counts() const { return ran_.counts; }
  /// Processor seconds of the threads that tiles and elements ran on: of one thread, all there is.
  const program::ByWork<double>& seconds() const { return ran_.seconds; }

  /// The answer's ciphertexts, in order; only when done, once.
  std::vector<ckks::Ciphertext> take_answer();

 private:
  struct Ran {
    program::OperationCounts counts;
    program::ByWork<double> seconds;
  };
  void run_tile(const program::Stage& stage, const program::Tile& tile);
  std::vector<ckks::Ciphertext> start_tile(program::ValueId first, const program::Tile& tile);
  std::vector<ckks::Ciphertext> read_inputs(const program::Tile& tile) const;
  std::vector<ckks::Ciphertext> transform(program::ValueId id, std::size_t rescale_primes);
  Ran run_element(const program::Stage& stage, std::size_t begin, std::uint32_t index,
                  ckks::Ciphertext&& first);
  bool fusible(std::span<const program::ValueId> rest) const;
  ckks::Ciphertext apply(program::ValueId id, std::uint32_t index,
                         std::map<program::ValueId, ckks::Ciphertext>& local,
                         std::span<const program::ValueId> rest, Ran& ran) const;
  ckks::Ciphertext apply_rescale(const program::Rescale& rescale,
                                 const std::map<program::ValueId, ckks::Ciphertext>& local,
                                 const std::function<ckks::Ciphertext(program::ValueId)>& consume,
                                 Ran& ran) const;
  void add_rotations(const program::RotateSum& sum, std::size_t rescale_primes, ckks::Ciphertext& x,
                     Ran& ran) const;
  void store(program::ValueId id, std::uint32_t index, ckks::Ciphertext&& ciphertext);

  const Prepared& prepared_;
  const program::Program& program_;
  const ckks::Context& context_;
  ckks::Evaluator evaluator_;
  const Keys& keys_;
  InputSource input_;
  program::Schedule schedule_;
  std::vector<double> wave_weight_;  ///< cumulative
  std::vector<bool> divided_by_rescale_;
  std::vector<bool> stored_;  ///< by value
  std::vector<std::vector<std::optional<ckks::Ciphertext>>> store_;
  std::size_t next_wave_ = 0;
  Ran ran_;
};

}  // namespace serdab::runtime
