import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject } from '../../src/schema/json.ts'
import type { TransportRequest, TransportResponse } from '../../src/kube/transport.ts'
import type { Server } from './server.ts'
import { type Chapter, namespaceOf, type Step } from './step.ts'

/** What a server said to one step. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON; text that is not JSON as a string; of a watch, its messages. */
  readonly body: unknown
}

/** Answers by the name of their step, in the order of the chapter. */
export type Answers = ReadonlyMap<string, Answer>

const patienceMs = 30_000

/** No answer of the table takes this long: a watch that goes on is one that lacks messages. */
const answerMs = 6_000

/** Plays a chapter in a fresh namespace. Throws when a step that waits waited for nothing. */
export async function play(server: Server, chapter: Chapter): Promise<Answers> {
  if (!(await isPlayable(server, chapter))) throw new Error(`${chapter.name}: what it would take away in the end is there already`)
  const namespace = namespaceOf(chapter)
  const answers = new Map<string, Answer>()
  await clear(server, chapter, true)
  await send(server, { name: 'namespace', method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } })
  await settled(server, namespace)
  for (const step of chapter.steps) {
    const own = step.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
    const fill = (text: string): string => filled(text.replaceAll('{step}', own), namespace, answers)
    const asked: Step = {
      ...step,
      path: fill(step.path),
      ...(step.body === undefined
        ? {}
        : { body: typeof step.body === 'string' ? fill(step.body) : (JSON.parse(fill(JSON.stringify(step.body))) as unknown) }),
    }
    try {
      answers.set(step.name, await sendUntil(server, asked))
    } catch (error) {
      const before = [...answers].slice(-3).map(([name, answer]) => `${name}: ${JSON.stringify(answer)}`)
      throw new Error([`${chapter.name}/${step.name}: ${error instanceof Error ? error.message : String(error)}`, ...before].join('\n'))
    }
  }
  await clear(server, chapter, chapter.mayBeInUse === true)
  return answers
}

/** Whether a chapter may be played here without taking away what is not its own. */
async function isPlayable(server: Server, { leaves, mayBeInUse }: Chapter): Promise<boolean> {
  if (mayBeInUse !== true) return true
  for (const path of leaves ?? []) if ((await send(server, { name: 'in use', method: 'GET', path })).status !== 404) return false
  return true
}

/** A namespace is whole when its controllers have put in what every namespace has. */
async function settled(server: Server, namespace: string): Promise<void> {
  for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']) {
    await sendUntil(server, { name: 'settled', method: 'GET', path: `/api/v1/namespaces/${namespace}/${path}`, until: { code: 200 } })
  }
}

async function clear(server: Server, chapter: Chapter, wait: boolean): Promise<void> {
  for (const path of [...(chapter.leaves ?? []), `/api/v1/namespaces/${namespaceOf(chapter)}`]) {
    await send(server, { name: 'clear', method: 'DELETE', path, body: { propagationPolicy: 'Background' } })
    if (wait) await sendUntil(server, { name: 'clear', method: 'GET', path, until: { code: 404 } })
  }
}

async function sendUntil(server: Server, step: Step): Promise<Answer> {
  const { until, patience } = step
  const deadline = Date.now() + (patience ?? patienceMs)
  for (;;) {
    const answer = await send(server, step)
    if (until === undefined) return answer
    const met = 'code' in until ? answer.status === until.code : valueAt(answer.body, until.path) === until.is
    if (met) return answer
    if (Date.now() > deadline && patience !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`waited in vain; last answer ${answer.status} ${JSON.stringify(answer.body)}`)
    await sleep(50)
  }
}

async function send(server: Server, step: Step): Promise<Answer> {
  const { method, path, body, accept, as, type, take } = step
  const request: TransportRequest = {
    method,
    path,
    headers: {
      'user-agent': 'fidelity/1 (table)',
      ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
      ...(accept === undefined ? {} : { accept }),
      ...(as === undefined || as === 'nobody' ? {} : { 'impersonate-user': as }),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(answerMs),
  }
  const response = await (as === 'nobody' ? server.nobody : server.admin).request(request)
  return { status: response.status, headers: response.headers, body: await bodyOf(response, path, take) }
}

async function bodyOf(response: TransportResponse, path: string, take: number | undefined): Promise<unknown> {
  const isWatch = response.status === 200 && /[?&]watch=(?!false|0)/.test(path)
  if (!isWatch) return response.json()
  const messages: unknown[] = []
  if (take === 0) return messages
  try {
    for await (const message of response.lines()) {
      messages.push(message)
      if (messages.length === take) break
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === 'TimeoutError')) throw error
    messages.push('the watch goes on')
  }
  return messages
}

function filled(text: string, namespace: string, answers: Answers): string {
  return text.replaceAll(/\{([\w -]+)(?::([^{}"]+))?\}/g, (whole, name: string, path: string | undefined) => {
    if (path === undefined) return name === 'ns' ? namespace : whole
    const value = valueAt(answers.get(name)?.body, path)
    if (value === undefined) throw new Error(`step ${name} was not answered with ${path}: ${JSON.stringify(answers.get(name))}`)
    return typeof value === 'string' ? value : JSON.stringify(value)
  })
}

/** The value at `metadata.name` or `items.0.metadata.name`. */
export function valueAt(value: unknown, path: string): unknown {
  let at = value
  for (const part of path.split('.')) {
    if (Array.isArray(at)) at = at[Number(part)] as unknown
    else if (isJsonObject(at)) at = at[part]
    else return undefined
  }
  return at
}
