/** For tests: small wants and members, and a world in which the steps of plans happen. */
import type { Change, IdentityMemory, Member, Step, Template, Wanted } from './model.ts'
import { plan } from './plan.ts'
import { RangeSet } from './range-set.ts'

const template = (image: string, env = 'a'): Template => ({
  spec: {
    containers: [
      { name: 'game', image: 'game:1', env: [{ name: 'E', value: env }] },
      { name: 'side', image },
    ],
  },
})

/** From r1 to r2 an image differs, from either to r3 the environment does. */
const templates: Readonly<Record<string, Template>> = { r1: template('side:1'), r2: template('side:2'), r3: template('side:2', 'b') }

function templateOf(revision: string): Template {
  const found = templates[revision]
  if (found === undefined) throw new Error(`no template ${revision}`)
  return found
}

function imagesOf(revision: string): Map<string, string> {
  return new Map(templateOf(revision).spec?.containers.map(({ name, image }) => [name, image ?? '']))
}

export interface Settings {
  replicas: number
  reserved?: readonly (string | number)[]
  memory?: IdentityMemory | undefined
  target?: string
  update?: Partial<Wanted['update']>
  scale?: Partial<Wanted['scale']>
  stable?: string
  overrides?: Wanted['overrides']
  generated?: boolean
}

export function wantedOf(settings: Settings): Wanted {
  const target = settings.target ?? 'r1'
  const order = [
    { by: 'ops', first: 'highest' as const },
    { by: 'priority', first: 'highest' as const },
  ]
  return {
    replicas: settings.replicas,
    identity:
      settings.generated === true
        ? { kind: 'generated', prefix: 's-', seed: 'x' }
        : {
            kind: 'ordinal',
            prefix: 's-',
            reserved: RangeSet.parse(settings.reserved ?? []),
            ...(settings.memory && { memory: settings.memory }),
          },
    target: { id: target, template: templateOf(target) },
    ...(settings.stable && { stable: settings.stable }),
    revisions: new Map(Object.entries(templates)),
    update: {
      mode: 'Recreate',
      partition: 0,
      maxUnavailable: 1,
      maxSurge: 0,
      paused: false,
      minReadySeconds: 0,
      settleMs: 0,
      gracePeriodSeconds: 0,
      order,
      ...settings.update,
    },
    scale: { order, ...settings.scale },
    overrides: settings.overrides ?? new Map(),
  }
}

export const member = (ordinal: number, more: Partial<Member> = {}): Member => ({
  key: `s-${ordinal}`,
  ordinal,
  uid: `u-${ordinal}`,
  revision: 'r1',
  stage: 'Ready',
  availableSince: 0,
  locks: [],
  rank: {},
  images: imagesOf(more.revision ?? 'r1'),
  held: { delete: false, change: false },
  ...more,
})

export const ids = (...numbers: number[]): Member[] => numbers.map(n => member(n))
export const short = (step: Step): string =>
  step.do === 'create'
    ? `create ${step.key} ${step.revision}`
    : step.do === 'delete'
      ? `delete ${step.member.key} ${step.because}`
      : `${step.do} ${step.member.key}${step.do === 'advance' ? ` ${step.to}` : ''}`
export const stepsOf = (settings: Settings, members: readonly Member[], now = 1000): string[] =>
  plan(wantedOf(settings), members, now).steps.map(short)

/** A world in which steps happen; `settle` lets everything that was begun end well. */
export class World {
  members: Member[]
  memory: IdentityMemory | undefined
  created = 0
  now = 1000
  constructor(members: Member[]) {
    this.members = members
  }
  plan(settings: Settings): ReturnType<typeof plan> {
    const result = plan(wantedOf({ ...settings, memory: this.memory }), this.members, this.now)
    this.memory = result.memory
    return result
  }
  apply(steps: readonly Step[], overrides: Wanted['overrides'] = new Map()): void {
    for (const step of steps) {
      if (step.do === 'create') {
        if (this.members.some(({ key }) => key === step.key)) throw new Error(`${step.key} exists already`)
        const images = imagesOf(step.revision)
        for (const { name, image } of overrides.get(step.key) ?? []) if (image) images.set(name, image)
        const base = { ...member(0), key: step.key, uid: `n-${this.created++}`, revision: step.revision, stage: 'Pending' as const, images }
        const { ordinal: _, availableSince: __, ...rest } = base
        this.members.push(step.ordinal === undefined ? rest : { ...rest, ordinal: step.ordinal })
      } else this.members = this.members.map(m => (m.key === step.member.key ? this.#changed(m, step) : m))
    }
  }
  #changed(m: Member, step: Exclude<Step, { do: 'create' }>): Member {
    const { availableSince: _, change: __, preparingDelete: ___, ...rest } = m
    switch (step.do) {
      case 'delete':
        return { ...rest, stage: 'Leaving' }
      case 'announce-delete':
        return { ...rest, stage: 'Leaving', preparingDelete: step.because }
      case 'override':
        return { ...m, images: withImages(m, { images: step.images }) }
      case 'change':
        return { ...m, revision: step.change.to, images: withImages(m, step.change) }
      case 'advance':
        if (step.to === 'Restored') return { ...rest, stage: 'Starting' }
        if (step.to === 'Patched')
          return {
            ...rest,
            stage: 'Changing',
            revision: step.change.to,
            images: withImages(m, step.change),
            change: { phase: 'Patched', since: this.now, restarted: false },
          }
        return { ...rest, stage: 'Changing', change: { phase: step.to, since: this.now, restarted: false } }
    }
  }
  settle(choose: () => boolean = () => true): void {
    this.now += 1000
    this.members = this.members.flatMap(m => {
      if (!choose()) return [m]
      if (m.stage === 'Leaving' && m.preparingDelete === undefined) return []
      if (m.held.delete || m.held.change) return [{ ...m, held: { delete: false, change: false } }]
      if (m.stage === 'Pending' || m.stage === 'Starting') return [{ ...m, stage: 'Ready' as const, availableSince: this.now }]
      if (m.change?.phase === 'Patched') return [{ ...m, change: { ...m.change, restarted: true } }]
      return [m]
    })
  }
  ordinals(): number[] {
    return this.members.map(m => m.ordinal ?? -1).sort((a, b) => a - b)
  }
}

const withImages = (m: Member, change: Pick<Change, 'images'>): Map<string, string> =>
  new Map([...m.images, ...change.images.map(({ container, image }) => [container, image] as const)])

export function run(world: World, settings: Settings, rounds = 200): string[] {
  for (let i = 0; i < rounds; i++) {
    const result = world.plan(settings)
    world.apply(result.steps, settings.overrides)
    const before = JSON.stringify(world.members)
    world.settle()
    if (result.steps.length === 0 && before === JSON.stringify(world.members)) break
  }
  return world.members.map(m => m.key).sort()
}
