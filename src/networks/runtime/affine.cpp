#include "networks/runtime/affine.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ckks/integers.h"
#include "engine/kernels/kernels.h"

namespace serdab::runtime {
namespace {

using ckks::Ciphertext;
using program::Affine;
using program::AffineTerm;
using program::Block;

// A block of the tile with its places: rows among the tile's ciphertexts, columns among its inputs.
struct Job {
  const program::WeightMatrix* matrix;
  std::vector<std::size_t> rows;
  std::vector<std::uint32_t> columns;
  std::vector<bool> first;  ///< row by row: no earlier block wrote it
};

struct Plan {
  std::vector<const Ciphertext*> inputs;  ///< of all blocks, each once
  std::vector<Job> jobs;
  std::vector<bool> written;  ///< element by element of the tile
};

Plan make_plan(const Affine& affine, const program::Tile& tile, const Operand& operand) {
  std::unordered_map<std::uint32_t, std::size_t> row_of;
  for (std::size_t i = 0; i < tile.elements.size(); ++i) row_of[tile.elements[i]] = i;
  std::unordered_map<const Ciphertext*, std::uint32_t> column_of;
  Plan plan;
  plan.written.resize(tile.elements.size());
  for (const auto& [t, b] : tile.blocks) {
    const AffineTerm& term = affine.terms[t];
    const Block& block = term.blocks[b];
    Job job{&term.matrices[block.matrix], {}, {}, {}};
    for (const std::uint32_t input : block.inputs) {
      const Ciphertext* ciphertext = &operand(term.from, input);
      const auto fresh = static_cast<std::uint32_t>(plan.inputs.size());
      const auto [place, added] = column_of.try_emplace(ciphertext, fresh);
      if (added) plan.inputs.push_back(ciphertext);
      job.columns.push_back(place->second);
    }
    for (const std::uint32_t output : block.outputs) {
      const std::size_t row = row_of.at(output);
      job.rows.push_back(row);
      job.first.push_back(!plan.written[row]);
      plan.written[row] = true;
    }
    plan.jobs.push_back(std::move(job));
  }
  return plan;
}

// The biases of the tile's elements at the value's scale.
std::vector<double> integer_biases(const Affine& affine, const program::Tile& tile, double scale) {
  std::vector<double> biases;
  for (const std::uint32_t element : tile.elements) {
    biases.push_back(std::nearbyint(affine.bias[element] * scale));
    base::require(std::isfinite(biases.back()), base::ErrorCode::kInvalidArgument,
                  "affine: a bias is not finite");
  }
  return biases;
}

// One row of weights that are all 1, as pooling has: additions then, for which a GEMM's conversions
// would be a waste.
bool is_sum(const program::WeightMatrix& matrix) {
  return matrix.rows == 1 && matrix.cols > 1 &&
         std::all_of(matrix.weights.begin(), matrix.weights.end(),
                     [](std::int32_t w) { return w == 1; });
}

// The sum of a job's inputs and the bias, strip by strip, so that sums stay in L1.
void add_up(const Job& job, const std::vector<const std::uint64_t*>& in, const arith::Modulus& q,
            std::uint64_t bias, std::uint64_t* out, std::size_t n) {
  constexpr std::size_t kStrip = 1024;
  const auto& k = kernels::kernels();
  for (std::size_t at = 0; at < n; at += kStrip) {
    const std::size_t words = std::min(kStrip, n - at);
    std::uint64_t* sum = out + at;
    k.add(q, in[job.columns[0]] + at, in[job.columns[1]] + at, sum, words);
    for (std::size_t i = 2; i < job.columns.size(); ++i) {
      k.add(q, sum, in[job.columns[i]] + at, sum, words);
    }
    if (bias != 0) k.add_scalar(q, sum, bias, sum, words);
  }
}

// One part and one prime of the tile.
void multiply(const Plan& plan, const std::vector<double>& biases, const arith::Modulus& q,
              std::size_t part, std::size_t limb, std::vector<Ciphertext>& out, std::size_t n) {
  std::vector<const std::uint64_t*> in;
  for (const Ciphertext* input : plan.inputs) in.push_back(input->part(part).limb(limb));
  // A constant's values are all the same: the bias goes to every word of part 0.
  const auto bias = [&](std::size_t row) {
    return part == 0 ? ckks::integer_residue(biases[row], q) : 0;
  };
  std::vector<std::vector<kernels::GemmRow>> rows;
  std::vector<kernels::GemmBlock> blocks;
  for (const Job& job : plan.jobs) {
    // What is there already may be the GEMM's to write, which comes last.
    if (is_sum(*job.matrix) && job.first[0]) {
      const std::size_t row = job.rows[0];
      add_up(job, in, q, bias(row), out[row].part(part).limb(limb), n);
      continue;
    }
    auto& targets = rows.emplace_back();
    for (std::size_t r = 0; r < job.rows.size(); ++r) {
      std::uint64_t* limb_out = out[job.rows[r]].part(part).limb(limb);
      targets.push_back({limb_out, job.first[r] ? bias(job.rows[r]) : 0, !job.first[r]});
    }
    blocks.push_back({job.rows.size(), job.columns.size(), job.matrix->weights.data(),
                      job.columns.data(), targets.data()});
  }
  if (!blocks.empty()) {
    kernels::kernels().gemm(q, {in.size(), in.data(), blocks.size(), blocks.data()}, n);
  }
  for (std::size_t row = 0; row < out.size(); ++row) {
    if (!plan.written[row]) std::fill_n(out[row].part(part).limb(limb), n, bias(row));
  }
}

}  // namespace

std::vector<Ciphertext> run_affine(const ckks::Context& context, const program::Program& program,
                                   program::ValueId id, const program::Tile& tile,
                                   ckks::CiphertextInfo info, const Operand& operand) {
  const program::Value& value = program.values[id];
  const Affine& affine = std::get<Affine>(value.op);
  const Plan plan = make_plan(affine, tile, operand);
  const std::vector<double> biases = integer_biases(affine, tile, value.scale.value);
  info.level = value.level;
  info.scale = value.scale;
  std::vector<Ciphertext> out;
  for (std::size_t i = 0; i < tile.elements.size(); ++i) {
    out.emplace_back(context, info, value.parts);
  }
  const std::size_t primes = value.level.primes();
  const ring::RnsBasis basis = context.basis(value.level);
  base::parallel_for(value.parts * primes, [&](std::size_t task) {
    multiply(plan, biases, basis.modulus(task % primes), task / primes, task % primes, out,
             context.n());
  });
  return out;
}

}  // namespace serdab::runtime
