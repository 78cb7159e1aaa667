// Unsaved text on this device: AES-GCM ciphertext in IndexedDB, under a key that is fetched for the
// signed-in account and never stored. Without a secure context, or for a restricted record, nothing
// is written and the caller says "not saved".
const NAME = "throughline-drafts";
const STORE = "drafts";
const KEEP_MS = 30 * 86_400_000;

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function openBase() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return promised(request);
}

export class Device {
  constructor(reference, memoryOnly) {
    this.reference = reference;
    this.usable = !memoryOnly && window.isSecureContext && "subtle" in crypto && "indexedDB" in window;
    this.owner = "";
    this.key = null;
    this.base = null;
  }

  get ready() {
    return this.usable && this.key !== null && this.base !== null;
  }

  async unlock({ owner, key }) {
    if (!this.usable) return;
    try {
      this.base?.close();
      const raw = Uint8Array.from(atob(key), (char) => char.charCodeAt(0));
      this.key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
      this.owner = owner;
      this.base = await openBase();
      this.base.onversionchange = () => this.base.close(); // signing out deletes it
    } catch {
      this.usable = false;
    }
  }

  id(section) {
    return `${this.owner}/${this.reference}/${section}`;
  }

  store(mode) {
    return this.base.transaction(STORE, mode).objectStore(STORE);
  }

  async keep(section, draft) {
    if (!this.ready) return false;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(draft));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, plain);
    await promised(this.store("readwrite").put({ id: this.id(section), iv, sealed, at: Date.now() }));
    return true;
  }

  async drop(section) {
    if (this.ready) await promised(this.store("readwrite").delete(this.id(section)));
  }

  // Drafts of this postmortem by this account: [[section, draft]]. What can't be read is dropped.
  async drafts() {
    if (!this.ready) return [];
    const found = [];
    for (const row of await promised(this.store("readonly").getAll())) {
      if (Date.now() - row.at > KEEP_MS) {
        await promised(this.store("readwrite").delete(row.id));
        continue;
      }
      const prefix = `${this.owner}/${this.reference}/`;
      if (!row.id.startsWith(prefix)) continue;
      try {
        const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv }, this.key, row.sealed);
        const draft = JSON.parse(new TextDecoder().decode(plain));
        found.push([row.id.slice(prefix.length), { ...draft, at: row.at }]);
      } catch {
        await promised(this.store("readwrite").delete(row.id));
      }
    }
    return found;
  }
}
