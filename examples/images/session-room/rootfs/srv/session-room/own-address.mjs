/** How a game learns where players reach it: OKG writes an annotation, a downward API volume shows it as a file, and the file changes live. */
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * The external addresses in the text of `game.kruise.io/network-status`; none unless the network is ready.
 * @param {string} text
 * @returns {{ name: string, protocol: string, address: string }[]}
 */
export function externalAddresses(text) {
  let status
  try {
    status = JSON.parse(text)
  } catch {
    return []
  }
  if (status?.currentNetworkState !== 'Ready') return []
  return (status.externalAddresses ?? []).flatMap(({ ip, endPoint, ports = [] }) =>
    ports.map(({ name, protocol, port }) => ({ name, protocol, address: `${ip || endPoint}:${port}` })),
  )
}

/** Follows the file. Its folder is watched, since the kubelet replaces the files behind a link. */
export class OwnAddress {
  #path
  #onChange
  #text = ''
  #changes = 0

  /** @param {string} path @param {(addresses: ReturnType<typeof externalAddresses>) => void} onChange */
  constructor(path, onChange) {
    this.#path = path
    this.#onChange = onChange
  }

  get addresses() {
    return externalAddresses(this.#text)
  }

  /** @param {AbortSignal} signal */
  async follow(signal) {
    // Watched before it is read: a change in between is seen as well.
    try {
      watch(dirname(this.#path), { signal }, () => void this.#read()).on('error', () => undefined)
    } catch {
      console.error(`${dirname(this.#path)} is not mounted: this room does not know its address`)
    }
    await this.#read()
  }

  /** One read at a time, and once more for what changed meanwhile, so that an older text never follows a newer one. */
  async #read() {
    this.#changes += 1
    if (this.#changes > 1) return
    for (let read = 0; read < this.#changes; ) {
      read = this.#changes
      this.#show(await readFile(this.#path, 'utf8').catch(() => ''))
    }
    this.#changes = 0
  }

  /** @param {string} text */
  #show(text) {
    if (text === this.#text) return
    this.#text = text
    this.#onChange(this.addresses)
  }
}
