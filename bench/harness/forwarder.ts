// A worker: forwards one port to the echo server, as the load balancers of the embedded cluster do.
import { parentPort, workerData } from 'node:worker_threads'
import { createForwarder } from '../../src/local/forwarder/forwarder.ts'
import { directDialer } from '../../src/local/node/runtime/direct-dialer.ts'

const { ip, port, to } = workerData as { ip: string; port: number; to: string }
const forwarder = createForwarder({ dialer: directDialer })
const backends = [{ podUid: 'bench', podIP: to, port, accepting: true }]
forwarder.set(
  'bench',
  (['TCP', 'UDP'] as const).map(protocol => ({ ip, port, protocol, backends })),
)
const failures = await forwarder.settled('bench')
if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join('; '))
parentPort?.postMessage('ready')
