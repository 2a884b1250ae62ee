#include "networks/graph/patterns/recognise.h"

namespace serdab::graph {

Graph recognise_patterns(const Graph& graph) {
  return without_dead_nodes(recognise_polynomials(recognise_activations(graph)));
}

}  // namespace serdab::graph
