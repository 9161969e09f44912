/** A thing somebody has to be allowed to do. */
export interface Right {
  readonly group: string
  /** With its subresource: `pods/status`. */
  readonly resource: string
  readonly verbs: readonly string[]
  /** Only this object. */
  readonly name?: string
}

const right = (group: string, resource: string, verbs: string, name?: string): Right => ({
  group,
  resource,
  verbs: verbs.split(' '),
  ...(name === undefined ? {} : { name }),
})

/** What the controller needs in every namespace it works in. */
export const controllerRights: readonly Right[] = [
  right('game.kruise.io', 'gameserversets', 'get list watch patch'),
  right('game.kruise.io', 'gameserversets/status', 'patch'),
  right('game.kruise.io', 'gameserversets/finalizers', 'update'),
  right('game.kruise.io', 'gameservers', 'get list watch create patch delete'),
  right('game.kruise.io', 'gameservers/status', 'patch'),
  right('', 'pods', 'get list watch create patch delete'),
  right('', 'pods/status', 'patch'),
  right('', 'pods/finalizers', 'update'),
  right('apps', 'controllerrevisions', 'get list watch create patch delete'),
  right('', 'services', 'get list watch create patch delete'),
  right('', 'events', 'list watch create patch'),
  right('apps.kruise.io', 'statefulsets', 'list watch delete'),
]

/** What the controller needs of what has no namespace, or is looked for in all. */
export const controllerClusterRights: readonly Right[] = [
  right('', 'nodes', 'list watch'),
  right('apps', 'deployments', 'list watch', 'kruise-game-controller-manager'),
  right('coordination.k8s.io', 'leases', 'list watch', 'game-kruise-manager'),
]

/** What the controller needs in the namespace of its Lease. */
export const leaseRights: readonly Right[] = [
  right('coordination.k8s.io', 'leases', 'create'),
  right('coordination.k8s.io', 'leases', 'get list watch update', 'berth-controller'),
]

/** What somebody needs to work with game servers. */
export const userRights: readonly Right[] = [
  right('game.kruise.io', 'gameserversets', 'get list watch create update patch delete'),
  right('game.kruise.io', 'gameserversets/scale', 'get patch'),
  right('game.kruise.io', 'gameservers', 'get list watch patch'),
  right('', 'pods', 'get list watch'),
  right('', 'events', 'list'),
]
