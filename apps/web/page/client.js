// client.wasm as an object: the one file that knows its memory and its imports. Runs in a Web
// Worker and in Node.js alike.

/** What the library says when it refuses something. */
export class ClientError extends Error {}

// crypto.getRandomValues gives at most so many bytes at a time.
const RANDOM_CHUNK = 65536;

// The few functions of WASI that the library may call. There is no environment and no file.
function imports(memory) {
  const setWords = (...pairs) => {
    const view = new DataView(memory().buffer);
    for (const [address, value] of pairs) view.setUint32(address, value, true);
  };
  return {
    wasi_snapshot_preview1: {
      random_get(address, size) {
        const bytes = new Uint8Array(memory().buffer, address, size);
        for (let at = 0; at < size; at += RANDOM_CHUNK) {
          crypto.getRandomValues(bytes.subarray(at, at + RANDOM_CHUNK));
        }
        return 0;
      },
      environ_sizes_get(count, size) {
        setWords([count, 0], [size, 0]);
        return 0;
      },
      environ_get: () => 0,
      proc_exit(status) {
        throw new ClientError(`the encryption library stopped with status ${status}`);
      },
    },
    env: { emscripten_notify_memory_growth() {} },
  };
}

/** One model and its key. The calls are those of apps/web/wasm/api.cpp; files are Uint8Arrays. */
export class Client {
  /** From client.wasm as a WebAssembly.Module. */
  static async create(module) {
    let exports;
    ({ exports } = await WebAssembly.instantiate(module, imports(() => exports.memory)));
    exports._initialize();
    return new Client(exports);
  }

  constructor(exports) {
    this.exports = exports;
  }

  /** A description, see apps/web/wasm/describe.cpp. */
  loadModel(file) {
    return JSON.parse(new TextDecoder().decode(this.#call('serdab_load_model', file)));
  }
  generateKeys() {
    this.#call('serdab_generate_keys');
  }
  secretFile() {
    return this.#call('serdab_secret_file');
  }
  evaluationFile() {
    return this.#call('serdab_evaluation_file');
  }
  loadSecret(file) {
    this.#call('serdab_load_secret', file);
  }
  /** A Float32Array of whole images to a query. */
  encrypt(images) {
    const bytes = new Uint8Array(images.buffer, images.byteOffset, images.byteLength);
    return this.#call('serdab_encrypt', bytes, images.length);
  }
  /** An answer to a Float64Array. */
  decrypt(file) {
    return new Float64Array(this.#call('serdab_decrypt', file).buffer);
  }
  /** Of any bytes, in hexadecimal digits. Browsers have a SHA-256 only for pages from HTTPS. */
  sha256(bytes) {
    return new TextDecoder().decode(this.#call('serdab_sha256', bytes));
  }
  /** Zeroes the key and drops the model. */
  forget() {
    this.exports.serdab_forget();
  }

  // The arguments' bytes are copied in and zeroed afterwards; the result is copied out and zeroed.
  #call(name, bytes, count = bytes?.length) {
    const { exports } = this;
    let ok;
    if (bytes === undefined) {
      ok = exports[name]();
    } else {
      const address = exports.serdab_allocate(bytes.length);
      if (address === 0) throw new ClientError('there is not enough memory in this browser');
      new Uint8Array(exports.memory.buffer).set(bytes, address);
      try {
        ok = exports[name](address, count);
      } finally {
        exports.serdab_free(address, bytes.length);
      }
    }
    const [kind, Failure] = ok ? ['result'] : ['error', ClientError];
    const begin = exports[`serdab_${kind}_data`]();
    const out = new Uint8Array(exports.memory.buffer).slice(
      begin,
      begin + exports[`serdab_${kind}_size`](),
    );
    exports.serdab_clear_result();
    if (Failure) throw new Failure(new TextDecoder().decode(out));
    return out;
  }
}
