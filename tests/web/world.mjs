// What the page's tests run in: the service with a model, the recorder, and Chromium behind it.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Recorder } from './recorder.mjs';
import { Service } from './service.mjs';

const SKIP = 77;

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(SKIP);
}

function findChromium() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'];
  for (const name of names.filter(Boolean)) {
    const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', name], {
      encoding: 'utf8',
    });
    if (status === 0) return stdout.trim();
  }
  return skip('no Chromium here (install it, or name one in CHROMIUM)');
}

// playwright-core as package-lock.json pins it, in the build folder.
function loadPlaywright(project, work) {
  mkdirSync(work, { recursive: true });
  if (!existsSync(join(work, 'node_modules/playwright-core'))) {
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(project, 'tests/web', file), join(work, file));
    }
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: work,
      timeout: 180_000,
    });
    if (status !== 0) skip('npm cannot install playwright-core: no npm, or no registry');
  }
  return createRequire(join(work, 'package.json'))('playwright-core').chromium;
}

// What a page complained of.
function watch(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return complaints;
}

export class World {
  async start(bin, project, work) {
    const chromium = loadPlaywright(project, work);
    const executablePath = findChromium();
    this.folder = mkdtempSync(join(tmpdir(), 'serdab-browser-'));
    const model = join(this.folder, 'mnist-paper');
    execFileSync(join(bin, 'serdab'), [
      'compile', join(project, 'models/mnist-paper/model.onnx'), '-o', model, '--layout', 'single',
    ]);
    this.service = new Service(bin, this.folder);
    this.service.admin('model', 'add', model, '--name', 'mnist-paper');
    this.url = await this.service.start();
    this.recorder = new Recorder();
    this.browser = await chromium.launch({
      executablePath,
      proxy: { server: await this.recorder.start(this.url), bypass: '<-loopback>' },
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    });
  }

  /** A browser without memory; `complaints` are its console’s, `origins` where it went,
   * `begin` the number of requests before it. */
  async page(options) {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(180_000); // machines may be busy
    const page = await context.newPage();
    page.complaints = watch(page);
    page.origins = new Set();
    page.begin = this.recorder.requests.length;
    context.on('request', (request) => page.origins.add(new URL(request.url()).origin));
    return page;
  }

  async stop() {
    await this.browser?.close();
    await this.service?.stop();
    this.recorder?.stop();
    if (this.folder) rmSync(this.folder, { recursive: true });
  }

  sent(method, since = 0) {
    return this.recorder.requests.slice(since).filter((request) => request.method === method);
  }
}
