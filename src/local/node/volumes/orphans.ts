import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Removes volumes and logs of pods that went while the node was down. `alive`: the uids of all pods of the cluster, on whatever node,
 * since nodes may share a folder.
 */
export async function removeOrphans(stateDir: string, alive: ReadonlySet<string>): Promise<void> {
  const clean = async (folder: string, uidOf: (entry: string) => string): Promise<void> => {
    const found = await readdir(folder).catch(() => [])
    const orphans = found.filter(entry => !alive.has(uidOf(entry)))
    await Promise.all(orphans.map(entry => rm(join(folder, entry), { recursive: true, force: true })))
  }
  await clean(join(stateDir, 'pods'), entry => entry)
  await clean(join(stateDir, 'logs'), entry => entry.slice(entry.lastIndexOf('_') + 1))
}
