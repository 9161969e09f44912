import type { KnownDifference } from './differences.ts'

/** Every difference there is. The test fails for one that is missing here and for one that is gone. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    reason: 'objects: other fields',
    where: [
      'objects/get as YAML: body',
      'objects/delete a collection by label: body.items[0].apiVersion',
      'objects/delete a collection by label: body.items[0].kind',
      'objects/delete a collection by label: body.items[1].apiVersion',
      'objects/delete a collection by label: body.items[1].kind',
    ],
  },
  {
    reason: 'selectors: the wording of an error differs',
    where: [
      'selectors/maps by label app in x: body.message',
      'selectors/maps by label =x: body.message',
      'selectors/maps by label app=x,: body.message',
      'selectors/maps by label app=bad value: body.message',
      'selectors/maps by label a b=c: body.message',
      'selectors/maps by label tier>x: body.message',
      'selectors/maps by label !: body.message',
      'selectors/maps by label app=x=y: body.message',
      'selectors/maps by label UP.com/app=x: body.message',
    ],
  },
  {
    reason: 'patches: the wording of an error differs',
    where: [
      'patches/merge another kind: body.message',
      'patches/merge another kind: body.details',
      'patches/strategic wrong type: body.message',
      'patches/strategic wrong type: body.details',
    ],
  },
  {
    reason: 'apply: the wording of an error differs',
    where: ['apply/with garbage: body.message'],
  },
  {
    reason: 'apply: other fields',
    where: [
      'apply/a container of another: body.metadata.managedFields[2]',
      'apply/the container goes: body.metadata.managedFields[1].fieldsV1.f:spec.f:template.f:spec',
      'apply/the container goes: body.metadata.managedFields[2]',
    ],
  },
  {
    reason: 'apply: answered with another status',
    where: ['apply/without the key of a list: status', 'apply/a status of what is not there: status'],
  },
  {
    reason: 'watches: answered with another status',
    where: ['watches/the old path: status', 'watches/a version of the future: status'],
  },
  {
    reason: 'watches: other fields',
    where: [
      'watches/initial events without bookmarks: body[1].object.metadata.annotations.kubernetes.io/description',
      'watches/initial events without bookmarks: body[1].object.metadata.managedFields[0].manager',
    ],
  },
  {
    reason: 'watches: the wording of an error differs',
    where: ['watches/with a bad selector: body.message'],
  },
  {
    reason: 'lifecycle: other fields',
    where: ['lifecycle/the default way: body.metadata.managedFields'],
  },
  {
    reason: 'namespaces: other fields',
    where: ['namespaces/its root certificate: body.metadata.annotations.kubernetes.io/description'],
  },
  {
    reason: 'pod-termination: answered with another status',
    where: ['pod-termination/an image while it ends: status'],
  },
  {
    reason: 'pod-termination: other fields',
    where: [
      'pod-termination/a status while it ends: body.metadata.generation',
      'pod-termination/a status while it ends: body.spec.containers[0].image',
      'pod-termination/delete now: body.metadata.generation',
      'pod-termination/delete now: body.spec.containers[0].image',
    ],
  },
  {
    reason: 'pod-subresources: other fields',
    where: ['pod-subresources/log of an unscheduled pod: headers.content-type'],
  },
  {
    reason: 'pod-subresources: answered with another status',
    where: [
      'pod-subresources/log of an unknown container: status',
      'pod-subresources/log with bad options: status',
      'pod-subresources/log with nonsense: status',
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
    reason: 'pod-subresources: the wording of an error differs',
    where: ['pod-subresources/exec of an unknown container: body.message'],
  },
  {
    reason: 'workloads: other fields',
    where: ['workloads/delete a job: body.status'],
  },
  {
    reason: 'data-objects: other fields',
    where: [
      'data-objects/a TLS secret: headers.warning',
      'data-objects/quota: body.status',
      'data-objects/quota counted: body.status.hard',
      'data-objects/the quota goes: body.status',
      'data-objects/the quota goes: body.kind',
      'data-objects/a pod with limited defaults: body.spec.containers[0].resources.limits',
      'data-objects/a pod with limited defaults: body.spec.containers[0].resources.requests',
      'data-objects/a pod with limited defaults: body.metadata.annotations',
      'data-objects/a pod with limited defaults: body.status.qosClass',
      'data-objects/claim: body.metadata.managedFields[0].fieldsV1.f:spec.f:resources..',
      'data-objects/claim: body.metadata.finalizers',
      'data-objects/volume: body.metadata.finalizers',
    ],
  },
  {
    reason: 'data-objects: answered with another status',
    where: [
      'data-objects/a pull secret: status',
      'data-objects/another bad quota: status',
      'data-objects/a pod without requests: status',
      'data-objects/a pod beyond quota: status',
      'data-objects/bad limits: status',
      'data-objects/a pod beyond limits: status',
      'data-objects/a pod below limits: status',
      'data-objects/a bad volume: status',
    ],
  },
  {
    reason: 'leases-and-events: answered with another status',
    where: ['leases-and-events/a poor event in the new way: status'],
  },
  {
    reason: 'authorization: other fields',
    where: [
      'authorization/may I: body.metadata.managedFields',
      'authorization/may I not: body.metadata.managedFields',
      'authorization/may I at a subresource: body.metadata.managedFields',
      'authorization/may I at a path: body.metadata.managedFields',
      'authorization/may the admin: body.metadata.managedFields',
      'authorization/may they: body.metadata.managedFields',
      'authorization/may they here: body.metadata.managedFields',
    ],
  },
  {
    reason: 'networking: the wording of an error differs',
    where: [
      'networking/a slice of bad addresses: body.message',
      'networking/a slice of bad addresses: body.details',
      'networking/node with bad taints: body.message',
    ],
  },
  {
    reason: 'networking: answered with another status',
    where: ['networking/bad endpoints: status'],
  },
  {
    reason: 'networking: other fields',
    where: ['networking/network policy: body.metadata.managedFields[0].fieldsV1.f:spec.f:podSelector', 'networking/node: body.spec.taints'],
  },
  {
    reason: 'custom-resources: other fields',
    where: [
      'custom-resources/define: body.status.conditions',
      'custom-resources/define: body.status.acceptedNames.kind',
      'custom-resources/define: body.status.acceptedNames.plural',
      'custom-resources/define: body.status.acceptedNames.listKind',
      'custom-resources/define: body.status.acceptedNames.singular',
      'custom-resources/define: body.status.acceptedNames.shortNames',
      'custom-resources/define: body.status.acceptedNames.categories',
      'custom-resources/another version: headers.warning',
      'custom-resources/a status: body.metadata.managedFields[1].fieldsV1.f:metadata',
      'custom-resources/get the status: body.metadata.managedFields[1].fieldsV1.f:metadata',
      'custom-resources/scaled: body.metadata.managedFields[1].time',
      'custom-resources/scaled: body.metadata.managedFields[2].fieldsV1.f:metadata',
      'custom-resources/as a table: body.rows[0].object.metadata.managedFields[1].time',
      'custom-resources/as a table: body.rows[0].object.metadata.managedFields[2].fieldsV1.f:metadata',
      'custom-resources/as a table: body.rows[10]',
      'custom-resources/one as a table: body.rows[0].object.metadata.managedFields[1].time',
      'custom-resources/one as a table: body.rows[0].object.metadata.managedFields[2].fieldsV1.f:metadata',
      'custom-resources/as metadata: body.metadata.managedFields[1].time',
      'custom-resources/as metadata: body.metadata.managedFields[2].fieldsV1.f:metadata',
      'custom-resources/undefine: body.status.conditions[2]',
    ],
  },
  {
    reason: 'custom-resources: answered with another status',
    where: ['custom-resources/a field twice: status'],
  },
  {
    reason: 'definitions: the wording of an error differs',
    where: ['definitions/a bad pattern: body.message', 'definitions/a bad pattern: body.details'],
  },
  {
    reason: 'definitions: answered with another status',
    where: ['definitions/a rule that does not compile: status', 'definitions/a rule that is no condition: status'],
  },
  {
    reason: 'definitions: other fields',
    where: [
      'definitions/a good one: body.status.conditions',
      'definitions/a good one: body.status.acceptedNames.kind',
      'definitions/a good one: body.status.acceptedNames.plural',
      'definitions/a good one: body.status.acceptedNames.listKind',
      'definitions/a good one: body.status.acceptedNames.singular',
    ],
  },
  {
    reason: 'game-server-sets: other fields',
    where: [
      'game-server-sets/define gameserversets.game.kruise.io: body.status.conditions',
      'game-server-sets/define gameserversets.game.kruise.io: body.status.acceptedNames.kind',
      'game-server-sets/define gameserversets.game.kruise.io: body.status.acceptedNames.plural',
      'game-server-sets/define gameserversets.game.kruise.io: body.status.acceptedNames.listKind',
      'game-server-sets/define gameserversets.game.kruise.io: body.status.acceptedNames.singular',
      'game-server-sets/define gameserversets.game.kruise.io: body.status.acceptedNames.shortNames',
      'game-server-sets/define gameservers.game.kruise.io: body.status.conditions',
      'game-server-sets/define gameservers.game.kruise.io: body.status.acceptedNames.kind',
      'game-server-sets/define gameservers.game.kruise.io: body.status.acceptedNames.plural',
      'game-server-sets/define gameservers.game.kruise.io: body.status.acceptedNames.listKind',
      'game-server-sets/define gameservers.game.kruise.io: body.status.acceptedNames.singular',
      'game-server-sets/define gameservers.game.kruise.io: body.status.acceptedNames.shortNames',
      'game-server-sets/as a table: body.rows[1].object.metadata.managedFields[1].time',
    ],
  },
  {
    reason: 'protocol: answered with another status',
    where: ['protocol/a post on discovery: status'],
  },
  {
    reason: 'protocol: other fields',
    where: [
      'protocol/a trailing slash: body.items[0].apiVersion',
      'protocol/a trailing slash: body.items[0].kind',
      'protocol/a trailing slash: body.items[0].metadata.annotations.kubernetes.io/description',
      'protocol/a trailing slash: body.items[0].metadata.managedFields[0].manager',
      'protocol/a trailing slash: body.items[1].apiVersion',
      'protocol/a trailing slash: body.items[1].kind',
      'protocol/accept YAML: body',
    ],
  },
  {
    reason: 'field-validation: answered with another status',
    where: [
      'field-validation/doubled strictly: status',
      'field-validation/warnings in a pod: status',
      'field-validation/deprecated list: status',
    ],
  },
  {
    reason: 'field-validation: other fields',
    where: [
      'field-validation/doubled with a warning: headers.warning',
      'field-validation/doubled with a warning: body.metadata.managedFields[0].fieldsV1.f:data.f:a',
      'field-validation/doubled with a warning: body.data.a',
      'field-validation/warned merge: body.metadata.managedFields',
      'field-validation/many with a warning: headers.warning',
    ],
  },
  {
    reason: 'field-validation: the wording of an error differs',
    where: ['field-validation/doubled YAML: body.message'],
  },
  {
    reason: 'the hash of a storage version is opaque; the embedded server makes its own',
    where: ['discovery/*storageVersionHash'],
  },
  {
    reason: 'discovery: other fields',
    where: [
      'discovery/the OpenAPI index: headers.content-type',
      'discovery/OpenAPI of nothing: headers.content-type',
      'discovery/OpenAPI of nothing: body',
    ],
  },
]

/** What differs as well when the real cluster is of another minor version than the recorded one. */
export const versionDependent: readonly KnownDifference[] = []
