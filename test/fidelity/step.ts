/**
 * One request of the table. `{ns}` in texts stands for the chapter's namespace, `{step}` for the step's own name as a name of an object, `{step:path.to.field}` for what an earlier
 * step of the chapter was answered.
 */
export interface Step {
  /** Unique in its chapter. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  /** Media type of the body. Default `application/json`. */
  readonly type?: string
  readonly accept?: string
  /** Impersonates this user; `nobody` comes without credentials. */
  readonly as?: string
  /** Of an answer that has no end: how many messages to read before hanging up. Without it a watch is read until the server ends it. */
  readonly take?: number
  /** Asks again until the answer has this code, or until `path` of its body has this value: for what a server does in its own time. */
  readonly until?: { readonly code: number } | { readonly path: string; readonly is: unknown }
  /** How long `until` asks before the last answer counts, milliseconds. Default 30 s, and an error. */
  readonly patience?: number
  /** Paths of the body that are compared; the whole body when absent. For answers of which only a part is the same everywhere. */
  readonly only?: readonly string[]
  /** Keeps only the members of a list (a path of the body) whose `member` is one of these: for lists that hold what the host brings. */
  readonly among?: { readonly list: string; readonly member: string; readonly values: readonly string[] }
  /** Steps that only prepare are played and not compared. */
  readonly silent?: true
}

/** Requests that are played in their order in a namespace of their own. */
export interface Chapter {
  /** Names the namespace, `fidelity-NAME`, and the file of recorded answers. */
  readonly name: string
  readonly about: string
  readonly steps: readonly Step[]
  /** Paths of cluster-wide objects that go before the chapter is played and after. */
  readonly leaves?: readonly string[]
  /** What it leaves may be somebody else's: the chapter is not played on a cluster where any of it is there already. */
  readonly mayBeInUse?: true
  /** The cluster's controllers write these objects as well, so their versions tell nothing. */
  readonly shared?: true
}

export const namespaceOf = (chapter: Chapter): string => `fidelity-${chapter.name}`

type More = Partial<Omit<Step, 'name' | 'method' | 'path' | 'body'>>

export const get = (name: string, path: string, more: More = {}): Step => ({ name, method: 'GET', path, ...more })
export const create = (name: string, path: string, body: unknown, more: More = {}): Step => ({ name, method: 'POST', path, body, ...more })
export const update = (name: string, path: string, body: unknown, more: More = {}): Step => ({ name, method: 'PUT', path, body, ...more })
export const remove = (name: string, path: string, body?: unknown, more: More = {}): Step => ({
  name,
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
  ...more,
})

const patch =
  (type: string) =>
  (name: string, path: string, body: unknown, more: More = {}): Step => ({ name, method: 'PATCH', path, body, type, ...more })

export const merge = patch('application/merge-patch+json')
export const strategic = patch('application/strategic-merge-patch+json')
export const jsonPatch = patch('application/json-patch+json')
export const apply = patch('application/apply-patch+yaml')

/** The object is gone. */
export const gone = (name: string, path: string): Step => get(name, path, { until: { code: 404 } })
