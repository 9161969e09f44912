import type { Status } from '../api-error.ts'

/** What an API server asks a webhook about: `AdmissionReview.request` of admission.k8s.io/v1. */
export interface AdmissionRequest {
  readonly uid: string
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string }
  readonly subResource?: string
  readonly name?: string
  readonly namespace?: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly userInfo: { readonly username?: string; readonly groups?: readonly string[] }
  /** The new state; null on DELETE. */
  readonly object: unknown
  /** The stored state; null on CREATE. */
  readonly oldObject: unknown
  readonly dryRun?: boolean
}

/** What a webhook answers. `status` of a refusal reaches the user as it is, after the webhook's name; warnings are shown either way. */
export type AdmissionAnswer =
  | {
      readonly allowed: true
      readonly warnings?: readonly string[]
      /** Of a mutating webhook: a JSON patch of the object. */
      readonly patch?: readonly object[]
    }
  | { readonly allowed: false; readonly status: Readonly<Status>; readonly warnings?: readonly string[] }

const apiVersion = 'admission.k8s.io/v1'

/** The request of an AdmissionReview; undefined when the body is none. */
export function requestOf(body: unknown): AdmissionRequest | undefined {
  const review = body as { apiVersion?: unknown; kind?: unknown; request?: Partial<AdmissionRequest> | null } | null
  if (review?.kind !== 'AdmissionReview' || review.apiVersion !== apiVersion) return undefined
  const { request } = review
  if (typeof request?.uid !== 'string' || typeof request.operation !== 'string' || typeof request.resource !== 'object') return undefined
  return { object: null, oldObject: null, userInfo: {}, ...request } as AdmissionRequest
}

/** The AdmissionReview that carries an answer. */
export function reviewOf(uid: string, given: AdmissionAnswer): object {
  const { warnings = [], patch: changes = [], ...answer } = { patch: undefined, ...given }
  const patch = changes.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(changes)).toString('base64') }
  return {
    apiVersion,
    kind: 'AdmissionReview',
    response: { uid, ...answer, ...patch, ...(warnings.length === 0 ? {} : { warnings: warnings.map(oneLine) }) },
  }
}

/** A warning travels in an HTTP header; API servers drop what is longer than 256 characters from the end of all of them. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 256)
}
