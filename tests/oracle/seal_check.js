// seal_check.js DIR: SEAL loads what serdab wrote (keys, ciphertexts), computes with it, decrypts, and
// compares with the expected values; the largest error of each case is printed, too large a one is an error.
'use strict';
const {open, N, STEPS} = require('./seal_common.js');

async function main(directory) {
  const {seal, context, load, loadDoubles} = await open(directory);
  const secret = load('secret', seal.SecretKey());
  const relin = load('relin', seal.RelinKeys()), galois = load('galois', seal.GaloisKeys());
  const publicKey = load('public', seal.PublicKey());
  const encoder = seal.CKKSEncoder(context), evaluator = seal.Evaluator(context);
  const decryptor = seal.Decryptor(context, secret);
  const xs = loadDoubles('x'), ys = loadDoubles('y');
  const a = load('a', seal.CipherText()), b = load('b', seal.CipherText());
  const slots = N / 2;
  // SEAL's digits are not centred, and P is no larger than the first digit: few slots carry most of the noise.
  const kSealRotation = 19;
  let failed = false;

  const expect = (name, ciphertext, f, bits = 22) => {
    const seen = encoder.decode(decryptor.decrypt(ciphertext));
    let worst = 0;
    for (let i = 0; i < slots; ++i) worst = Math.max(worst, Math.abs(seen[i] - f(i)));
    const good = worst < 2 ** -bits;  // false for NaN too
    failed = failed || !good;
    console.log(`${good ? 'ok  ' : 'FAIL'} ${name}: 2^${Math.log2(worst).toFixed(1)}`);
  };

  expect('ours decrypted', a, (i) => xs[i]);
  expect('ours, seeded', load('a.seeded', seal.CipherText()), (i) => xs[i]);
  expect('ours, by our public key', load('a.public', seal.CipherText()), (i) => xs[i]);
  expect('our relinearised product', load('product', seal.CipherText()), (i) => xs[i] * ys[i]);
  expect('our three parts', load('product.three', seal.CipherText()), (i) => xs[i] * ys[i]);
  expect('sum', evaluator.add(a, b), (i) => xs[i] + ys[i]);
  const product = evaluator.relinearize(evaluator.multiply(a, b), relin);
  expect('product', evaluator.rescaleToNext(product), (i) => xs[i] * ys[i]);
  for (const step of STEPS) {
    expect(`rotation by ${step}`, evaluator.rotateVector(a, step, galois),
           (i) => xs[(i + step + slots) % slots], kSealRotation);
  }
  expect('conjugate', evaluator.complexConjugate(a, galois), (i) => xs[i], kSealRotation);
  const encryptor = seal.Encryptor(context, publicKey);
  expect('SEAL with our public key', encryptor.encrypt(encoder.encode(xs, 2 ** 40)), (i) => xs[i]);
  if (failed) process.exit(1);
}

main(process.argv[2]).catch((error) => {
  console.error(String(error && error.message || error));
  process.exit(1);
});
