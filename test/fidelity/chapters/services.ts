import { type Chapter, create, get, merge, remove, type Step, update } from '../step.ts'

const services = '/api/v1/namespaces/{ns}/services'
const service = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
})
const refused = (name: string, spec: object): Step => create(name, services, service('{step}', spec))

export const serviceChapter: Chapter = {
  name: 'services',
  about: 'allocation, defaults and validation of Services',
  steps: [
    create('plain', services, service('plain', { selector: { app: 'x' } })),
    create(
      'node port',
      services,
      service('node', {
        type: 'NodePort',
        ports: [
          { port: 80, name: 'a' },
          { port: 81, protocol: 'UDP', name: 'b' },
        ],
      }),
    ),
    create(
      'load balancer',
      services,
      service('lb', {
        loadBalancerClass: 'example.com/lb',
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        ports: [{ port: 80, targetPort: 'http' }],
      }),
    ),
    create(
      'load balancer without node ports',
      services,
      service('lb-bare', {
        type: 'LoadBalancer',
        allocateLoadBalancerNodePorts: false,
        loadBalancerClass: 'example.com/lb',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
      }),
    ),
    create('headless', services, service('headless', { clusterIP: 'None' })),
    create('headless without ports', services, { metadata: { name: 'bare' }, spec: { clusterIP: 'None', selector: { a: 'b' } } }),
    create('external name', services, { metadata: { name: 'ext' }, spec: { type: 'ExternalName', externalName: 'example.com' } }),
    create(
      'affinity',
      services,
      service('sticky', { sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local', publishNotReadyAddresses: true }),
    ),
    create('two families, preferred', services, service('dual', { ipFamilyPolicy: 'PreferDualStack' }), {
      only: ['spec.ipFamilyPolicy', 'message'],
    }),
    create(
      'same port on two protocols',
      services,
      service('both', {
        type: 'NodePort',
        ports: [
          { port: 53, name: 'u', protocol: 'UDP' },
          { port: 53, name: 't', protocol: 'TCP' },
        ],
      }),
    ),

    refused('no ports', { ports: [] }),
    refused('two ports without names', { ports: [{ port: 80 }, { port: 81 }] }),
    refused('two ports of one name', {
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' },
      ],
    }),
    refused('the same port twice', {
      ports: [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
      ],
    }),
    refused('a port too large', { ports: [{ port: 70000 }] }),
    refused('a port of zero', { ports: [{ port: 0 }] }),
    refused('a bad protocol', { ports: [{ port: 80, protocol: 'ICMP' }] }),
    refused('a bad target port', { ports: [{ port: 80, targetPort: 'Bad_Name' }] }),
    refused('a bad type', { type: 'Balloon' }),
    refused('a node port of a cluster IP', { ports: [{ port: 80, nodePort: 30999 }] }),
    refused('a node port out of range', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }),
    refused('a taken node port', { type: 'NodePort', ports: [{ port: 80, nodePort: 12345 }] }),
    create(
      'the same node port',
      services,
      '{"metadata":{"name":"x"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":{node port:spec.ports.0.nodePort}}]}}',
    ),
    create('the same cluster IP', services, service('{step}', { clusterIP: '{plain:spec.clusterIP}' })),
    refused('a cluster IP that is none', { clusterIP: 'x' }),
    refused('a cluster IP of another network', { clusterIP: '192.0.2.1' }),
    refused('a bad session affinity', { sessionAffinity: 'Maybe' }),
    refused('a bad affinity timeout', { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } }),
    refused('a traffic policy without outside', { externalTrafficPolicy: 'Local' }),
    refused('a bad traffic policy', { type: 'NodePort', externalTrafficPolicy: 'Sometimes' }),
    refused('an external name that is none', { type: 'ExternalName' }),
    refused('a bad external name', { type: 'ExternalName', externalName: 'a b' }),
    refused('bad external IPs', { externalIPs: ['x', '127.0.0.1'] }),
    refused('bad source ranges', { type: 'LoadBalancer', loadBalancerSourceRanges: ['x'] }),
    refused('source ranges without balancer', { loadBalancerSourceRanges: ['10.0.0.0/8'] }),
    refused('a class without balancer', { loadBalancerClass: 'example.com/x' }),
    refused('a bad selector', { selector: { 'a b': 'c d' } }),
    refused('a bad family', { ipFamilies: ['IPv5'] }),
    create('a bad name', services, service('1abc')),
    create('a name with dots', services, service('a.b')),
    create('a long name', services, service('a'.repeat(64))),

    merge('to a node port', `${services}/plain`, { spec: { type: 'NodePort' } }),
    merge('back to a cluster IP', `${services}/plain`, { spec: { type: 'ClusterIP' } }),
    merge('to a load balancer', `${services}/plain`, { spec: { type: 'LoadBalancer' } }),
    merge('an external name', `${services}/plain`, { spec: { type: 'ExternalName', externalName: 'example.com' } }),
    merge('another cluster IP', `${services}/sticky`, { spec: { clusterIP: '10.96.200.200', clusterIPs: ['10.96.200.200'] } }),
    merge('no cluster IP', `${services}/sticky`, { spec: { clusterIP: null, clusterIPs: null } }),
    merge('another class', `${services}/lb-bare`, { spec: { loadBalancerClass: 'example.com/other' } }),
    update(
      'update without cluster IP',
      `${services}/sticky`,
      service('sticky', {}, { resourceVersion: '{affinity:metadata.resourceVersion}' }),
    ),
    update('update without version', `${services}/sticky`, service('sticky')),
    merge('ports that change', `${services}/node`, { spec: { ports: [{ port: 90, name: 'a' }] } }),
    merge('load balancer status', `${services}/lb/status`, {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.7', ipMode: 'VIP' }, { hostname: 'lb.example.com' }] } },
    }),
    merge('load balancer status with ports', `${services}/lb/status`, {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.7', ports: [{ port: 80, protocol: 'TCP' }] }] } },
    }),
    merge('a bad ingress', `${services}/lb/status`, { status: { loadBalancer: { ingress: [{ ip: 'x' }] } } }),
    merge('an ingress without balancer', `${services}/node/status`, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } }),
    merge('conditions', `${services}/lb/status`, {
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'Ok', message: '', lastTransitionTime: '2020-01-01T00:00:00Z' }] },
    }),
    get('get', `${services}/lb`),
    create('dry', `${services}?dryRun=All`, service('dry', { type: 'NodePort' })),
    remove('delete', `${services}/headless`),
    remove('delete the collection', `${services}?labelSelector=none%3Dnone`),
  ],
}
