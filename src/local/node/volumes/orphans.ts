import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes the volumes of pods that went while the node was down. `alive`: the uids of all pods of the cluster, on whatever node. */
export async function removeOrphans(stateDir: string, alive: ReadonlySet<string>): Promise<void> {
  const folder = join(stateDir, 'pods')
  const found = await readdir(folder).catch(() => [])
  await Promise.all(found.filter(uid => !alive.has(uid)).map(uid => rm(join(folder, uid), { recursive: true, force: true })))
}
