/** A random id the client makes before the server has seen the thing: 32 hex characters, 128 bits. */
export function newId(): string {
  // randomUUID exists only on secure origins; a shop on plain http still needs ids.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
