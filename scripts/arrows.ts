/** The floors of the house, lowest first. Rooms of one floor do not know each other unless the exceptions say so. */
const floors: readonly (readonly string[])[] = [
  ['kube', 'schema'],
  ['apis'],
  ['servers', 'addresses'],
  ['families/okg', 'families/agones', 'families/tke', 'allocation', 'autoscaling', 'sdk', 'gateway'],
  ['local', 'dashboard'],
  ['cli', 'main'],
]

/** Sideways arrows that are meant. */
const exceptions: readonly (readonly [string, string])[] = [
  ['schema', 'kube'],
  ['kube', 'schema'],
  ['main', 'cli'],
]

/** The embedded cluster is a Kubernetes: it knows no family, as a real one would not. */
const strangers: readonly (readonly [string, string])[] = [
  ['local', 'families'],
  ['local', 'servers'],
  ['local', 'addresses'],
]

/** `families/okg/x.ts` → `families/okg`; `kube/store.ts` → `kube`. Paths outside src/ are rooms nobody may know. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'families' ? `${first}/${second}` : first
}

/** Whether a file of room `from` may import one of room `to`. */
export function allowed(from: string, to: string): boolean {
  if (from === to) return true
  if (strangers.some(([a, b]) => from === a && to.startsWith(b))) return false
  if (exceptions.some(([a, b]) => from === a && to === b)) return true
  const floorOf = (room: string) => floors.findIndex(floor => floor.includes(room))
  const [source, target] = [floorOf(from), floorOf(to)]
  return target >= 0 && source > target
}
