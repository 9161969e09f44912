import type { KindStrategy } from '../registry.ts'

/** Kinds without rules of their own. */
export const plainStrategy: KindStrategy = { hasGeneration: false }

/** What Kubernetes does for its own kinds, by `group/plural` (the core group is empty: `/pods`). */
export const builtinStrategies: ReadonlyMap<string, KindStrategy> = new Map<string, KindStrategy>()
