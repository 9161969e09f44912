/** Indexes of the stores. */
export const indexes = { controller: 'controller', node: 'agones-node' } as const
