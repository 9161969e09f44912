import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { commands } from './commands.mjs'
import { sdk } from './sdk.mjs'

const isOn = (name, fallback) => (process.env[name] ?? String(fallback)).toLowerCase() === 'true'
const game = { isHealthy: true }

async function answerTo(message) {
  const [name = '', ...words] = message.trim().split(/\s+/)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  try {
    const answer = await command?.(words, game)
    return `${answer ?? `ACK: ${message.trim()}`}\n`
  } catch (error) {
    return `ERROR: ${error.message}\n`
  }
}

function listen(port) {
  if (isOn('UDP', true)) {
    const socket = createSocket({ type: 'udp6', ipv6Only: false })
    socket.on('message', async (message, from) => socket.send(await answerTo(String(message)), from.port, from.address))
    socket.bind(port)
  }
  if (isOn('TCP', false)) {
    createServer(socket => {
      socket.on('error', () => undefined)
      socket.on('data', async message => socket.write(await answerTo(String(message))))
    }).listen(port)
  }
}
process.once('SIGTERM', () => process.exit(0))

/** The sidecar starts first, but nobody says how fast. */
async function connected() {
  for (;;) {
    try {
      return await sdk.gameServer()
    } catch {
      await sleep(100)
    }
  }
}

/** The port of the node, which is known once the server has its place. */
async function passedThrough() {
  for (;;) {
    const port = (await connected()).status?.ports?.[0]?.port
    if (port) return port
    await sleep(100)
  }
}

// A port that is passed through is nobody's to know before.
const isPassed = isOn('PASSTHROUGH', false)
const known = Number(process.env['PORT'] ?? 7654)
if (!isPassed) listen(known)
const { object_meta } = await connected()
const port = isPassed ? await passedThrough() : known
if (isPassed) listen(port)
console.log(`${object_meta.name} listens on ${port}`)
if (isOn('READY', true)) await sdk.ready()
for (;;) {
  if (game.isHealthy) await sdk.health().catch(error => console.log(`no health: ${error.message}`))
  await sleep(2000)
}
