/** Manifests of Agones' kinds for tables of what is refused. */
const image = 'us-docker.pkg.dev/agones-images/examples/simple-game-server:0.40'

/** A container of the example's game. `more` adds to it, or says it otherwise. */
export const gameContainer = (more: object = {}, name = 'simple-game-server'): object => ({
  name,
  image,
  resources: { requests: { memory: '64Mi', cpu: '20m' }, limits: { memory: '64Mi' } },
  ...more,
})

export const port = (more: object = {}): object => ({ name: 'default', containerPort: 7654, ...more })

interface Given {
  readonly metadata?: object
  /** Members of the GameServer's spec. */
  readonly spec?: object
  /** Its containers; default: the game's alone. */
  readonly containers?: readonly object[]
  /** Members of the pod's spec. */
  readonly pod?: object
  readonly podMetadata?: object
}

const gameServerSpec = ({ spec, containers = [gameContainer()], pod, podMetadata }: Given): object => ({
  ports: [port()],
  template: { ...(podMetadata && { metadata: podMetadata }), spec: { containers, ...pod } },
  ...spec,
})

export const gameServer = (name: string, given: Given = {}): object => ({
  apiVersion: 'agones.dev/v1',
  kind: 'GameServer',
  metadata: { name, ...given.metadata },
  spec: gameServerSpec(given),
})

/** `more` is of the Fleet's spec. */
export const fleet = (name: string, more: object = {}, given: Given = {}): object => ({
  apiVersion: 'agones.dev/v1',
  kind: 'Fleet',
  metadata: { name },
  spec: { replicas: 1, template: { ...(given.metadata && { metadata: given.metadata }), spec: gameServerSpec(given) }, ...more },
})
