import type { PlainApi } from './faults-api.ts'
import type { SeededRandom } from './faults-random.ts'
import { type Network, type OpsState, SetModel } from './faults-set.ts'

/** One request of a user. Repeated until it is answered, as a user would whose cluster has just died. */
export interface Operation {
  readonly text: string
  run(api: PlainApi): Promise<void>
}

const mergePatch = 'application/merge-patch+json'
const collection = (namespace: string) => `/apis/game.kruise.io/v1alpha1/namespaces/${namespace}/gameserversets`

export function operation(text: string, method: string, path: string, accepted: readonly number[], body?: object): Operation {
  return {
    text,
    async run(api) {
      const answer = await api.send(method, path, body, method === 'PATCH' ? mergePatch : undefined)
      // The API server lives but not what it needs: the user tries again.
      if (answer.code >= 500 || answer.code === 429) throw new Error(`${text}: ${answer.code}`)
      if (!accepted.includes(answer.code)) throw new Refused(`${text}: ${answer.code} ${JSON.stringify(answer.body)}`)
    },
  }
}

/** The API answered, and with something that must not be. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export interface WorldOptions {
  readonly image: (tag: string) => string
  /** At most so many at a time. */
  readonly sets: number
  /** A namespace that is there already. Default `default`. */
  readonly home?: string
  /** A second namespace that comes and goes. Default `arena`; undefined: none. */
  readonly arena?: string | undefined
  /** Default: all, one of them more often. */
  readonly networks?: readonly Network[]
}

/** Sets in two namespaces, one of which comes and goes, and what users do to them. */
export class World {
  readonly home: string
  readonly arena: string | undefined
  readonly sets = new Map<string, SetModel>()
  hasArena = false
  readonly #random: SeededRandom
  readonly #options: WorldOptions
  #made = 0

  constructor(random: SeededRandom, options: WorldOptions) {
    this.#random = random
    this.#options = options
    this.home = options.home ?? 'default'
    this.arena = 'arena' in options ? options.arena : 'arena'
  }

  /** Where everything of this world is. */
  get namespaces(): readonly string[] {
    return this.arena === undefined ? [this.home] : [this.home, this.arena]
  }

  /** What users do next. The model is brought up to date at once: it is what has to come of it. */
  plan(count: number): Operation[] {
    const operations: Operation[] = []
    const { arena } = this
    if (arena !== undefined && !this.hasArena && this.#random.chance(0.6)) {
      this.hasArena = true
      operations.push(
        operation('create namespace', 'POST', '/api/v1/namespaces', [201, 409], { kind: 'Namespace', metadata: { name: arena } }),
      )
      // A namespace takes pods as soon as it is there.
      operations.push(this.#create(arena))
    }
    while (this.sets.size < this.#options.sets && operations.length < count) operations.push(this.#create(this.home))
    for (let tries = 0; operations.length < count && tries < 100; tries += 1) operations.push(...this.#change())
    return operations
  }

  #create(namespace: string, name = `gs${(this.#made += 1)}`): Operation {
    const set = new SetModel(namespace, name, this.#random, this.#options.image, this.#options.networks)
    set.touched = 'yes'
    this.sets.set(`${namespace}/${name}`, set)
    const text = `create ${namespace}/${name}: ${set.replicas} servers, ${set.traits}`
    return operation(text, 'POST', collection(namespace), [201, 409], set.manifest())
  }

  #change(): Operation[] {
    const random = this.#random
    if (this.sets.size === 0) return []
    if (this.hasArena && random.chance(0.02)) return [this.#deleteNamespace()]
    const set = random.pick([...this.sets.values()])
    const about = `${set.namespace}/${set.name}`
    const patch = (text: string, spec: object) => operation(`${text} ${about}`, 'PATCH', set.path, [200], { spec })
    const known = [...set.known.keys()]

    switch (random.between(0, 12)) {
      case 0:
      case 1:
      case 2: {
        // Twice in a row only where nobody is marked: whether a mark outlived the first depends on who saw it.
        if (set.touched === 'yes' || (set.touched === 'scaled' && set.intents.size > 0)) return []
        set.touched = 'scaled'
        set.resize(random.between(0, 5), set.reserved)
        return [patch(`scale to ${set.replicas}`, { replicas: set.replicas })]
      }
      case 3:
      case 4: {
        if (set.touched !== 'no' && set.strategy !== 'inPlace') return []
        if (set.strategy === 'recreate') {
          set.touched = 'yes'
          set.replace(known)
        }
        set.side = (set.side % 3) + 1
        return [patch(`image v${set.side} of`, { gameServerTemplate: { spec: { containers: set.containers() } } })]
      }
      case 5: {
        if (set.touched !== 'no' || set.known.size === 0 || !isDense(known, set.reserved)) return []
        set.touched = 'yes'
        set.resize(set.replicas, random.chance(0.3) ? [] : [random.pick(known)])
        return [patch(`reserve ${set.reserved.join()} of`, { reserveGameServerIds: set.reserved })]
      }
      case 6: {
        if (set.touched !== 'no' || set.known.size === 0) return []
        set.touched = 'yes'
        const id = random.pick(known)
        set.replace([id])
        return [operation(`delete pod ${about}-${id}`, 'DELETE', set.podPath(id), [200, 404])]
      }
      case 7: {
        if (set.touched !== 'no' || set.known.size === 0) return []
        set.touched = 'yes'
        const id = random.pick(known)
        set.replicas -= 1
        set.change(ids => ids.filter(other => other !== id))
        return [operation(`kill ${about}-${id}`, 'PATCH', set.serverPath(id), [200, 404], { spec: { opsState: 'Kill' } })]
      }
      case 8: {
        if (set.touched !== 'no' || set.known.size === 0) return []
        // Who is marked just before a scale-down is protected by it: the mark was answered first.
        const id = random.pick(known)
        const opsState = random.pick<OpsState>(['None', 'Allocated', 'Allocated', 'Maintaining', 'WaitToBeDeleted'])
        set.wants(id, { opsState })
        return [operation(`${opsState} ${about}-${id}`, 'PATCH', set.serverPath(id), [200], { spec: { opsState } })]
      }
      case 9: {
        if (set.touched !== 'no' || set.known.size === 0 || !set.hasService) return []
        const id = random.pick(known)
        const disabled = !set.intent(id).disabled
        set.wants(id, { disabled })
        return [
          operation(`network ${disabled ? 'off' : 'on'} ${about}-${id}`, 'PATCH', set.serverPath(id), [200], {
            spec: { networkDisabled: disabled },
          }),
        ]
      }
      case 10: {
        if (set.touched !== 'no' || set.known.size === 0) return []
        const id = random.pick(known)
        const side = random.between(1, 3)
        set.wants(id, { side })
        const containers = [{ name: 'side', image: set.image(`v${side}`) }]
        return [operation(`directed v${side} ${about}-${id}`, 'PATCH', set.serverPath(id), [200], { spec: { containers } })]
      }
      default: {
        if (set.touched !== 'no' || random.chance(0.6)) return []
        this.sets.delete(about)
        const gone = operation(`delete ${about}`, 'DELETE', set.path, [200, 404])
        // A namesake that comes while the old one's servers are still going.
        return random.chance(0.5) ? [gone, this.#create(set.namespace, set.name)] : [gone]
      }
    }
  }

  #deleteNamespace(): Operation {
    this.hasArena = false
    for (const [key, set] of this.sets) if (set.namespace === this.arena) this.sets.delete(key)
    return operation('delete namespace', 'DELETE', `/api/v1/namespaces/${this.arena}`, [200, 404, 409])
  }
}

/** No holes but reserved ids: which number comes next is then plain. */
function isDense(ids: readonly number[], reserved: readonly number[]): boolean {
  return ids.every((_, at) => ids.includes([...Array(ids.length + reserved.length).keys()].filter(id => !reserved.includes(id))[at] ?? -1))
}
