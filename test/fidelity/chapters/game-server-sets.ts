import { okgCustomResourceDefinitions } from '../../../src/apis/game.kruise.io/custom-resource-definitions.ts'
import { apply, type Chapter, create, get, merge, type Step } from '../step.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const sets = '/apis/game.kruise.io/v1alpha1/namespaces/{ns}/gameserversets'
const servers = '/apis/game.kruise.io/v1alpha1/namespaces/{ns}/gameservers'
const set = (name: string, spec: object = {}) => ({
  apiVersion: 'game.kruise.io/v1alpha1',
  kind: 'GameServerSet',
  metadata: { name },
  spec: { replicas: 3, gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'game:1' }] } }, ...spec },
})
const refused = (name: string, spec: object): Step => create(name, sets, set('{step}', spec))

/** Defines the kinds itself and takes them away again, with all their objects: never on a cluster where they live. */
export const gameServerSets: Chapter = {
  name: 'game-server-sets',
  about: 'what users of Berth are told about their GameServerSets',
  leaves: okgCustomResourceDefinitions.map(({ metadata: { name } }) => `${definitions}/${name}`),
  mayBeInUse: true,
  shared: true,
  steps: [
    ...okgCustomResourceDefinitions.map(definition =>
      create(`define ${definition.metadata.name}`, definitions, definition, { only: ['metadata.name', 'status', 'message', 'details'] }),
    ),
    get('served', sets, { until: { code: 200 } }),
    get('servers served', servers, { until: { code: 200 } }),
    create('create', sets, set('minecraft')),
    create(
      'with all',
      sets,
      set('full', {
        reserveGameServerIds: [1, '3-5'],
        updateStrategy: {
          type: 'RollingUpdate',
          rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%', partition: 1 },
        },
        network: { networkType: 'Kubernetes-HostPort', networkConf: [{ name: 'ContainerPorts', value: 'game:80/TCP' }] },
        scaleStrategy: { maxUnavailable: 2, scaleDownStrategyType: 'General' },
        serviceQualities: [
          {
            name: 'idle',
            containerName: 'game',
            permanent: false,
            exec: { command: ['true'] },
            serviceQualityAction: [{ state: true, opsState: 'WaitToBeDeleted' }],
          },
        ],
      }),
    ),
    refused('negative replicas', { replicas: -1 }),
    refused('replicas as text', { replicas: '3' }),
    refused('no template', { gameServerTemplate: undefined }),
    refused('an unknown update type', { updateStrategy: { type: 'Sometimes' } }),
    refused('an unknown pod policy', { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'Teleport' } } }),
    refused('a bad percentage', { updateStrategy: { rollingUpdate: { maxUnavailable: 'many' } } }),
    refused('a bad partition', { updateStrategy: { rollingUpdate: { partition: 'x' } } }),
    refused('a bad network', { network: { networkType: 5 } }),
    refused('a bad quality', { serviceQualities: [{ name: 'x', containerName: 'game', permanent: 'no' }] }),
    refused('bad reserved ids', { reserveGameServerIds: { a: 1 } }),
    refused('a bad container', { gameServerTemplate: { spec: { containers: [{ image: 5 }] } } }),
    create('misspelt, strictly', `${sets}?fieldValidation=Strict`, set('{step}', { replica: 3, network: { networkTyp: 'x' } })),
    create('misspelt, warned of', `${sets}?fieldValidation=Warn`, set('warned', { replica: 3, network: { networkTyp: 'x' } })),
    merge('a new image', `${sets}/minecraft`, {
      spec: { gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'game:2' }] } } },
    }),
    get('scale', `${sets}/minecraft/scale`),
    merge('scale it', `${sets}/minecraft/scale`, { spec: { replicas: 5 } }),
    merge('status', `${sets}/minecraft/status`, {
      status: { replicas: 5, readyReplicas: 4, labelSelector: 'game.kruise.io/owner-gss=minecraft' },
    }),
    get('scale with a status', `${sets}/minecraft/scale`),
    get('as a table', sets, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    apply('apply', `${sets}/minecraft?fieldManager=kubectl`, set('minecraft', { replicas: 6 })),
    create('a server', servers, {
      apiVersion: 'game.kruise.io/v1alpha1',
      kind: 'GameServer',
      metadata: { name: 'minecraft-0' },
      spec: { opsState: 'None', updatePriority: 1, deletionPriority: '5' },
    }),
    merge('its state', `${servers}/minecraft-0`, { spec: { opsState: 'Kill', networkDisabled: true } }),
    merge('a bad state', `${servers}/minecraft-0`, { spec: { opsState: 7, networkDisabled: 'yes' } }),
    merge('its status', `${servers}/minecraft-0/status`, {
      status: { currentState: 'Ready', desiredState: 'Ready', networkStatus: { currentNetworkState: 'Ready' } },
    }),
    get('servers as a table', servers, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get('the version', '/apis/game.kruise.io/v1alpha1', {
      // Kinds that were defined in the same moment come in any order.
      among: {
        list: 'resources',
        member: 'name',
        values: [
          'gameservers',
          'gameservers/scale',
          'gameservers/status',
          'gameserversets',
          'gameserversets/scale',
          'gameserversets/status',
        ],
      },
    }),
  ],
}
