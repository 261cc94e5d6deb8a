/** What the pages of the knowledge area share: sources, the sync, versions, overlaps. */

import type { OverlapList, Source, SourceKinds, Version } from "@baton/shared/knowledge";
import { Loaded } from "../loaded.ts";
import { announce, toast } from "../page.ts";
import { knowledgeApi as api, wordsOf } from "../session.ts";
import { SyncWatch } from "./sync.ts";

export const kinds = new Loaded<SourceKinds>(() => api.kinds());
export const sources = new Loaded<Source[]>(() => api.sources());
export const versions = new Loaded<Version[]>(() => api.versions());
export const overlaps = new Loaded<OverlapList>(() => api.overlaps());

export const sync = new SyncWatch(api, {
  announce,
  finished: () => {
    void sources.load();
    void versions.load();
  },
});

export async function startSync(sourceIds: string[] | null): Promise<void> {
  try {
    await sync.start(sourceIds);
  } catch (refusal) {
    toast(wordsOf(refusal));
  }
}

export async function stopSync(): Promise<void> {
  try {
    await sync.stop();
  } catch (refusal) {
    toast(wordsOf(refusal));
  }
}

/** Removes a source; on refusal the words to show, else null. */
export async function removeSource(source: Source): Promise<string | null> {
  try {
    await api.removeSource(source.id);
    announce(`${source.name} was removed.`);
    await sources.load();
    return null;
  } catch (refusal) {
    return wordsOf(refusal);
  }
}

/** Makes a kept version live; on refusal the words to show, else null. */
export async function rollBack(version: Version): Promise<string | null> {
  try {
    await api.rollBack(version.number);
    announce(`Version ${version.number} is live.`);
    await versions.load();
    return null;
  } catch (refusal) {
    return wordsOf(refusal);
  }
}
