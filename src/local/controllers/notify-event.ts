import type { DeepReadonly, KubeObject } from '../../kube/object.ts'

/** Records an event about an object. Never fails and never waits. */
export type NotifyEvent = (about: DeepReadonly<KubeObject>, type: 'Normal' | 'Warning', reason: string, message: string) => void
