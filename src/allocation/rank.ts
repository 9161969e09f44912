/** Which of several servers that would do is taken. Pure. Contract: Agones' Packed and Distributed. */
import type { Priority } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { type Candidate, roomOf } from './candidate.ts'

/** Negative: `a` first. */
export type Compare<T> = (a: T, b: T) => number

/** By free room, then by name. A server that has the counter or list goes before one that has not. */
export function byPriorities(priorities: readonly Priority[]): Compare<Candidate> {
  return (a, b) => {
    for (const { type, key, order = 'Ascending' } of priorities) {
      const [left, right] = [roomOf(a, type, key), roomOf(b, type, key)]
      if (left === right) continue
      if (left === undefined) return 1
      if (right === undefined) return -1
      return order === 'Ascending' ? left - right : right - left
    }
    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
  }
}

/** What counts of a node. */
export interface NodeLoad {
  readonly name: string
  readonly allocated: number
  readonly ready: number
}

/** The fullest node first. */
export const byLoad: Compare<NodeLoad> = (a, b) =>
  b.allocated - a.allocated || b.ready - a.ready || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
