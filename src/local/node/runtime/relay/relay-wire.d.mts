import type { Socket } from 'node:net'

export function readLine(socket: Socket, onLine: (line: string) => void): void
export function splice(a: Socket, b: Socket): void
export function isSelfConnected(socket: Socket): boolean
export function frame(data: Uint8Array): Buffer
export class Frames {
  constructor(onFrame: (data: Buffer) => void)
  push(data: Buffer): void
}
