import { parseArgs } from 'node:util'

/** What is measured, and where. */
export interface ClusterBenchOptions {
  /** Kubeconfig of an admin of a cluster with kwok nodes labelled `type=kwok`; undefined: a cluster is started for the bench. */
  readonly kubeconfig: string | undefined
  /** Kubeconfig of a cluster whose kubelet runs containers, for the update in place; undefined: left out. */
  readonly realKubeconfig: string | undefined
  /** Two tags of an image that nodes of that cluster have or can get. */
  readonly realImages: readonly [string, string]
  readonly servers: readonly number[]
  readonly networks: readonly string[]
  readonly runs: number
  /** Sizes of sets whose memory is measured; empty: left out. */
  readonly memory: readonly number[]
  /** The external driver of the peers' measurements, run beside the own ones with the same sizes. */
  readonly driver: string | undefined
  /** Arguments of Node for the controller, such as `--cpu-prof`. */
  readonly nodeArguments: readonly string[]
}

export const usage = `npm run bench cluster -- [options]
  --kubeconfig FILE       a cluster with kwok nodes labelled type=kwok (default: one is started, and stopped afterwards)
  --real-kubeconfig FILE  a cluster with a kubelet: also measure an update in place of 10 real pods
  --real-images A,B       two images that its nodes have (default: registry.k8s.io/pause:3.10,registry.k8s.io/pause:3.9)
  --servers N,N           sizes of the sets (default: 300,1000; none: 0)
  --networks NAME,NAME    None, Kubernetes-NodePort (default: both)
  --runs N                of each (default: 1)
  --memory N,N            sizes for which peak memory is measured (default: 1000,5000; none: 0)
  --driver FILE           the peers' driver: measure with it as well
  --node-arguments ARGS   for the controller's Node, separated by spaces`

/** Throws for options that do not exist or have no sense. */
export function parseOptions(args: readonly string[]): ClusterBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kubeconfig: { type: 'string' },
      'real-kubeconfig': { type: 'string' },
      'real-images': { type: 'string', default: 'registry.k8s.io/pause:3.10,registry.k8s.io/pause:3.9' },
      servers: { type: 'string', default: '300,1000' },
      networks: { type: 'string', default: 'None,Kubernetes-NodePort' },
      runs: { type: 'string', default: '1' },
      memory: { type: 'string', default: '1000,5000' },
      driver: { type: 'string' },
      'node-arguments': { type: 'string', default: '' },
    },
  })
  const [before = '', after = ''] = values['real-images'].split(',')
  return {
    kubeconfig: values.kubeconfig,
    realKubeconfig: values['real-kubeconfig'],
    realImages: [before, after],
    servers: numbers(values.servers),
    networks: values.networks.split(','),
    runs: numbers(values.runs)[0] ?? 1,
    memory: numbers(values.memory),
    driver: values.driver,
    nodeArguments: values['node-arguments'].split(' ').filter(word => word !== ''),
  }
}

function numbers(text: string): number[] {
  const given = text.split(',').map(Number)
  if (given.some(number => !Number.isInteger(number) || number < 0)) throw new Error(`${text} must be whole numbers, separated by commas`)
  return given.filter(number => number > 0)
}
