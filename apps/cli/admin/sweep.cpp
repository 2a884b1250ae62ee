#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "admin/nouns.h"

namespace serdab::cli::admin {

void add_sweep(CLI::App& admin, Globals& globals, const PlacePtr& place) {
  CLI::App& verb = add_noun_verb(
      admin, globals, "sweep", "Remove what has expired and files that belong to nothing",
      [=, &globals] {
        const store::Store::Swept swept = place->open().sweep();
        if (globals.json) {
          fmt::print("{}\n", nlohmann::json{{"keys", swept.keys},
                                            {"uploads", swept.uploads},
                                            {"jobs", swept.jobs},
                                            {"strays", swept.strays}}
                                 .dump(2));
        } else {
          fmt::print("{} key(s), {} upload(s) and {} job(s) had expired; {} stray file(s)\n",
                     swept.keys, swept.uploads, swept.jobs, swept.strays);
        }
      });
  verb.footer("A running server does this by itself.");
}

}  // namespace serdab::cli::admin
