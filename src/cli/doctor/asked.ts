import { ApiError } from '../../kube/api-error.ts'
import { type Finding, findings } from './finding.ts'

/** A fact, or why it is not known. */
export type Asked<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly forbidden: boolean; readonly reason: string }

/** Asks; a refusal or a failure is an answer too. Only a server that cannot be reached at all, or a user who is nobody, ends everything. */
export async function ask<T>(question: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { known: true, value: await question() }
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason === 'Unreachable' || error.reason === 'Unauthorized') throw error
    return { known: false, forbidden: error.reason === 'Forbidden', reason: error.message }
  }
}

/** The value, or nothing. */
export function valueOf<T>(asked: Asked<T>): T | undefined {
  return asked.known ? asked.value : undefined
}

/** The finding about facts that are not known: `what` completes "… could not be read". Undefined when all are known. */
export function unknownOf(check: string, what: string, ...facts: readonly Asked<unknown>[]): Finding | undefined {
  const missing = facts.find(asked => !asked.known)
  if (missing === undefined || missing.known) return undefined
  return findings(check).unknown(`${what} could not be read: ${missing.reason}`, {
    ...(missing.forbidden && { todo: ['# run berth doctor with the rights of an administrator of the cluster'] }),
  })
}
