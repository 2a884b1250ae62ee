// seal_make.js DIR: SEAL makes parameters, keys and ciphertexts, computes on them, and writes all of it.
'use strict';
const {open, N, STEPS} = require('./seal_common.js');

async function main(directory) {
  const {seal, parameters, context, save, saveDoubles} = await open(directory);
  const generator = seal.KeyGenerator(context);
  const secret = generator.secretKey(), publicKey = generator.createPublicKey();
  const relin = generator.createRelinKeys();
  const galois = generator.createGaloisKeys(Int32Array.from([0, ...STEPS]));
  save('parameters', parameters);
  save('secret', secret);
  save('public', publicKey);
  save('relin', relin);
  save('galois', galois);
  save('relin.seeded', generator.createRelinKeysSerializable());

  const encoder = seal.CKKSEncoder(context);
  const encryptor = seal.Encryptor(context, publicKey, secret);
  const evaluator = seal.Evaluator(context);
  const scale = 2 ** 40;
  const values = (f) => Float64Array.from({length: N / 2}, (_, i) => f(i));
  const xs = values((i) => Math.sin(i)), ys = values((i) => Math.cos(3 * i) / 2);
  saveDoubles('x', xs);
  saveDoubles('y', ys);
  const x = encoder.encode(xs, scale), y = encoder.encode(ys, scale);
  save('x.plain', x);
  save('y.plain', y);
  const a = encryptor.encrypt(x), b = encryptor.encrypt(y);
  save('a', a);
  save('b', b);
  save('a.seeded', encryptor.encryptSymmetricSerializable(x));
  const decryptor = seal.Decryptor(context, secret);
  save('a.decrypted', decryptor.decrypt(a));

  const product = evaluator.multiply(a, b);
  const relinearised = evaluator.relinearize(product, relin);
  const rescaled = evaluator.rescaleToNext(relinearised);
  save('add', evaluator.add(a, b));
  save('subtract', evaluator.sub(a, b));
  save('negate', evaluator.negate(a));
  save('add_plain', evaluator.addPlain(a, y));
  save('multiply_plain', evaluator.multiplyPlain(a, y));
  save('multiply', product);
  save('square', evaluator.square(a));
  save('relinearise', relinearised);
  save('rescale', rescaled);
  save('rescale_three_parts', evaluator.rescaleToNext(product));
  const lower = evaluator.square(rescaled);
  save('square_lower', evaluator.rescaleToNext(evaluator.relinearize(lower, relin)));
  save('mod_drop', evaluator.cipherModSwitchToNext(a));
  for (const step of STEPS) save(`rotate_${step}`, evaluator.rotateVector(a, step, galois));
  save('rotate_lower', evaluator.rotateVector(rescaled, 1, galois));
  save('conjugate', evaluator.complexConjugate(a, galois));
}

main(process.argv[2]).catch((error) => {
  console.error(String(error && error.message || error));
  process.exit(1);
});
