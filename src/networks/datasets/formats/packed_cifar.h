#pragma once

#include <limits>
#include <string>

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {

/// The bytes of a CIFAR-10 .bin file from its packed form .med.xz: under xz the label bytes of all
/// images, then for each the planes G, R − G, B − G (mod 256) of 32x32 residuals against the MED
/// predictor of JPEG-LS (Weinberger, Seroussi and Sapiro, "The LOCO-I lossless image compression
/// algorithm", 2000). Only the first `count` images are unpacked, so that a few cost little; of all
/// of them the check sum is compared. Throws base::Error as unxz, and kCorrupt for sizes that are
/// not those of whole images; `name` stands for the file in messages.
Bytes unpack_cifar(const Bytes& packed, const std::string& name,
                   std::size_t count = std::numeric_limits<std::size_t>::max());

}  // namespace serdab::datasets
