// What both scripts share: SEAL with serdab's test parameters, files in one folder.
'use strict';
const fs = require('fs');
const path = require('path');

const N = 8192;
const BITS = [50, 40, 40, 50];
const STEPS = [1, -3, 100];

async function open(directory) {
  // node-seal is installed in the build folder, beside the files.
  const seal = await require(path.join(process.cwd(), 'node_modules', 'node-seal'))();
  const parameters = seal.EncryptionParameters(seal.SchemeType.ckks);
  parameters.setPolyModulusDegree(N);
  parameters.setCoeffModulus(seal.CoeffModulus.Create(N, Int32Array.from(BITS)));
  const context = seal.Context(parameters, true, seal.SecurityLevel.tc128);
  if (!context.parametersSet()) throw new Error('SEAL refused the parameters');
  const none = seal.ComprModeType.none;
  const file = (name) => path.join(directory, name);
  return {
    seal, parameters, context,
    save: (name, object) => fs.writeFileSync(file(name), object.saveArray(none)),
    load: (name, object) => {
      object.loadArray(context, new Uint8Array(fs.readFileSync(file(name))));
      return object;
    },
    saveDoubles: (name, values) =>
      fs.writeFileSync(file(name), Buffer.from(Float64Array.from(values).buffer)),
    loadDoubles: (name) => {
      const bytes = fs.readFileSync(file(name));
      return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    },
    exists: (name) => fs.existsSync(file(name)),
  };
}

module.exports = {open, N, STEPS};
