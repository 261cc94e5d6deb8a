/** The part of Storage the widget uses. */
export interface KeyValue {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

const PREFIX = "baton:";

/** localStorage under our prefix; memory where the browser denies it (private mode, blocked cookies, quota). */
export function browserStorage(): KeyValue {
  const memory = memoryStorage();
  try {
    const storage = window.localStorage;
    storage.setItem(`${PREFIX}probe`, "1");
    storage.removeItem(`${PREFIX}probe`);
    return {
      get: (key) => storage.getItem(PREFIX + key) ?? memory.get(key),
      set: (key, value) => {
        try {
          storage.setItem(PREFIX + key, value);
        } catch {
          memory.set(key, value);
        }
      },
      remove: (key) => {
        storage.removeItem(PREFIX + key);
        memory.remove(key);
      },
      keys: () => {
        const own = Object.keys(storage).filter((key) => key.startsWith(PREFIX));
        return [...own.map((key) => key.slice(PREFIX.length)), ...memory.keys()];
      },
    };
  } catch {
    return memory;
  }
}

export function memoryStorage(): KeyValue {
  const map = new Map<string, string>();
  return {
    get: (key) => map.get(key) ?? null,
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}

/** Reads JSON; anything damaged counts as absent. */
export function readJson<T>(storage: KeyValue, key: string): T | null {
  const raw = storage.get(key);
  if (raw === null) return null;
  try {
    return JSON.parse(raw) as T;
  } catch {
    storage.remove(key);
    return null;
  }
}
