// A small server with the HTTP interface that the page speaks, for its tests: it keeps keys in
// memory and answers with 'serdab-server run'. It can be told to misbehave as real servers and
// networks do.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** models: name -> folder of 'serdab compile'. `faults` may be set while it runs: busy answers that
 * many questions with 429, cut drops that many pieces of uploads. */
export class StandIn {
  constructor({ bin, page, wasm, models, token }) {
    Object.assign(this, { bin, page, wasm, models, token });
    this.keys = new Map(); // name -> { bytes, total }
    this.faults = { busy: 0, cut: 0 };
    this.work = mkdtempSync(join(tmpdir(), 'serdab-stand-in-'));
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((problem) =>
        this.#refuse(response, 500, 'internal', String(problem)),
      );
    });
  }

  async start() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.server.address().port}`;
  }
  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  #refuse(response, status, kind, error, headers = {}) {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify({ error, kind }));
  }
  #json(response, value, status = 200) {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(value));
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, 'http://stand-in');
    const body = await bodyOf(request);
    if (!pathname.startsWith('/v2/')) return this.#file(response, pathname);
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      return this.#refuse(response, 401, 'unauthorised', 'a token is needed');
    }
    if (pathname === '/v2/models') {
      const models = Object.keys(this.models).map((name) => ({ name, kind: 'inference' }));
      return this.#json(response, { models });
    }
    const [, , room, name, verb] = pathname.split('/');
    if (room === 'keys') return this.#key(request, response, name, body);
    const folder = this.models[name];
    if (folder === undefined) return this.#refuse(response, 404, 'not-found', 'no such model');
    if (verb === undefined) return this.#json(response, { name, platform: 'serdab-ckks' });
    if (verb === 'client') return response.end(readFileSync(join(folder, 'client.sdb')));
    return this.#infer(response, folder, body);
  }

  #file(response, pathname) {
    const name = pathname === '/' ? '/index.html' : pathname;
    try {
      const bytes = readFileSync(join(name === '/client.wasm' ? this.wasm : this.page, name));
      response.writeHead(200, {
        'Content-Type': TYPES[extname(name)],
        'Content-Security-Policy': POLICY,
        'X-Content-Type-Options': 'nosniff',
      });
      response.end(bytes);
    } catch {
      this.#refuse(response, 404, 'not-found', 'no such file');
    }
  }

  #key(request, response, name, body) {
    const key = this.keys.get(name);
    const there = key?.bytes.length ?? 0;
    if (request.method === 'HEAD') {
      response.writeHead(key && there === key.total ? 200 : 404, { 'Upload-Offset': there });
      return response.end();
    }
    if (this.faults.cut > 0) {
      this.faults.cut -= 1;
      return response.destroy();
    }
    const range = request.headers['content-range'];
    const [, first, last, total] = /bytes (\d+)-(\d+)\/(\d+)/.exec(range);
    if (Number(first) !== there || body.length !== last - first + 1) {
      const headers = { 'Upload-Offset': there };
      return this.#refuse(response, 409, 'conflict', 'not what is next', headers);
    }
    const bytes = Buffer.concat([key?.bytes ?? Buffer.alloc(0), body]);
    this.keys.set(name, { bytes, total: Number(total) });
    if (bytes.length < Number(total)) {
      return this.#json(response, { received: bytes.length }, 202);
    }
    if (createHash('sha256').update(bytes).digest('hex') !== name) {
      this.keys.delete(name);
      return this.#refuse(response, 400, 'corrupt', 'the digest is another');
    }
    return this.#json(response, { key: name, bytes: bytes.length, expires: null }, 201);
  }

  // A real server finds the key by the query's key id; here there is but one client at a time, and
  // its newest key is tried.
  async #infer(response, folder, query) {
    if (this.faults.busy > 0) {
      this.faults.busy -= 1;
      return this.#refuse(response, 429, 'busy', 'too many questions', { 'Retry-After': '1' });
    }
    const key = [...this.keys.values()].at(-1);
    if (key === undefined) return this.#refuse(response, 404, 'no-key', 'no such key');
    const at = (name) => join(this.work, name);
    writeFileSync(at('eval.key'), key.bytes);
    writeFileSync(at('query'), query);
    const begin = performance.now();
    await promisify(execFile)(join(this.bin, 'serdab-server'), [
      'run', folder, at('query'), '--keys', at('eval.key'), '-o', at('answer'), '--no-resume',
    ]);
    response.setHeader('Serdab-Compute-Seconds', ((performance.now() - begin) / 1000).toFixed(3));
    return response.end(readFileSync(at('answer')));
  }
}
