#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "common/size.h"

namespace serdab::hebench {

namespace fs = std::filesystem;

/// Where the suite and the stages keep the files of one size, seen from the suite's root, which is
/// the current directory. What stands under client() and secret_key() is the client's alone.
class Files {
 public:
  explicit Files(const Size& size) : size_(size), io_(fs::path("io") / size.name) {}

  const Size& size() const { return size_; }
  fs::path test_pixels() const;                              ///< the suite's input
  fs::path pixels() const { return client() / "pixels"; }    ///< the same, as float32
  fs::path outputs() const { return client() / "outputs"; }  ///< decrypted, as float64
  fs::path secret_key() const { return io_ / "secret_key" / "secret.key"; }
  fs::path evaluation_keys() const { return io_ / "public_keys" / "eval.key"; }
  fs::path uploads() const { return io_ / "ciphertexts_upload"; }
  fs::path downloads() const { return io_ / "ciphertexts_download"; }
  fs::path query(std::size_t index) const { return uploads() / numbered("query", index); }
  fs::path answer(std::size_t index) const { return downloads() / numbered("answer", index); }
  fs::path predictions() const { return io_ / "encrypted_model_predictions.txt"; }

  /// The compiled model, made with the executables and lying beside them: programs/<size>/.
  fs::path program() const;  ///< for the server
  fs::path bundle() const;   ///< for the client: no weights

 private:
  fs::path client() const { return io_ / "client"; }
  static std::string numbered(const char* stem, std::size_t index);

  const Size& size_;
  fs::path io_;
};

/// Queries that hold a size's images, `most` images each.
std::size_t query_count(const Size& size, std::size_t most);

/// A file's content; base::Error(kIo) names the stage that makes it where it is not there.
std::vector<std::uint8_t> read_made_by(const fs::path& path, const char* stage);

/// Throws base::Error(kIo), naming the stage that makes it, unless the file is there.
void require_made_by(const fs::path& path, const char* stage);

/// Writes at once or not at all, in a folder that is made if need be. `mode` are permission bits.
void write_whole(const fs::path& path, std::span<const std::uint8_t> bytes, unsigned mode = 0644);

/// An empty folder: what an earlier run left there is removed.
void make_empty(const fs::path& folder);

}  // namespace serdab::hebench
