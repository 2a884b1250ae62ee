#include "networks/runtime/affine.h"

#include <algorithm>
#include <unordered_map>

#include "engine/base/buffer.h"
#include "engine/base/threads.h"
#include "engine/ckks/evaluator.h"
#include "engine/kernels/kernels.h"

namespace serdab::runtime {
namespace {

using ckks::Ciphertext;
using program::Affine;
using program::AffineTerm;
using program::Block;

// Where a block's rows stand among the tile's ciphertexts, and whether an earlier block wrote them.
struct Job {
  const AffineTerm* term;
  const Block* block;
  std::vector<std::size_t> rows;
  std::vector<const Ciphertext*> inputs;
  bool accumulate;
};

// `first` tells of each row whether a job overwrites it, so that it needs no clearing.
std::vector<Job> plan_jobs(const Affine& affine, const program::Tile& tile, const Operand& operand,
                           std::vector<bool>& first) {
  std::unordered_map<std::uint32_t, std::size_t> row_of;
  for (std::size_t i = 0; i < tile.elements.size(); ++i) row_of[tile.elements[i]] = i;
  std::vector<bool> touched(tile.elements.size());
  std::vector<Job> jobs;
  for (const auto& [t, b] : tile.blocks) {
    Job job{&affine.terms[t], &affine.terms[t].blocks[b], {}, {}, false};
    for (std::uint32_t output : job.block->outputs) job.rows.push_back(row_of.at(output));
    for (std::uint32_t input : job.block->inputs) {
      job.inputs.push_back(&operand(job.term->from, input));
    }
    // Overwrites if no earlier job touched any of its rows; else adds to all of them.
    job.accumulate = std::any_of(job.rows.begin(), job.rows.end(),
                                 [&](std::size_t row) { return bool{touched[row]}; });
    for (std::size_t row : job.rows) {
      if (!job.accumulate) first[row] = true;
      touched[row] = true;
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

// One part and one prime of one block.
void multiply(const Job& job, const arith::Modulus& q, std::size_t part, std::size_t limb,
              std::vector<Ciphertext>& out, std::size_t n) {
  const program::WeightMatrix& matrix = job.term->matrices[job.block->matrix];
  std::vector<const std::uint64_t*> in(job.inputs.size());
  for (std::size_t k = 0; k < in.size(); ++k) in[k] = job.inputs[k]->part(part).limb(limb);
  std::vector<std::uint64_t*> target(job.rows.size());
  base::Buffer<std::uint64_t> sums(job.accumulate ? n * job.rows.size() : 0);
  for (std::size_t r = 0; r < target.size(); ++r) {
    target[r] = job.accumulate ? sums.data() + r * n : out[job.rows[r]].part(part).limb(limb);
  }
  const auto& kernels = kernels::kernels();
  kernels.gemm(q, {matrix.rows, matrix.cols, matrix.weights.data()}, in.data(), target.data(), n);
  if (!job.accumulate) return;
  for (std::size_t r = 0; r < target.size(); ++r) {
    std::uint64_t* sum = out[job.rows[r]].part(part).limb(limb);
    kernels.add(q, sum, target[r], sum, n);
  }
}

void clear(Ciphertext& ciphertext, std::size_t n) {
  for (std::size_t p = 0; p < ciphertext.size(); ++p) {
    for (std::size_t l = 0; l < ciphertext.level().primes(); ++l) {
      std::fill_n(ciphertext.part(p).limb(l), n, std::uint64_t{0});
    }
  }
}

}  // namespace

std::vector<Ciphertext> run_affine(const ckks::Context& context, const program::Program& program,
                                   program::ValueId id, const program::Tile& tile,
                                   ckks::CiphertextInfo info, const Operand& operand) {
  const program::Value& value = program.values[id];
  const Affine& affine = std::get<Affine>(value.op);
  const std::size_t n = context.n();

  std::vector<bool> overwritten(tile.elements.size());
  const std::vector<Job> jobs = plan_jobs(affine, tile, operand, overwritten);
  info.level = value.level;
  info.scale = value.scale;
  std::vector<Ciphertext> out;
  for (std::size_t i = 0; i < tile.elements.size(); ++i) {
    out.emplace_back(context, info, value.parts);
    if (!overwritten[i]) clear(out.back(), n);
  }
  const std::size_t primes = value.level.primes();
  const ring::RnsBasis basis = context.basis(value.level);
  base::parallel_for(value.parts * primes, [&](std::size_t task) {
    for (const Job& job : jobs) {
      multiply(job, basis.modulus(task % primes), task / primes, task % primes, out, n);
    }
  });
  const ckks::Evaluator evaluator(context);
  for (std::size_t i = 0; i < out.size(); ++i) {
    evaluator.add_scalar(out[i], affine.bias[tile.elements[i]]);
  }
  return out;
}

}  // namespace serdab::runtime
