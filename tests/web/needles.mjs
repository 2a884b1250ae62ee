// What must never leave a browser, in every form that it might leave in.

const BYTES = 24; // of a raw needle: no 24 bytes of ciphertext are these by chance

function encodings(values) {
  const bytesOf = (Type) => Buffer.from(Type.from(values).buffer);
  return [
    bytesOf(Float32Array),
    bytesOf(Float64Array),
    bytesOf(Float32Array).swap32(),
    bytesOf(Float64Array).swap64(),
    Buffer.from(Array.from(values, (v) => Math.round(255 * v))),
    Buffer.from(Array.from(values, (v) => Math.floor(255 * v))),
  ];
}

// A raw run of bytes, and the same in hexadecimal and, at each of three alignments, in base64.
function written(bytes) {
  const inner = (shift) => bytes.subarray(shift, shift + 18).toString('base64');
  const base64 = [0, 1, 2].map((shift) => Buffer.from(inner(shift)));
  return [bytes, Buffer.from(bytes.toString('hex')), ...base64];
}

function texts(values) {
  const list = Array.from(values);
  return [',', ', ', ' '].flatMap((separator) => [
    Buffer.from(list.join(separator)),
    Buffer.from(list.map((v) => Math.round(255 * v)).join(separator)),
  ]);
}

/** The most varied runs of `shares`, numbers in 0…1. */
export function needlesOfPicture(shares) {
  const runs = [];
  for (let i = 0; i + BYTES <= shares.length; i += 8) runs.push(shares.slice(i, i + BYTES));
  const variety = (run) => new Set(run).size;
  runs.sort((a, b) => variety(b) - variety(a));
  return runs.slice(0, 4).flatMap((run) => [...encodings(run).flatMap(written), ...texts(run)]);
}

/** Runs of a secret key's file beyond its header and ids: the packed coefficients, and unpacked. */
export function needlesOfKey(file) {
  const coefficients = file.subarray(file.length - 2048);
  const needles = [];
  for (let i = 0; i + BYTES <= coefficients.length; i += 509) {
    const run = Buffer.from(coefficients.subarray(i, i + BYTES));
    const unpacked = [...run].flatMap((byte) => [0, 2, 4, 6].map((bit) => ((byte >> bit) & 3) - 1));
    needles.push(
      ...written(run),
      ...written(Buffer.from(Int8Array.from(unpacked).buffer)),
      Buffer.from(Float32Array.from(unpacked).buffer),
      Buffer.from(Float64Array.from(unpacked).buffer),
      Buffer.from(unpacked.join(',')),
    );
  }
  return needles;
}

/** Runs of a file that was opened, and its name. */
export function needlesOfFile(name, file) {
  const needles = [Buffer.from(name), Buffer.from(encodeURIComponent(name))];
  for (let i = 64; i + BYTES <= file.length; i += 509) {
    needles.push(...written(file.subarray(i, i + BYTES)));
  }
  return needles;
}

/** The first needle that is in `hay`, if any. */
export function found(hay, needles) {
  return needles.find((needle) => hay.includes(needle));
}
