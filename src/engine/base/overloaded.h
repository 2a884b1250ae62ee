#pragma once

namespace serdab::base {

/// Several lambdas as one visitor: std::visit(Overloaded{[](A) {…}, [](B) {…}}, variant).
template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace serdab::base
