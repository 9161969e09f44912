// A worker: sends back what comes by TCP and UDP, as the game servers of the bench.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { ip, port } = workerData as { ip: string; port: number }
const tcp = createServer({ noDelay: true }, socket => socket.on('error', () => socket.destroy()).pipe(socket)).listen(port, ip)
const udp = createSocket('udp4')
udp.on('message', (message, from) => udp.send(message, from.port, from.address))
udp.bind(port, ip)
await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
parentPort?.postMessage('ready')
