import type { KnownDifference } from './differences.ts'

/** Every difference there is. The test fails for one that is missing here and for one that is gone. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    reason:
      'A definition is established by the very write that makes it, so that nobody has to wait for its kind; there it takes a moment.',
    where: [
      'custom-resources/define: body.status',
      'definitions/a good one: body.status',
      'game-server-sets/define gameserversets.game.kruise.io: body.status',
      'game-server-sets/define gameservers.game.kruise.io: body.status',
    ],
  },
  {
    reason:
      'Items of lists say their kind and version, which saves a second text of every object; there only those of custom resources do.',
    where: [
      'objects/delete a collection by label: body.items[*].apiVersion',
      'objects/delete a collection by label: body.items[*].kind',
      'protocol/a trailing slash: body.items[*].apiVersion',
      'protocol/a trailing slash: body.items[*].kind',
    ],
  },
  {
    reason:
      'A label selector that cannot be read is quoted as a whole, and what could stand there is said; there it is the token that is in the way.',
    where: ['selectors/maps by label *: body.message', 'watches/with a bad selector: body.message'],
  },
  {
    reason:
      'The words are those of another parser: for YAML, for regular expressions, or for the Go type behind a patch. Status and reason are the same.',
    where: [
      'apply/with garbage: body.message',
      'definitions/a bad pattern: body.message',
      'definitions/a bad pattern: body.details.causes[0].message',
      'field-validation/doubled YAML: body.message',
      'patches/merge another kind: body.message',
      'patches/merge another kind: body.details.causes[0].message',
      'patches/strategic wrong type: body.message',
      'patches/strategic wrong type: body.details.causes[0].message',
    ],
  },
  {
    reason:
      'An apply that lacks the key of a list item is refused before the rules of the kind are asked, and one of a status without an object is a 404.',
    where: ['apply/without the key of a list: status', 'apply/a status of what is not there: status'],
  },
  {
    reason: 'Access reviews are answered and forgotten: nobody asks who owns the fields of a question.',
    where: ['authorization/may *: body.metadata.managedFields'],
  },
  {
    reason:
      'Odd records of who owns what: labels that a status write of a custom resource sent and that were not kept, writes of a scale without a time, empty structs and lists, objects whose owners could not be told because of unknown fields.',
    where: [
      'apply/the container goes: body.metadata.managedFields[1].fieldsV1.f:spec.f:template.f:spec',
      'custom-resources/*: body*.metadata.managedFields[1].time',
      'custom-resources/*: body*.metadata.managedFields[1].fieldsV1.f:metadata',
      'custom-resources/*: body*.metadata.managedFields[2].fieldsV1.f:metadata',
      'data-objects/claim: body.metadata.managedFields[0].fieldsV1.f:spec.f:resources..',
      'field-validation/warned merge: body.metadata.managedFields',
      'game-server-sets/as a table: body.rows[1].object.metadata.managedFields[1].time',
      'lifecycle/the default way: body.metadata.managedFields',
      'networking/network policy: body.metadata.managedFields[0].fieldsV1.f:spec.f:podSelector',
    ],
  },
  {
    reason:
      'Deprecated for many versions and asked for by nobody: paths of watches, component statuses, rules of Endpoints, seccomp annotations.',
    where: [
      'field-validation/deprecated list: status',
      'field-validation/warnings in a pod: status',
      'networking/bad endpoints: status',
      'watches/the old path: status',
    ],
  },
  {
    reason:
      'A watch from a version that has not happened yet is refused, as a list is: after a cluster came back with older data its clients begin anew instead of waiting for ever.',
    where: ['watches/a version of the future: status'],
  },
  {
    reason: 'The certificate of the API server is described in our own words.',
    where: [
      'namespaces/its root certificate: body.metadata.annotations.kubernetes.io/description',
      'protocol/a trailing slash: body.items[0].metadata.annotations.kubernetes.io/description',
      'watches/initial events without bookmarks: body[1].object.metadata.annotations.kubernetes.io/description',
    ],
  },
  {
    reason: 'The node of the embedded cluster cannot add containers to a running pod, nor resize one: both are refused and say so.',
    where: [
      'pod-subresources/an ephemeral container: status',
      'pod-subresources/a bad ephemeral container: status',
      'pod-subresources/change an ephemeral container: status',
      'pod-subresources/resize: status',
      'pod-subresources/resize the sized: status',
      'pod-subresources/resize an image: status',
      'pod-subresources/resize to another class: status',
    ],
  },
  {
    reason: 'The embedded cluster has no controller for Jobs, so that nobody writes their status.',
    where: ['workloads/delete a job: body.status'],
  },
  {
    reason:
      'Quotas and limit ranges are kept and shown, but nothing is counted or refused by them: the embedded cluster is one user’s own.',
    where: [
      'data-objects/quota: body.status',
      'data-objects/another bad quota: status',
      'data-objects/quota counted: body.status.hard',
      'data-objects/a pod without requests: status',
      'data-objects/a pod beyond quota: status',
      'data-objects/the quota goes: body.status',
      'data-objects/the quota goes: body.kind',
      'data-objects/bad limits: status',
      'data-objects/a pod with limited defaults: body.spec.containers[0].resources.limits',
      'data-objects/a pod with limited defaults: body.spec.containers[0].resources.requests',
      'data-objects/a pod with limited defaults: body.metadata.annotations',
      'data-objects/a pod with limited defaults: body.status.qosClass',
      'data-objects/a pod beyond limits: status',
      'data-objects/a pod below limits: status',
    ],
  },
  {
    reason:
      'Volumes are made by the embedded cluster itself, for its claims: nothing has to protect them while they are in use, and nobody else brings any.',
    where: [
      'data-objects/claim: body.metadata.finalizers',
      'data-objects/volume: body.metadata.finalizers',
      'data-objects/a bad volume: status',
    ],
  },
  {
    reason: 'Events are judged by the rules of the core group, whichever group they come through.',
    where: ['leases-and-events/a poor event in the new way: status'],
  },
  {
    reason: 'Loopback addresses are what pods have here when the host grants no network namespaces.',
    where: ['networking/a slice of bad addresses: body.message', 'networking/a slice of bad addresses: body.details.causes[2]'],
  },
  {
    reason: 'Nodes are not tainted until they report: their kubelets are in the same process and do at once.',
    where: ['networking/node: body.spec.taints'],
  },
  {
    reason:
      'Rules in CEL are compiled without the types of the schema, so that a wrong field is found when a rule first runs and not when it is defined.',
    where: ['definitions/a rule that does not compile: status', 'definitions/a rule that is no condition: status'],
  },
  {
    reason: 'What is refused because of its version is not looked into for unknown fields.',
    where: ['custom-resources/another version: headers.warning'],
  },
  {
    reason: 'Discovery answers to GET alone; there to every method.',
    where: ['protocol/a post on discovery: status'],
  },
  {
    reason: 'Of a map that a body has twice the last one counts, as everywhere in JSON; there the two are laid over each other.',
    where: [
      'field-validation/doubled with a warning: body.metadata.managedFields[0].fieldsV1.f:data.f:a',
      'field-validation/doubled with a warning: body.data.a',
    ],
  },
  {
    reason: 'Headers hold printable ASCII: other characters of an unknown field’s name are shown as question marks.',
    where: ['field-validation/many with a warning: headers.warning'],
  },
]
