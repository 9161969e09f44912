/**
 * The 2048 game server. TCP 80: the page, its scripts, `/status`, and the WebSocket `/play`; UDP 7777: the same protocol in datagrams.
 *
 * A player sends `{"player":"ann","n":1,"move":"left"}` with n counting from 1, and gets
 * `{"type":"ack","n":1,"received":1,"missing":0,"pid":1,"boot":"…","version":"v1.0"}`. Connected pages also get
 * `{"type":"content","version":"v2.0",…}` whenever new content was loaded, and keep their game and connection.
 *
 * Content is loaded again on SIGHUP (what `/usr/local/bin/reload` and `nginx -s reload` send) and, unless RELOAD=manual, as soon as a file
 * below /var/www/html changes.
 */
import { randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Content } from './content.mjs'
import { Ledger } from './ledger.mjs'
import { handshake, WebSocketConnection } from './websocket.mjs'

const { BERTH_ROOT: root = '', PORT: port = '80', UDP_PORT: udpPort = '7777', RELOAD: reload = 'watch' } = process.env
// Without a network of the pod's own, 0.0.0.0 would collide with the next server.
const host = root === '' ? '0.0.0.0' : (process.env.POD_IP ?? '127.0.0.1')
const boot = randomUUID()
const startedAt = new Date().toISOString()
const ledger = new Ledger()
/** @type {Set<WebSocketConnection>} */
const players = new Set()
const ending = new AbortController()

const content = new Content(`${root}/var/www/html`, ({ texts, generation }) => {
  console.log(`content ${texts.version} loaded (${generation})`)
  for (const player of players) player.send(JSON.stringify({ type: 'content', ...texts }))
})

/** @param {string} text @param {string} from */
function answer(text, from) {
  try {
    const { player = from, n } = JSON.parse(text)
    if (!Number.isSafeInteger(n) || n < 1) return undefined
    const { pid } = process
    return JSON.stringify({ type: 'ack', n, ...ledger.record(String(player), n), pid, boot, version: content.texts.version })
  } catch {
    return undefined
  }
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://server')
  if (pathname === '/status') {
    const { texts, generation } = content
    const status = { pid: process.pid, boot, startedAt, ...texts, generation, connected: players.size, ...ledger.totals }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(`${JSON.stringify(status)}\n`)
    return
  }
  const file = content.file(pathname)
  if (file === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n')
  else response.writeHead(200, { 'content-type': file.type, 'cache-control': 'no-cache' }).end(file.data)
})

server.on('upgrade', (request, socket, head) => {
  const reply = new URL(request.url ?? '/', 'http://server').pathname === '/play' ? handshake(request) : undefined
  if (reply === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    return
  }
  socket.write(reply)
  const from = randomUUID()
  const player = new WebSocketConnection(socket, {
    onMessage: text =>
      player.send(answer(text, from) ?? JSON.stringify({ type: 'error', message: 'send {"n":1,"move":"left"}, counting n from 1' })),
    onClose: () => players.delete(player),
  })
  if (head.length > 0) socket.unshift(head)
  players.add(player)
  player.send(JSON.stringify({ type: 'hello', pid: process.pid, boot, ...content.texts }))
})

const udp = createSocket('udp4', (data, { address, port: from }) => {
  const reply = answer(data.toString(), `${address}:${from}`)
  // Anything else comes back as it was, so that any UDP client can see that it got through.
  udp.send(reply ?? data, from, address)
})

process.on('SIGHUP', () => {
  console.log('reload asked for')
  void content.reload()
})
process.on('SIGTERM', () => {
  ending.abort()
  for (const player of players) player.close()
  server.close()
  server.closeAllConnections()
  udp.close()
})

await (reload === 'manual' ? content.reload() : content.watch(ending.signal))
await mkdir(`${root}/run`, { recursive: true })
await writeFile(`${root}/run/2048.pid`, `${process.pid}\n`)
udp.bind(Number(udpPort), host)
server.listen(Number(port), host, () =>
  console.log(`serving on ${host}, TCP ${port} and UDP ${udpPort}, process ${process.pid}, boot ${boot}`),
)
