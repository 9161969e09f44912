import { readFileSync, writeFileSync } from 'node:fs'

/** What a process has used, from Linux' /proc. */
export interface Usage {
  readonly cpuSeconds: number
  /** Since the last {@link resetPeak}. */
  readonly peakMB: number
}

/** Clock ticks per second of /proc on every Linux that Node runs on. */
const ticks = 100

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticks, peakMB: Number(peak) / 1024 }
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** What a process has of the memory: what nobody else uses, and its share of everything it uses. */
export function memoryOf(pid: number): { readonly privateMB: number; readonly pssMB: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? '0') / 1024
  return { privateMB: of('Private_Clean') + of('Private_Dirty'), pssMB: of('Pss') }
}
