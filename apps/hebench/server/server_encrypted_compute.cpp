// The answers to a size's queries, one after the other.
#include "common/stage.h"
#include "server/load.h"
#include "server/mapped_file.h"
#include "service/wire/file.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage(argc, argv, [](const hebench::Files& files) {
    const auto model = server::Model::load(files.program().string());
    const server::LoadedKeys keys = hebench::load_keys(model, files);
    hebench::make_empty(files.downloads());
    const std::size_t queries = hebench::query_count(files.size(), model.prepared().images());
    for (std::size_t q = 0; q < queries; ++q) {
      const std::string path = files.query(q).string();
      hebench::require_made_by(path, "client_encode_encrypt_input");
      const hebench::MappedFile file(path);
      const auto query = wire::open_payload(wire::FileKind::kQuery, file.bytes(), path);
      const auto report = server::run_job(model, keys, query, path);
      hebench::write_whole(files.answer(q),
                           wire::seal_payload(wire::FileKind::kAnswer, report.answer));
    }
  });
}
