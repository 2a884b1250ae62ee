#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/circuits/stage_seconds.h"
#include "engine/ckks/evaluator.h"
#include "networks/program/counts.h"
#include "networks/program/schedule.h"
#include "networks/program/work_kinds.h"
#include "networks/runtime/keys.h"
#include "networks/runtime/prepared.h"

namespace serdab::runtime {

/// Gives ciphertext `index` of the query, at its input's level and scale. Inputs are counted in the
/// order of their values: the elements of one follow those of the one before. Called from several
/// threads at once, at most once for each index.
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

  /// The answer's ciphertexts, in order, of a program without `outputs`; only when done, once.
  std::vector<ckks::Ciphertext> take_answer();
  /// The ciphertexts of every output by name; the answer under the empty name if there is none.
  /// Only when done, once.
  std::map<std::string, std::vector<ckks::Ciphertext>> take_outputs();

 private:
  struct Ran {
    program::OperationCounts counts;
    program::ByWork<double> seconds;
    Ran& operator+=(const Ran& other);
  };
  class ElementRun;

  static void check_landed(const ckks::Ciphertext& result, const program::Value& value);
  static void add_stages(program::ByWork<double>& seconds, const circuits::StageSeconds& stages);
  void find_last_readers();
  void run_tile(const program::Stage& stage, const program::Tile& tile);
  void run_elements(const program::Stage& stage, const program::Tile& tile, std::size_t made,
                    std::vector<ckks::Ciphertext>&& first);
  std::vector<ckks::Ciphertext> start_tile(program::ValueId id, const program::Tile& tile,
                                           std::size_t rescale_primes);
  std::vector<ckks::Ciphertext> read_inputs(program::ValueId id, const program::Tile& tile) const;
  std::vector<const ckks::Ciphertext*> stored(program::ValueId id) const;
  std::vector<ckks::Ciphertext> transform(program::ValueId id, std::size_t rescale_primes);
  std::vector<ckks::Ciphertext> rotated(const program::Rotate& op);
  ckks::Ciphertext rotated(const ckks::Ciphertext& from, const ckks::Decomposition& digits,
                           const circuits::Rotation& rotation, Ran& ran) const;
  ckks::Ciphertext rotated_total(const program::RotatedTotal& op, std::size_t rescale_primes);
  bool fusible(std::span<const program::ValueId> rest) const;

  const Prepared& prepared_;
  const program::Program& program_;
  const ckks::Context& context_;
  ckks::Evaluator evaluator_;
  const Keys& keys_;
  InputSource input_;
  program::Schedule schedule_;
  std::vector<double> wave_weight_;  ///< cumulative
  std::vector<bool> divided_by_rescale_;
  std::vector<bool> stored_;                   ///< by value
  std::vector<program::ValueId> last_reader_;  ///< in the value's own stage; 0: none
  std::vector<std::uint32_t> input_begin_;     ///< by value: elements of the inputs before it
  std::vector<std::vector<std::optional<ckks::Ciphertext>>> store_;
  std::size_t next_wave_ = 0;
  Ran ran_;
};

}  // namespace serdab::runtime
