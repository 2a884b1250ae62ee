// Secret keys in this browser's IndexedDB, one for every model's program. Only the worker opens
// it; nothing here is ever sent. A record: { programId, secretFile, evaluationName }, the last
// being the name by which the server knows the key's evaluation keys.

const STORE = 'keys';

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withStore(mode, work) {
  const opening = indexedDB.open('serdab', 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE, { keyPath: 'programId' });
  };
  const database = await promised(opening);
  try {
    return await promised(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

export function findKey(programId) {
  return withStore('readonly', (store) => store.get(programId));
}
export function saveKey(record) {
  return withStore('readwrite', (store) => store.put(record));
}
export function removeKey(programId) {
  return withStore('readwrite', (store) => store.delete(programId));
}
