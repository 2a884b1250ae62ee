// client.wasm in Node.js against published vectors and against the command line: what one encrypts
// the other decrypts, with either's keys. Usage: wasm_test.mjs BIN_FOLDER WASM_FOLDER PROJECT
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto; // Node.js 18
const [bin, wasm, project] = process.argv.slice(2);
const { Client, ClientError } = await import(pathToFileURL(`${project}/apps/web/page/client.js`));

const module = (name) => WebAssembly.compile(readFileSync(join(wasm, name)));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const run = (program, ...args) => execFileSync(join(bin, program), args, { stdio: 'pipe' });

// NIST SP 800-38A, F.5.5: CTR-AES256.Encrypt, its counter blocks encrypted and added to the text.
const AES_KEY = '603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4';
const COUNTER = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfe';
const PLAIN = `6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
               30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`;
const CIPHER = `601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5
                2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6`;

async function vectors() {
  const { exports } = await WebAssembly.instantiate(await module('vectors.wasm'), {
    env: { emscripten_notify_memory_growth() {} },
    wasi_snapshot_preview1: { proc_exit: () => assert.fail('the module stopped') },
  });
  exports._initialize();
  const place = exports.test_allocate(4096);
  const put = (offset, bytes) => new Uint8Array(exports.memory.buffer).set(bytes, place + offset);
  const take = (offset, size) =>
    new Uint8Array(exports.memory.buffer).slice(place + offset, place + offset + size);

  const counters = ['ff', '00', '01', '02'].map((last, i) =>
    i === 0 ? COUNTER + last : `f0f1f2f3f4f5f6f7f8f9fafbfcfdff${last}`,
  );
  put(0, unhex(AES_KEY));
  put(128, unhex(counters.join('').padEnd(256, '0')));
  exports.test_aes256(place, place + 128);
  const stream = take(128, 64);
  const plain = unhex(PLAIN);
  assert.equal(hex(stream.map((byte, i) => byte ^ plain[i])), hex(unhex(CIPHER)));

  for (const size of [0, 3, 55, 56, 63, 64, 65, 1000]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 89 + size) & 255);
    put(0, bytes);
    exports.test_sha256(place, size, place + 2048);
    const expected = createHash('sha256').update(bytes).digest('hex');
    assert.equal(hex(take(2048, 32)), expected, `SHA-256 of ${size} bytes`);
  }
  console.log('vectors: AES-256-CTR of SP 800-38A, SHA-256 of 8 lengths');
}

// A little-endian .npy file of one image.
function npy(values, shape) {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, ${shape.join(', ')}), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const start = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  const length = Buffer.from([padded.length & 255, padded.length >> 8]);
  return Buffer.concat([start, length, Buffer.from(padded), Buffer.from(values.buffer)]);
}

function close(a, b) {
  assert.equal(a.length, b.length);
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) <= 1e-7 * (1 + Math.abs(value))));
}

async function roundTrip(folder) {
  const at = (name) => join(folder, name);
  run('serdab', 'compile', join(project, 'models/digits/model.onnx'), '-o', folder,
      '--layout', 'single');
  run('serdab', 'keygen', folder, '-o', at('native'));
  const client = await Client.create(await module('client.wasm'));
  const model = client.loadModel(readFileSync(at('client.sdb')));
  assert.deepEqual([model.input_shape, model.outputs], [[1, 8, 8], 10]);

  const times = {};
  const timed = (name, work) => {
    const begin = performance.now();
    const output = work();
    times[name] = `${((performance.now() - begin) / 1000).toFixed(3)} s`;
    return output;
  };
  assert.throws(() => client.encrypt(new Float32Array(64)), ClientError, 'no key yet');
  timed('keys', () => client.generateKeys());
  const evaluation = timed('evaluation file', () => client.evaluationFile());
  writeFileSync(at('eval.key'), evaluation);
  writeFileSync(at('secret.key'), client.secretFile());
  assert.equal(client.sha256(evaluation), createHash('sha256').update(evaluation).digest('hex'));

  const image = Float32Array.from({ length: 64 }, (_, i) => ((i * 37) % 17) / 16);
  const answerTo = (query, keys) => {
    writeFileSync(at('query.bin'), query);
    run('serdab-server', 'run', folder, at('query.bin'), '--keys', keys, '-o', at('answer.bin'));
    return readFileSync(at('answer.bin'));
  };
  const natively = (key) => {
    run('serdab', 'decrypt', folder, at('answer.bin'), '--key', key, '-o', at('values.csv'));
    return readFileSync(at('values.csv'), 'utf8').trim().split(',').map(Number);
  };

  // Keys and query of WebAssembly's, answered natively, decrypted by both.
  const answer = answerTo(timed('encrypt', () => client.encrypt(image)), at('eval.key'));
  const values = [...timed('decrypt', () => client.decrypt(answer))];
  close(values, natively(at('secret.key')));

  // The same under native keys, from WebAssembly's query and from the command line's.
  client.loadSecret(readFileSync(at('native/secret.key')));
  const second = [...client.decrypt(answerTo(client.encrypt(image), at('native/eval.key')))];
  close(second, natively(at('native/secret.key')));
  writeFileSync(at('image.npy'), npy(image, model.input_shape));
  run('serdab', 'encrypt', folder, at('image.npy'), '--key', at('native/secret.key'),
      '-o', at('native.query'));
  const query = readFileSync(at('native.query'));
  const third = [...client.decrypt(answerTo(query, at('native/eval.key')))];
  for (const other of [second, third]) {
    // Two ciphertexts of one image: what CKKS adds to each differs.
    values.forEach((value, i) => assert.ok(Math.abs(value - other[i]) < 0.05, `${other}`));
  }

  // Bad bytes are refused in words, and the module goes on.
  const flipped = Uint8Array.from(answer);
  flipped[100] ^= 1;
  assert.throws(() => client.decrypt(flipped), /checksum/);
  assert.throws(() => client.encrypt(new Float32Array(64).fill(7)), /is not within/);
  assert.throws(() => client.loadSecret(answer), /secret key/);
  assert.equal(client.decrypt(answerTo(client.encrypt(image), at('native/eval.key'))).length, 10);
  client.forget();
  assert.throws(() => client.secretFile(), /no model/);
  console.log('round trip:', times);
}

await vectors();
const folder = mkdtempSync(join(tmpdir(), 'serdab-web-'));
try {
  await roundTrip(folder);
} finally {
  rmSync(folder, { recursive: true });
}
