#include "networks/program/split_sums.h"

#include <algorithm>
#include <set>

#include "engine/base/overloaded.h"
#include "networks/program/schedule.h"
#include "networks/program/verifier.h"

namespace serdab::program {
namespace {

using Group = std::set<std::uint32_t>;

void rename_operands(Op& op, const std::vector<ValueId>& renamed) {
  std::visit(base::Overloaded{[](Input&) {},
                              [&](Affine& affine) {
                                for (AffineTerm& term : affine.terms)
                                  term.from = renamed[term.from];
                              },
                              [&](Multiply& multiply) {
                                multiply.a = renamed[multiply.a];
                                multiply.b = renamed[multiply.b];
                              },
                              [&](Contract& contract) {
                                contract.a = renamed[contract.a];
                                contract.b = renamed[contract.b];
                              },
                              [&](AddScaled& scaled) {
                                scaled.from = renamed[scaled.from];
                                scaled.addend = renamed[scaled.addend];
                              },
                              [&](auto& unary) { unary.from = renamed[unary.from]; }},
             op);
}

class Splitter {
 public:
  Splitter(const Program& program, std::size_t inputs)
      : program_(program), inputs_(inputs), schedule_(make_schedule(program)) {
    result_ = program;
    result_.values.clear();
  }

  Program run() {
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      Value value = program_.values[id];
      rename_operands(value.op, renamed_);
      const std::vector<Group> groups = groups_of(id);
      if (groups.size() > 1) {
        push_parts(value, groups);
      } else {
        result_.values.push_back(std::move(value));
      }
      renamed_.push_back(static_cast<ValueId>(result_.values.size() - 1));
    }
    for (Output& output : result_.outputs) output.value = renamed_[output.value];
    verify(result_);
    return std::move(result_);
  }

 private:
  // The inputs of an Affine in parts, tile by tile of the stage that makes them; one part or none
  // when it stays whole.
  std::vector<Group> groups_of(ValueId id) const {
    const auto* affine = std::get_if<Affine>(&program_.values[id].op);
    if (affine == nullptr) return {};
    const ValueId from = affine->terms.front().from;
    Group all;
    for (const AffineTerm& term : affine->terms) {
      if (term.from != from) return {};
      for (const Block& block : term.blocks) all.insert(block.inputs.begin(), block.inputs.end());
    }
    if (all.size() <= inputs_ || stage_made_at(id)->tiles.size() != 1) return {};
    std::vector<Group> groups(1);
    for (const Tile& tile : stage_made_at(from)->tiles) {
      if (groups.back().size() >= inputs_) groups.emplace_back();
      for (std::uint32_t element : tile.elements) {
        if (all.contains(element)) groups.back().insert(element);
      }
    }
    if (groups.back().empty()) groups.pop_back();
    return groups;
  }

  const Stage* stage_made_at(ValueId id) const {
    return &*std::find_if(
        schedule_.stages.begin(), schedule_.stages.end(), [&](const Stage& stage) {
          return std::find(stage.values.begin(), stage.values.end(), id) != stage.values.end();
        });
  }

  void push_parts(const Value& value, const std::vector<Group>& groups) {
    const Affine& whole = std::get<Affine>(value.op);
    for (const Group& group : groups) {
      Value part = value;
      part.op = restrict(whole, group, /*with_bias=*/&group == &groups.front());
      result_.values.push_back(std::move(part));
      if (&group == &groups.front()) continue;
      const auto last = static_cast<ValueId>(result_.values.size() - 1);
      Value sum = value;
      sum.op = AddScaled{last, last - 1, {1}};
      result_.values.push_back(std::move(sum));
    }
  }

  static Affine restrict(const Affine& whole, const Group& group, bool with_bias) {
    Affine part;
    part.bias = with_bias ? whole.bias : std::vector<double>(whole.bias.size(), 0.0);
    for (const AffineTerm& term : whole.terms) {
      AffineTerm kept{term.from, {}, {}};
      for (const Block& block : term.blocks) add_columns(term, block, group, kept);
      if (!kept.blocks.empty()) part.terms.push_back(std::move(kept));
    }
    return part;
  }

  static void add_columns(const AffineTerm& term, const Block& block, const Group& group,
                          AffineTerm& kept) {
    const WeightMatrix& matrix = term.matrices[block.matrix];
    std::vector<std::uint32_t> columns;
    Block narrow{static_cast<std::uint32_t>(kept.matrices.size()), {}, block.outputs};
    for (std::uint32_t k = 0; k < block.inputs.size(); ++k) {
      if (!group.contains(block.inputs[k])) continue;
      columns.push_back(k);
      narrow.inputs.push_back(block.inputs[k]);
    }
    if (columns.empty()) return;
    WeightMatrix weights{matrix.rows, static_cast<std::uint32_t>(columns.size()), {}};
    for (std::uint32_t r = 0; r < matrix.rows; ++r) {
      for (std::uint32_t k : columns)
        weights.weights.push_back(matrix.weights[r * matrix.cols + k]);
    }
    kept.matrices.push_back(std::move(weights));
    kept.blocks.push_back(std::move(narrow));
  }

  const Program& program_;
  std::size_t inputs_;
  Schedule schedule_;
  Program result_;
  std::vector<ValueId> renamed_;
};

}  // namespace

Program split_sums(const Program& program, std::size_t inputs) {
  return Splitter(program, inputs).run();
}

}  // namespace serdab::program
