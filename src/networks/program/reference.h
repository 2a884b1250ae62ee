#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "networks/program/program.h"

namespace serdab::program {

/// The cleartext image of a value: count x batch doubles, a row for every position of every element
/// (element by element; one position each in the batch layout).
struct Bundle {
  std::size_t count = 0;
  std::size_t batch = 0;
  std::vector<double> data;

  Bundle() = default;
  Bundle(std::size_t elements, std::size_t images)
      : count(elements), batch(images), data(elements * images) {}
  double* row(std::size_t element) { return data.data() + element * batch; }
  const double* row(std::size_t element) const { return data.data() + element * batch; }
  /// Of the first images alone.
  Bundle first(std::size_t images) const;
};

/// Called after a value has been computed; may change it (noise) or record it (comparisons).
using Observer = std::function<void(ValueId, Bundle&)>;

/// What the program means: runs it in double precision on a batch of images. Integer weights,
/// factors and rounded constants are applied as the encrypted run applies them, divided by their
/// scales; nothing else is rounded. `input` has a row for every position of value 0. Returns the
/// answer, the last value, of a program with one input. Throws base::Error(kMismatch) for inputs of
/// another size or number. Uses parallel_for; thread-safe.
Bundle run_reference(const Program& program, Bundle input, const Observer& observer = {});

/// The same for steps: all inputs by name, of one batch (slots / positions when compared with
/// ciphertexts), to all outputs by name. A program without `outputs` gives its last value under the
/// empty name. The observer also sees inputs.
std::map<std::string, Bundle> run_reference(const Program& program,
                                            std::map<std::string, Bundle> inputs,
                                            const Observer& observer = {});

}  // namespace serdab::program
