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
    for (const ValueId output : outputs_of(program_)) {
      std::vector<std::uint32_t> all(schedule_.stages[stage_of_[output]].tiles.size());
      std::iota(all.begin(), all.end(), 0);
      ensure(stage_of_[output], all);
    }
    find_releases();
    return std::move(schedule_);
  }

 private:
  void assign_stages() {
    stage_of_.resize(program_.values.size());
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      const Op& op = program_.values[id].op;
      if (mixes(op) || adds_late_element(id)) {
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

  static bool mixes(const Op& op) {
    return std::holds_alternative<Input>(op) || std::holds_alternative<Affine>(op) ||
           std::holds_alternative<Transform>(op) || std::holds_alternative<Contract>(op) ||
           std::holds_alternative<Rotate>(op) || std::holds_alternative<RotatedTotal>(op) ||
           std::holds_alternative<Select>(op);
  }

  // Whether an AddScaled adds one element to several that are made no later than it.
  bool adds_late_element(ValueId id) const {
    const auto* scaled = std::get_if<AddScaled>(&program_.values[id].op);
    return scaled != nullptr &&
           program_.values[scaled->addend].count != program_.values[id].count &&
           stage_of_[scaled->addend] >= stage_of_[scaled->from];
  }

  void find_stored() {
    std::vector<bool> stored(program_.values.size());
    for (const ValueId output : outputs_of(program_)) stored[output] = true;
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
    if (std::holds_alternative<Transform>(first.op) || std::holds_alternative<Rotate>(first.op)) {
      std::fill(root.begin(), root.end(), 0);
    }
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
    give_work(first.op, s);
    if (affine != nullptr) order_tiles(s);
  }

  // In the order in which what they read is complete: elements that are made together are then read
  // together and go, whatever their indices (pooling has one tile for every channel of a position).
  void order_tiles(std::uint32_t s) {
    std::vector<Tile>& tiles = schedule_.stages[s].tiles;
    using Made = std::pair<std::uint32_t, std::uint32_t>;  // stage, tile
    std::vector<std::pair<Made, std::uint32_t>> order;
    for (std::uint32_t t = 0; t < tiles.size(); ++t) {
      Made last{};
      for_each_read(s, t, [&](Element e) {
        const std::uint32_t from = stage_of_[e.value];
        last = std::max(last, Made{from, tile_of_[from][e.index]});
      });
      order.emplace_back(last, t);
    }
    std::sort(order.begin(), order.end());
    std::vector<Tile> ordered;
    for (const auto& [last, t] : order) ordered.push_back(std::move(tiles[t]));
    tiles = std::move(ordered);
    for (std::uint32_t t = 0; t < tiles.size(); ++t) {
      for (std::uint32_t i : tiles[t].elements) tile_of_[s][i] = t;
    }
  }

  // The blocks or products of a stage's first op, by tile.
  void give_work(const Op& op, std::uint32_t s) {
    std::vector<Tile>& tiles = schedule_.stages[s].tiles;
    if (const auto* contract = std::get_if<Contract>(&op)) {
      for (std::uint32_t k = 0; k < contract->terms.size(); ++k) {
        tiles[tile_of_[s][contract->terms[k].out]].products.push_back(k);
      }
    }
    const auto* affine = std::get_if<Affine>(&op);
    if (affine == nullptr) return;
    for (std::uint32_t k = 0; k < affine->terms.size(); ++k) {
      for (std::uint32_t b = 0; b < affine->terms[k].blocks.size(); ++b) {
        const std::uint32_t tile = tile_of_[s][affine->terms[k].blocks[b].outputs.front()];
        tiles[tile].blocks.emplace_back(k, b);
      }
    }
  }

  // Elements of other stages that a tile reads.
  template <typename F>
  void for_each_read(std::uint32_t s, std::uint32_t t, F&& f) const {
    const Stage& stage = schedule_.stages[s];
    const Tile& tile = stage.tiles[t];
    const Op& first = program_.values[stage.values.front()].op;
    if (mixes(first)) for_each_mixed(first, tile, f);
    for (std::size_t v = mixes(first) ? 1 : 0; v < stage.values.size(); ++v) {
      for (ValueId operand : operands(program_.values[stage.values[v]].op)) {
        if (stage_of_[operand] == s) continue;
        // What is added to all elements is one.
        const bool is_one = program_.values[operand].count == 1;
        for (std::uint32_t i : tile.elements) f(Element{operand, is_one ? 0 : i});
      }
    }
  }

  // What the first op of a stage reads for a tile.
  template <typename F>
  void for_each_mixed(const Op& op, const Tile& tile, F& f) const {
    if (const auto* affine = std::get_if<Affine>(&op)) {
      for (const auto& [k, b] : tile.blocks) {
        const AffineTerm& term = affine->terms[k];
        for (std::uint32_t i : term.blocks[b].inputs) f(Element{term.from, i});
      }
    } else if (const auto* contract = std::get_if<Contract>(&op)) {
      for (const std::uint32_t k : tile.products) {
        f(Element{contract->a, contract->terms[k].i});
        f(Element{contract->b, contract->terms[k].j});
      }
    } else if (const auto* select = std::get_if<Select>(&op)) {
      for (std::uint32_t i : tile.elements) f(Element{select->from, select->elements[i]});
    } else {
      for (const ValueId from : operands(op)) {
        for (std::uint32_t i = 0; i < program_.values[from].count; ++i) f(Element{from, i});
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
        // What a tile makes and nobody reads goes at once, except outputs.
        for (ValueId value : schedule_.stages[wave.stage].stored) {
          for (std::uint32_t i : schedule_.stages[wave.stage].tiles[t].elements) {
            last_wave[{value, i}] = w;
          }
        }
        for_each_read(wave.stage, t, [&](Element e) { last_wave[e] = w; });
      }
    }
    std::vector<bool> kept(program_.values.size());
    for (const ValueId output : outputs_of(program_)) kept[output] = true;
    for (const auto& [element, w] : last_wave) {
      if (!kept[element.value]) schedule_.waves[w].release.push_back(element);
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

bool made_one_by_one(const Op& op) {
  return !std::holds_alternative<Input>(op) && !std::holds_alternative<Affine>(op) &&
         !std::holds_alternative<Transform>(op) && !std::holds_alternative<Rotate>(op) &&
         !std::holds_alternative<RotatedTotal>(op);
}

std::size_t ciphertext_bytes(const Value& value, std::size_t n) {
  return value.parts * value.level.primes() * n * sizeof(std::uint64_t);
}

namespace {

// A pair of polynomials modulo Q and P.
std::size_t lifted_bytes(const Program& program, const Value& value, std::size_t n) {
  const std::size_t primes = value.level.primes() + program.special_primes.size();
  return 2 * primes * n * sizeof(std::uint64_t);
}

// What a transform holds at once besides its inputs: rotated inputs and inner sums, each lifted.
std::size_t transform_bytes(const Program& program, const Value& value, const Transform& op,
                            std::size_t n) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> rotated, sums;
  for (const Diagonal& diagonal : op.diagonals) {
    rotated.insert({diagonal.input, diagonal.baby});
    sums.insert({diagonal.giant, diagonal.output});
  }
  return (rotated.size() + sums.size()) * lifted_bytes(program, value, n);
}

// What the first op of a stage holds at once besides its operands and results.
std::size_t first_bytes(const Program& program, const Value& value, std::size_t n) {
  if (const auto* transform = std::get_if<Transform>(&value.op)) {
    return transform_bytes(program, value, *transform, n);
  }
  // The sum, what is rotated last and a rotation on the way to it.
  if (std::holds_alternative<RotatedTotal>(value.op)) {
    return 2 * lifted_bytes(program, value, n) + ciphertext_bytes(value, n);
  }
  if (std::holds_alternative<Rotate>(value.op)) {
    return lifted_bytes(program, value, n) + ciphertext_bytes(value, n);
  }
  return 0;
}

// The most that one element's chain holds at once of values that are neither stored nor the wave's
// first: a value goes after its last reader in the stage.
std::size_t chain_bytes(const Program& program, const Stage& stage, std::size_t n) {
  std::map<ValueId, ValueId> last_reader;
  for (const ValueId id : stage.values) {
    for (const ValueId operand : operands(program.values[id].op)) last_reader[operand] = id;
  }
  std::map<ValueId, std::size_t> held;
  std::size_t now = 0, peak = 0;
  const bool one_by_one = made_one_by_one(program.values[stage.values.front()].op);
  for (const ValueId id : stage.values) {
    if (id == stage.values.front() && !one_by_one) continue;
    held[id] = ciphertext_bytes(program.values[id], n);
    peak = std::max(peak, now += held[id]);
    std::vector<ValueId> over = operands(program.values[id].op);
    over.push_back(id);
    for (const ValueId value : over) {
      const auto reader = last_reader.find(value);
      if (reader == last_reader.end() || reader->second <= id) now -= std::exchange(held[value], 0);
    }
    if (std::find(stage.stored.begin(), stage.stored.end(), id) != stage.stored.end()) {
      now -= std::exchange(held[id], 0);
    }
  }
  return peak;
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
    // All of a wave's first values exist together, unless they are made one by one; a thread holds
    // one element's chain besides, at least three ciphertexts of its largest kind (operand, result,
    // key-switching scratch).
    const Value& first = program.values[stage.values.front()];
    std::size_t largest = 0;
    for (ValueId id : stage.values) {
      largest = std::max(largest, ciphertext_bytes(program.values[id], n));
    }
    const std::size_t of_thread = std::max(3 * largest, chain_bytes(program, stage, n));
    const std::size_t temporary =
        (made_one_by_one(first.op) ? 0 : elements * ciphertext_bytes(first, n)) +
        threads * of_thread;
    for (ValueId id : stage.stored) live += elements * ciphertext_bytes(program.values[id], n);
    peak = std::max(peak, live + (stage.values.size() > 1 ? temporary : 0));
    peak = std::max(peak, live + first_bytes(program, first, n));
    for (const Element& e : wave.release) live -= ciphertext_bytes(program.values[e.value], n);
  }
  return peak;
}

}  // namespace serdab::program
