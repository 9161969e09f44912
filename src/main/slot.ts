import { createServer, type Server } from 'node:net'
import { platform } from 'node:os'

/** A slot of this host (see `hostPlan`), held until disposed or until the process ends, however it ends. */
export interface Slot extends AsyncDisposable {
  readonly number: number
}

const slots = 60

/**
 * Claims a free slot. The claim is a listening socket, so the kernel gives it back even after SIGKILL and two clusters can
 * never share addresses. `preferred` is taken when free: a cluster that comes back keeps its addresses.
 */
export async function claimSlot(preferred?: number): Promise<Slot> {
  const order = [...Array(slots).keys()]
  if (preferred !== undefined) order.unshift(preferred)
  for (const number of order) {
    const server = await listen(number)
    if (server !== undefined) {
      return { number, [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())) }
    }
  }
  throw new Error(`all ${slots} slots of this host are taken by running clusters`)
}

function listen(slot: number): Promise<Server | undefined> {
  // Only Linux answers on all of 127/8 without configuration; elsewhere the port number tells slots apart.
  const address = platform() === 'linux' ? { host: `127.${64 + slot}.255.254`, port: 47_999 } : { host: '127.0.0.1', port: 47_900 + slot }
  const server = createServer(socket => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(address, () => {
      server.unref()
      resolve(server)
    })
  })
}
