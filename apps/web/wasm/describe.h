#pragma once

#include <string>

#include "service/client/model.h"

namespace serdab::web {

/// What a page needs to know of a model, as JSON.
std::string describe(const client::Model& model);

}  // namespace serdab::web
