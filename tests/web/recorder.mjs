// An HTTP proxy that keeps every byte a browser sends through it. With it as the browser's only way
// out, what it has not seen has not left. It forwards to one origin only: the errands that Chromium
// itself has with its maker are kept, and refused.
import { createServer, request as send } from 'node:http';

export class Recorder {
  constructor() {
    this.requests = []; // { method, url, head, body }
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

  /** Everything sent so far, one request after another. */
  bytes() {
    return Buffer.concat(
      this.requests.flatMap(({ method, url, head, body }) => [
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
      const body = Buffer.concat(chunks);
      const { method, url, headers } = request;
      this.requests.push({ method, url, head: Buffer.from(request.rawHeaders.join('\n')), body });
      if (new URL(url).origin !== this.origin) {
        response.destroy();
        return;
      }
      const onward = send(url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      onward.end(body);
    });
  }
}
