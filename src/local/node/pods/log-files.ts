import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PodObject } from './container-state.ts'

/** The log of one run of a container; `attempt` counts from 0. */
export function logPath(stateDir: string, pod: PodObject, container: string, attempt: number): string {
  return join(podFolder(stateDir, pod), container, `${attempt}.log`)
}

/** Makes room for the log of a new run. `--previous` shows the run before, nothing older; so nothing older is kept. */
export async function prepareLog(stateDir: string, pod: PodObject, container: string, attempt: number): Promise<string> {
  await mkdir(join(podFolder(stateDir, pod), container), { recursive: true })
  if (attempt > 1) {
    const old = logPath(stateDir, pod, container, attempt - 2)
    await rm(old, { force: true })
    await rm(`${old}.1`, { force: true })
  }
  return logPath(stateDir, pod, container, attempt)
}

/** Logs go with their pod. */
export async function removeLogs(stateDir: string, pod: PodObject): Promise<void> {
  await rm(podFolder(stateDir, pod), { recursive: true, force: true })
}

function podFolder(stateDir: string, pod: PodObject): string {
  const { namespace = 'default', name, uid } = pod.metadata
  return join(stateDir, 'logs', `${namespace}_${name}_${uid}`)
}
