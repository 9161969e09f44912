import type { KnownDifference } from './differences.ts'

/** Every difference there is. The test fails for one that is missing here and for one that is gone. */
export const knownDifferences: readonly KnownDifference[] = []
