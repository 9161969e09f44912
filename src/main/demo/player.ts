import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** How one player fared. Messages are numbered from 1 and each is acknowledged by the game. */
export interface PlayerReport {
  readonly protocol: 'WebSocket' | 'UDP'
  readonly sent: number
  readonly acknowledged: number
  /** How often the connection was lost; 0 for UDP, which has none. */
  readonly disconnects: number
  /** Process ids and boot ids that answered: more than one of either means that the game was restarted. */
  readonly processes: readonly string[]
  /** Versions of the content that the game spoke of, in order of appearance. */
  readonly versions: readonly string[]
}

/** Plays until stopped, at a steady pace. */
export interface Player {
  /** Stops sending, waits for what is still on its way (at most two seconds) and leaves; once, however often it is called. */
  stop(): Promise<PlayerReport>
}

/** Milliseconds between two messages of a player. */
const paceMs = 20
const lastAnswersMs = 2000

class Tally {
  sent = 0
  disconnects = 0
  readonly protocol: PlayerReport['protocol']
  readonly #acknowledged = new Set<number>()
  readonly #processes = new Set<string>()
  readonly #versions: string[] = []

  constructor(protocol: PlayerReport['protocol']) {
    this.protocol = protocol
  }

  hear(text: string): void {
    const { type, n, pid, boot, version } = JSON.parse(text) as { type?: string; n?: number; pid?: number; boot?: string; version?: string }
    if (type === 'ack' && n !== undefined) this.#acknowledged.add(n)
    if (pid !== undefined && boot !== undefined) this.#processes.add(`${pid}/${boot}`)
    if (version !== undefined && this.#versions.at(-1) !== version) this.#versions.push(version)
  }

  next(): string {
    this.sent += 1
    return JSON.stringify({ n: this.sent, move: 'left' })
  }

  get complete(): boolean {
    return this.#acknowledged.size >= this.sent
  }

  get report(): PlayerReport {
    const { protocol, sent, disconnects } = this
    return {
      protocol,
      sent,
      acknowledged: this.#acknowledged.size,
      disconnects,
      processes: [...this.#processes],
      versions: [...this.#versions],
    }
  }
}

function play(tally: Tally, send: (text: string) => void, close: () => void): Player {
  const pace = setInterval(() => send(tally.next()), paceMs)
  const leave = async (): Promise<PlayerReport> => {
    clearInterval(pace)
    const until = performance.now() + lastAnswersMs
    while (!tally.complete && performance.now() < until) await new Promise(resolve => setTimeout(resolve, paceMs))
    close()
    return tally.report
  }
  let left: Promise<PlayerReport> | undefined
  return {
    stop() {
      left ??= leave()
      return left
    },
  }
}

/** A player on a WebSocket; resolves when connected. */
export async function webSocketPlayer(host: string, port: number): Promise<Player> {
  const tally = new Tally('WebSocket')
  const socket = new WebSocket(`ws://${host}:${port}/play`)
  socket.on('message', (data: Buffer) => tally.hear(data.toString()))
  await once(socket, 'open')
  let leaving = false
  socket.on('close', () => {
    if (!leaving) tally.disconnects += 1
  })
  socket.on('error', () => {
    // Always followed by close, which is counted.
  })
  return play(
    tally,
    text => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    () => {
      leaving = true
      socket.close()
    },
  )
}

/** A player who sends datagrams, each once: a lost one stays lost and is counted. */
export async function udpPlayer(host: string, port: number): Promise<Player> {
  const tally = new Tally('UDP')
  const socket: Socket = createSocket('udp4')
  socket.on('message', data => tally.hear(data.toString()))
  socket.on('error', () => {
    // A refused datagram is one without an answer.
  })
  socket.connect(port, host)
  await once(socket, 'connect')
  return play(
    tally,
    text => socket.send(text),
    () => socket.close(),
  )
}
