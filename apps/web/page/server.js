// The server's HTTP interface (docs/service.md): requests of this origin only, with the token.

/** Why a request failed, in words for people; `kind` is what the page acts on. */
export class ServerError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

const PIECE = 4 * 2 ** 20;
const ATTEMPTS = 6;
const BUSY = [409, 429, 503];
const LONGEST_WAIT = 120;

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

async function failure(response) {
  let text = '';
  try {
    text = (await response.json()).error ?? '';
  } catch {
    // Not JSON: a proxy's page, whose text helps nobody.
  }
  if (response.status === 401) {
    return new ServerError('token', 'This server wants an access token: paste yours above.');
  }
  const said = text ? `The server says: ${text}` : `The server answered with ${response.status}.`;
  return new ServerError(response.status === 404 ? 'missing' : 'refused', said);
}

export class Server {
  /** onWait(seconds) is told before a request is repeated. */
  constructor(onWait) {
    this.token = '';
    this.onWait = onWait;
  }

  async models() {
    const { models } = await (await this.#ask('/v2/models')).json();
    return models.filter((model) => model.kind === undefined || model.kind === 'inference');
  }
  async describe(model) {
    return (await this.#ask(`/v2/models/${encodeURIComponent(model)}`)).json();
  }
  async clientFile(model) {
    return bytesOf(await this.#ask(`/v2/models/${encodeURIComponent(model)}/client`));
  }

  /** Bytes of the key that the server has, or 'whole'. */
  async keyOffset(name) {
    const response = await this.#send(`/v2/keys/${name}`, { method: 'HEAD' });
    if (response.ok) return 'whole';
    if (response.status !== 404) throw await failure(response);
    return Number(response.headers.get('Upload-Offset') ?? 0);
  }

  /** Sends what the server has not got yet; onProgress(bytes there). */
  async uploadKey(name, bytes, onProgress) {
    for (let at, failed = 0; at !== 'whole'; ) {
      try {
        at ??= await this.keyOffset(name);
        if (at === 'whole') break;
        onProgress(at);
        at = await this.#uploadPiece(name, bytes, at);
        failed = 0;
      } catch (problem) {
        failed += 1;
        if (problem.kind !== 'offline' || failed === ATTEMPTS) throw problem;
        await this.#wait(2 ** (failed - 1));
        at = undefined; // only the server knows how much of the piece arrived
      }
    }
    onProgress(bytes.length);
  }

  /** Without it the server drops unused keys by itself, some time later: failures do not matter. */
  async removeKey(name) {
    await this.#send(`/v2/keys/${name}`, { method: 'DELETE' }).catch(() => {});
  }

  // A server that was stopped right after the last byte has them all, and waits to be told again.
  async #uploadPiece(name, bytes, offset) {
    const at = Math.min(offset, bytes.length - 1);
    const end = Math.min(at + PIECE, bytes.length);
    const response = await this.#send(`/v2/keys/${name}`, {
      method: 'PUT',
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Range': `bytes ${at}-${end - 1}/${bytes.length}`,
      },
      body: bytes.subarray(at, end),
    });
    const there = response.headers.get('Upload-Offset');
    if (response.status === 409 && there !== null) return Number(there);
    if (!response.ok) throw await failure(response);
    return response.status === 202 ? (await response.json()).received : 'whole';
  }

  /** The answer to a sealed query, and the seconds the server says it computed. */
  async infer(model, query) {
    const response = await this.#ask(`/v2/models/${encodeURIComponent(model)}/infer`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/octet-stream',
        'Inference-Header-Content-Length': '0',
        Accept: 'application/octet-stream',
      },
      body: query,
    });
    const seconds = response.headers.get('Serdab-Compute-Seconds');
    return {
      answer: await bytesOf(response),
      computeSeconds: seconds === null ? undefined : Number(seconds),
    };
  }

  async #ask(path, options) {
    const response = await this.#send(path, options);
    if (!response.ok) throw await failure(response);
    return response;
  }

  // A server that is busy or ending says when to come again.
  async #send(path, { headers = {}, ...options } = {}) {
    const authorised = this.token ? { ...headers, Authorization: `Bearer ${this.token}` } : headers;
    for (let attempt = 1; ; attempt += 1) {
      let response;
      try {
        response = await fetch(path, {
          ...options,
          headers: authorised,
          cache: 'no-store',
          credentials: 'omit',
          redirect: 'error',
          referrerPolicy: 'no-referrer',
        });
      } catch {
        throw new ServerError(
          'offline',
          'The server cannot be reached. Are you offline? Nothing is lost: ask again.',
        );
      }
      const said = Number(response.headers.get('Retry-After'));
      if (response.status !== 429 && !(said && BUSY.includes(response.status))) return response;
      const seconds = said || 2 ** attempt;
      if (attempt === ATTEMPTS || seconds > LONGEST_WAIT) {
        throw new ServerError('busy', `The server is busy. Ask again in ${seconds} s.`);
      }
      await this.#wait(seconds);
    }
  }

  #wait(seconds) {
    this.onWait(seconds);
    return pause(seconds);
  }
}

async function bytesOf(response) {
  return new Uint8Array(await response.arrayBuffer());
}
