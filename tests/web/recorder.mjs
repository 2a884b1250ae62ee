// An HTTP proxy that keeps every byte a browser sends through it. With it as the browser's only way
// out, what it has not seen has not left. It forwards to one origin only: the errands that Chromium
// itself has with its maker are kept, and refused.
import { createServer, request as send } from 'node:http';

export class Recorder {
  constructor() {
    this.requests = []; // { method, url, head, body, first, cut, answer: { status, headers } }
    this.origin = '';
    this.server = createServer((request, response) => this.#forward(request, response));
    this.server.on('connect', (request, socket) => {
      this.requests.push({
        method: 'CONNECT',
        url: `https://${request.url}`,
        head: Buffer.from(request.rawHeaders.join('\n')),
        body: Buffer.alloc(0),
      });
      socket.destroy();
    });
  }

  async start(origin) {
    this.origin = origin;
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.server.address().port}`;
  }
  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** The next request for which choose(request) holds is forwarded up to the middle of its body;
   * then the connection breaks, once broken(request) is done. */
  cut(choose, broken) {
    this.cutting = { choose, broken };
  }

  /** Everything sent since a number of requests, one request after another. */
  bytes(since = 0) {
    return Buffer.concat(
      this.requests.slice(since).flatMap(({ method, url, head, body }) => [
        Buffer.from(`${method} ${url}\n`), head, Buffer.from('\n\n'), body,
      ]),
    );
  }
  origins() {
    return new Set(this.requests.map(({ url }) => new URL(url).origin));
  }

  #forward(request, response) {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const record = {
        method,
        url,
        head: Buffer.from(request.rawHeaders.join('\n')),
        body: Buffer.concat(chunks),
        // Where the body belongs in its file.
        first: Number(/^bytes (\d+)-/.exec(headers['content-range'])?.[1] ?? 0),
      };
      this.requests.push(record);
      if (new URL(url).origin === this.origin) this.#pass(record, headers, response);
      else response.destroy();
    });
  }

  #pass(record, headers, response) {
    const { method, url, body } = record;
    const onward = send(url, { method, headers, agent: false }, (answer) => {
      record.answer = { status: answer.statusCode, headers: answer.headers };
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    if (!this.cutting?.choose(record)) {
      onward.end(body);
      return;
    }
    const { broken } = this.cutting;
    this.cutting = undefined;
    record.cut = true;
    onward.write(body.subarray(0, body.length / 2));
    broken(record)
      .catch((problem) => console.error('cut:', problem))
      .finally(() => {
        onward.destroy();
        response.destroy();
      });
  }
}
