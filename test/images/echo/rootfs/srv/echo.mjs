import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { hostname } from 'node:os'

// PORTS: "7777/TCP,7778/UDP,7779/TCPUDP", where players are answered.
for (const entry of (process.env.PORTS ?? '7777/TCPUDP').split(',')) {
  const [port, protocol] = entry.split('/')
  if (protocol.includes('TCP')) {
    createServer(socket => {
      socket.on('error', () => socket.destroy())
      socket.on('data', data => socket.write(`${hostname()} ${port}/TCP ${data}`))
    }).listen(Number(port))
  }
  if (protocol.includes('UDP')) {
    const socket = createSocket('udp4')
    socket.on('message', (data, { port: from, address }) => socket.send(`${hostname()} ${port}/UDP ${data}`, from, address))
    socket.bind(Number(port))
  }
}
process.on('SIGTERM', () => process.exit(0))
console.log('started')
