// 'serdab-server serve' on a data folder of its own, as the page's tests need it: it can be killed
// and started again at the same address, and be kept busy.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as send } from 'node:http';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/** Until `question` is answered with something true. */
export async function until(question, seconds = 60) {
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const answer = await question();
    if (answer) return answer;
    await pause(0.05);
  }
  throw new Error(`not so after ${seconds} s: ${question}`);
}

export class Service {
  constructor(bin, folder) {
    this.program = join(bin, 'serdab-server');
    this.data = join(folder, 'data');
    this.log = openSync(join(folder, 'serve.log'), 'a');
    this.port = 0;
    this.occupied = 0; // uploads that were left half done
  }

  admin(...words) {
    return execFileSync(this.program, ['admin', '--data', this.data, ...words], {
      encoding: 'utf8',
    }).trim();
  }
  /** A new tenant's token. */
  tenant(name, ...limits) {
    this.admin('tenant', 'add', name, ...limits);
    return this.admin('token', 'add', name, '--quiet');
  }
  keys(tenant) {
    return JSON.parse(this.admin('key', 'list', tenant, '--json'));
  }

  /** Its address, the same every time. */
  async start() {
    const words = ['serve', '--data', this.data, '--port', String(this.port), '--json'];
    this.process = spawn(this.program, words, { stdio: ['ignore', 'pipe', this.log] });
    process.once('exit', () => this.process.kill('SIGKILL')); // whatever ends the test
    const [line] = await once(createInterface(this.process.stdout), 'line');
    const { address, port } = JSON.parse(line);
    [this.address, this.port] = [address, port];
    return address;
  }
  async stop(signal = 'SIGTERM') {
    if (this.process?.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill(signal);
    await once(this.process, 'exit');
  }

  /** Bytes that have arrived of an upload that is under way. */
  async arrived(key, token) {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`${this.address}/v2/keys/${key}`, { method: 'HEAD', headers });
    return Number(response.headers.get('Upload-Offset') ?? 0);
  }

  /** Begins an upload for a tenant and leaves it half done; the result ends it. */
  async occupy(token) {
    this.occupied += 1;
    const key = this.occupied.toString(16).padStart(64, '0');
    const headers = { Authorization: `Bearer ${token}`, 'Content-Length': 400_000 };
    const upload = send(`${this.address}/v2/keys/${key}`, { method: 'PUT', headers, agent: false });
    upload.on('error', () => {});
    upload.write(Buffer.alloc(200_000));
    await until(() => this.arrived(key, token));
    return () => upload.destroy();
  }
}
