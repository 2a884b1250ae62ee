#include "networks/program/schedule.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace serdab::program {
namespace {

class Planner {
 public:
  Planner(const Program& program, std::size_t wave_elements)
      : program_(program), wave_elements_(wave_elements) {}

  Schedule run() {
    assign_stages();
    find_stored();
    for (std::uint32_t s = 0; s < schedule_.stages.size(); ++s) make_tiles(s);
    done_.resize(schedule_.stages.size());
    for (std::size_t s = 0; s < done_.size(); ++s)
      done_[s].assign(schedule_.stages[s].tiles.size(), false);
    const std::uint32_t last = stage_of_.back();
    std::vector<std::uint32_t> all(schedule_.stages[last].tiles.size());
    std::iota(all.begin(), all.end(), 0);
    ensure(last, all);
    find_releases();
    return std::move(schedule_);
  }

 private:
  void assign_stages() {
    stage_of_.resize(program_.values.size());
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      const Op& op = program_.values[id].op;
      if (std::holds_alternative<Input>(op) || std::holds_alternative<Affine>(op) ||
          std::holds_alternative<Transform>(op)) {
        stage_of_[id] = static_cast<std::uint32_t>(schedule_.stages.size());
        schedule_.stages.emplace_back();
      } else {
        for (ValueId operand : operands(op)) {
          stage_of_[id] = std::max(stage_of_[id], stage_of_[operand]);
        }
      }
      schedule_.stages[stage_of_[id]].values.push_back(id);
    }
  }

  void find_stored() {
    std::vector<bool> stored(program_.values.size());
    stored.back() = true;
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      for (ValueId operand : operands(program_.values[id].op)) {
        if (stage_of_[operand] != stage_of_[id]) stored[operand] = true;
      }
    }
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      if (stored[id]) schedule_.stages[stage_of_[id]].stored.push_back(id);
    }
  }

  // Outputs that share a block in any term belong to one tile.
  void make_tiles(std::uint32_t s) {
    Stage& stage = schedule_.stages[s];
    const Value& first = program_.values[stage.values.front()];
    std::vector<std::uint32_t> root(first.count);
    std::iota(root.begin(), root.end(), 0);
    const auto find = [&](std::uint32_t i) {
      while (root[i] != i) i = root[i] = root[root[i]];
      return i;
    };
    const auto* affine = std::get_if<Affine>(&first.op);
    if (affine != nullptr) {
      for (const AffineTerm& term : affine->terms) {
        for (const Block& block : term.blocks) {
          for (std::uint32_t o : block.outputs) {
            root[std::max(find(o), find(block.outputs[0]))] =
                std::min(find(o), find(block.outputs[0]));
          }
        }
      }
    }
    if (std::holds_alternative<Transform>(first.op)) std::fill(root.begin(), root.end(), 0);
    std::map<std::uint32_t, std::uint32_t> tile_of_root;
    for (std::uint32_t i = 0; i < first.count; ++i) {
      const auto [at, fresh] =
          tile_of_root.try_emplace(find(i), static_cast<std::uint32_t>(stage.tiles.size()));
      if (fresh) stage.tiles.emplace_back();
      stage.tiles[at->second].elements.push_back(i);
    }
    tile_of_.emplace_back(first.count);
    for (std::uint32_t t = 0; t < stage.tiles.size(); ++t) {
      for (std::uint32_t i : stage.tiles[t].elements) tile_of_[s][i] = t;
    }
    if (affine == nullptr) return;
    for (std::uint32_t k = 0; k < affine->terms.size(); ++k) {
      for (std::uint32_t b = 0; b < affine->terms[k].blocks.size(); ++b) {
        const std::uint32_t tile = tile_of_[s][affine->terms[k].blocks[b].outputs.front()];
        stage.tiles[tile].blocks.emplace_back(k, b);
      }
    }
  }

  // Elements of other stages that a tile reads.
  template <typename F>
  void for_each_read(std::uint32_t s, std::uint32_t t, F&& f) const {
    const Stage& stage = schedule_.stages[s];
    const Tile& tile = stage.tiles[t];
    if (const auto* affine = std::get_if<Affine>(&program_.values[stage.values.front()].op)) {
      for (const auto& [k, b] : tile.blocks) {
        const AffineTerm& term = affine->terms[k];
        for (std::uint32_t i : term.blocks[b].inputs) f(Element{term.from, i});
      }
    } else if (const auto* transform =
                   std::get_if<Transform>(&program_.values[stage.values.front()].op)) {
      for (std::uint32_t i = 0; i < program_.values[transform->from].count; ++i) {
        f(Element{transform->from, i});
      }
    }
    for (std::size_t v = 1; v < stage.values.size(); ++v) {
      for (ValueId operand : operands(program_.values[stage.values[v]].op)) {
        if (stage_of_[operand] == s) continue;
        for (std::uint32_t i : tile.elements) f(Element{operand, i});
      }
    }
  }

  void ensure(std::uint32_t s, const std::vector<std::uint32_t>& tiles) {
    std::vector<std::uint32_t> due;
    std::size_t elements = 0;
    const auto run = [&] {
      if (due.empty()) return;
      ensure_reads(s, due);
      for (std::uint32_t t : due) done_[s][t] = true;
      schedule_.waves.push_back({s, due, {}});
      due.clear();
      elements = 0;
    };
    for (const std::uint32_t t : tiles) {
      if (done_[s][t]) continue;
      const std::size_t more = schedule_.stages[s].tiles[t].elements.size();
      if (elements + more > wave_elements_) run();
      due.push_back(t);
      elements += more;
    }
    run();
  }

  void ensure_reads(std::uint32_t s, const std::vector<std::uint32_t>& tiles) {
    std::vector<std::vector<std::uint32_t>> needed(s);
    for (std::uint32_t t : tiles) {
      for_each_read(s, t, [&](Element e) {
        const std::uint32_t from = stage_of_[e.value];
        const std::uint32_t tile = tile_of_[from][e.index];
        if (!done_[from][tile]) needed[from].push_back(tile);
      });
    }
    // Late stages first: a partial sum is finished, and what it read released, before the inputs of
    // the next part are made.
    for (std::uint32_t from = s; from-- > 0;) {
      std::sort(needed[from].begin(), needed[from].end());
      needed[from].erase(std::unique(needed[from].begin(), needed[from].end()), needed[from].end());
      if (!needed[from].empty()) ensure(from, needed[from]);
    }
  }

  void find_releases() {
    std::map<Element, std::size_t> last_wave;
    for (std::size_t w = 0; w < schedule_.waves.size(); ++w) {
      const Wave& wave = schedule_.waves[w];
      for (std::uint32_t t : wave.tiles) {
        // What a tile makes and nobody reads goes at once, except the answer.
        for (ValueId value : schedule_.stages[wave.stage].stored) {
          for (std::uint32_t i : schedule_.stages[wave.stage].tiles[t].elements) {
            last_wave[{value, i}] = w;
          }
        }
        for_each_read(wave.stage, t, [&](Element e) { last_wave[e] = w; });
      }
    }
    const auto answer = static_cast<ValueId>(program_.values.size() - 1);
    for (const auto& [element, w] : last_wave) {
      if (element.value != answer) schedule_.waves[w].release.push_back(element);
    }
  }

  const Program& program_;
  std::size_t wave_elements_;
  Schedule schedule_;
  std::vector<std::uint32_t> stage_of_;
  std::vector<std::vector<std::uint32_t>> tile_of_;
  std::vector<std::vector<bool>> done_;
};

}  // namespace

Schedule make_schedule(const Program& program, std::size_t wave_elements) {
  return Planner(program, wave_elements).run();
}

std::size_t ciphertext_bytes(const Value& value, std::size_t n) {
  return value.parts * value.level.primes() * n * sizeof(std::uint64_t);
}

namespace {

// What a transform holds at once besides its inputs: rotated inputs and inner sums, each a pair of
// polynomials modulo Q and P.
std::size_t transform_bytes(const Program& program, const Value& value, const Transform& op,
                            std::size_t n) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> rotated, sums;
  for (const Diagonal& diagonal : op.diagonals) {
    rotated.insert({diagonal.input, diagonal.baby});
    sums.insert({diagonal.giant, diagonal.output});
  }
  const std::size_t primes = value.level.primes() + program.special_primes.size();
  return (rotated.size() + sums.size()) * 2 * primes * n * sizeof(std::uint64_t);
}

}  // namespace

std::size_t planned_peak_bytes(const Program& program, const Schedule& schedule, std::size_t n,
                               std::size_t threads) {
  std::size_t live = 0;
  std::size_t peak = 0;
  for (const Wave& wave : schedule.waves) {
    const Stage& stage = schedule.stages[wave.stage];
    std::size_t elements = 0;
    for (std::uint32_t t : wave.tiles) elements += stage.tiles[t].elements.size();
    // All of a wave's first values exist together; a thread holds one element's chain besides,
    // three ciphertexts of its largest kind (operand, result, key-switching scratch).
    std::size_t largest = 0;
    for (ValueId id : stage.values) {
      largest = std::max(largest, ciphertext_bytes(program.values[id], n));
    }
    const std::size_t temporary =
        elements * ciphertext_bytes(program.values[stage.values.front()], n) +
        3 * threads * largest;
    for (ValueId id : stage.stored) live += elements * ciphertext_bytes(program.values[id], n);
    peak = std::max(peak, live + (stage.values.size() > 1 ? temporary : 0));
    const Value& first = program.values[stage.values.front()];
    if (const auto* transform = std::get_if<Transform>(&first.op)) {
      peak = std::max(peak, live + transform_bytes(program, first, *transform, n));
    }
    for (const Element& e : wave.release) live -= ciphertext_bytes(program.values[e.value], n);
  }
  return peak;
}

}  // namespace serdab::program
