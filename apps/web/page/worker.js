// Everything that touches the secret key or takes long: keys, encryption, requests, decryption. The
// page asks with { id, name, input }; answers are { id, output } or { id, problem }, and { event }
// messages in between say how far a question is.
import { Client, ClientError } from './client.js';
import { findKey, removeKey, saveKey } from './keystore.js';
import { Server, ServerError } from './server.js';

const tell = (event, details = {}) => postMessage({ event, ...details });
const server = new Server((seconds) => tell('wait', { seconds }));

let library; // the bytes' compiled form, fetched once
let client;
let model; // { name, description, ready }: ready once the server holds this key's evaluation keys
let seconds = {};
let pending; // { evaluation, name }: a fresh key whose upload has not ended

async function timed(step, work) {
  tell('step', { step });
  const begin = performance.now();
  const output = await work();
  seconds[step] = (performance.now() - begin) / 1000;
  return output;
}

async function loadLibrary() {
  const response = await fetch('/client.wasm');
  if (!response.ok) {
    throw new ServerError(
      'library',
      'This server was built without the encryption library for browsers. Its operator has to ' +
        'install emscripten and build again; the command line client works meanwhile.',
    );
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

// A named model: its description, with whether a key for it is here.
async function open({ name }) {
  library ??= await loadLibrary();
  const [said, file] = [await server.describe(name), await server.clientFile(name)];
  client ??= await Client.create(library);
  client.forget();
  const description = client.loadModel(file);
  const announced = said.parameters?.program_id;
  if (announced !== undefined && announced !== description.program_id) {
    throw new ServerError(
      'mismatch',
      'The server describes another model than its client file is for. Reload the page; if that ' +
        'does not help, tell its operator.',
    );
  }
  model = { name, description, ready: false };
  seconds = {};
  pending = undefined;
  return { ...description, hasKey: (await findKey(description.program_id)) !== undefined };
}

// The stored key, if the server still has its evaluation keys.
async function reuseKey() {
  const record = await findKey(model.description.program_id);
  if (record === undefined) return false;
  if ((await server.keyOffset(record.evaluationName)) !== 'whole') return false;
  try {
    client.loadSecret(record.secretFile);
  } catch (problem) {
    if (problem instanceof ClientError) return false;
    throw problem;
  }
  return true;
}

// An upload that was given up is taken up by the next question.
async function makeKey() {
  pending ??= await timed('keys', () => {
    client.generateKeys();
    const evaluation = client.evaluationFile();
    return { evaluation, name: client.sha256(evaluation) };
  });
  const { evaluation, name } = pending;
  const total = evaluation.length;
  await timed('upload', () =>
    server.uploadKey(name, evaluation, (bytes) => tell('upload', { bytes, total })),
  );
  const secretFile = client.secretFile();
  await saveKey({ programId: model.description.program_id, secretFile, evaluationName: name });
  pending = undefined;
}

async function prepareKey() {
  if (model.ready) return;
  if (!(await reuseKey())) await makeKey();
  model.ready = true;
}

// The server may have dropped the keys since they were last seen there.
async function answerOf(pixels) {
  for (let attempt = 1; ; attempt += 1) {
    await prepareKey();
    const query = await timed('encrypt', () => client.encrypt(pixels));
    try {
      return { query, ...(await timed('server', () => server.infer(model.name, query))) };
    } catch (problem) {
      const lost = problem.kind === 'missing' || problem.kind === 'refused';
      if (!lost || attempt === 2 || (await reuseKey())) throw problem;
      model.ready = false;
    }
  }
}

async function ask({ pixels }) {
  // What was done once is shown with every answer.
  const { keys, upload } = seconds;
  seconds = { keys, upload };
  const { query, answer, computeSeconds } = await answerOf(pixels);
  const scores = await timed('decrypt', () => client.decrypt(answer));
  return {
    scores,
    seconds: { ...seconds, compute: computeSeconds },
    sentBytes: query.length,
    firstBytes: query.slice(0, 64),
    receivedBytes: answer.length,
  };
}

async function forgetKey() {
  const record = await findKey(model.description.program_id);
  await removeKey(model.description.program_id);
  client.forget();
  if (record !== undefined) await server.removeKey(record.evaluationName);
  return open({ name: model.name });
}

const calls = {
  setToken({ token }) {
    server.token = token;
  },
  models: () => server.models(),
  open,
  ask,
  forgetKey,
};

// One call at a time: they share the library's memory.
let last = Promise.resolve();
onmessage = ({ data: { id, name, input } }) => {
  last = last.then(async () => {
    try {
      postMessage({ id, output: await calls[name](input) });
    } catch (problem) {
      const { kind = 'library', message } = problem;
      postMessage({ id, problem: { kind, message } });
    }
  });
};
