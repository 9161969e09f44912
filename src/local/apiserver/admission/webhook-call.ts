import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Status } from '../../../kube/api-error.ts'

/** Where a webhook is and how long it may take. */
export interface WebhookEndpoint {
  readonly url: URL
  /** The name its certificate must show, when it is not that of the URL. */
  readonly serverName: string | undefined
  /** PEM; the system's authorities when absent. */
  readonly ca: string | undefined
  readonly timeoutMs: number
}

/** What a webhook answered to an AdmissionReview. */
export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: Readonly<Status>
  /** Base64 of a JSON patch. */
  readonly patch?: string
  readonly patchType?: string
  readonly warnings?: readonly string[]
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** Posts an AdmissionReview. Rejects when the webhook cannot be reached in time or answers nonsense. */
export async function callWebhook(
  endpoint: WebhookEndpoint,
  review: { readonly request: { readonly uid: string } },
): Promise<AdmissionResponse> {
  const { url, serverName, ca, timeoutMs } = endpoint
  url.searchParams.set('timeout', `${Math.round(timeoutMs / 1000)}s`)
  const body = JSON.stringify(review)
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const call = request(
    url,
    {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(ca === undefined ? {} : { ca }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    },
    response => {
      text(response).then(answer => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
    },
  )
  call.on('error', error =>
    reject(
      new Error(
        `Post ${JSON.stringify(url.href)}: ${error.name === 'AbortError' || error.name === 'TimeoutError' ? 'context deadline exceeded' : error.message}`,
      ),
    ),
  )
  call.end(body)
  const answer = await promise
  if (answer.status !== 200) throw new Error(`the server answered with status ${answer.status}: ${answer.body.slice(0, 200)}`)
  const { response } = JSON.parse(answer.body) as { response?: AdmissionResponse }
  if (response === undefined) throw new Error('webhook response was absent')
  if (response.uid !== review.request.uid)
    throw new Error(`expected response.uid=${JSON.stringify(review.request.uid)}, got ${JSON.stringify(response.uid)}`)
  return response
}
