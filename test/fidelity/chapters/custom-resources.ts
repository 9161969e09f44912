import { apply, type Chapter, create, get, gone, jsonPatch, merge, remove, type Step, strategic, update } from '../step.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const rooms = '/apis/fidelity.example.com/v1/namespaces/{ns}/rooms'
const definition = (schema: object, more: object = {}, version: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'rooms.fidelity.example.com' },
  spec: {
    group: 'fidelity.example.com',
    scope: 'Namespaced',
    names: { plural: 'rooms', kind: 'Room', shortNames: ['rm'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.seats', statusReplicasPath: '.status.seats', labelSelectorPath: '.status.selector' },
        },
        additionalPrinterColumns: [
          { name: 'Map', type: 'string', jsonPath: '.spec.map' },
          { name: 'Seats', type: 'integer', jsonPath: '.spec.seats', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        selectableFields: [{ jsonPath: '.spec.map' }],
        schema: { openAPIV3Schema: { type: 'object', properties: schema } },
        ...version,
      },
    ],
    ...more,
  },
})
const spec = {
  type: 'object',
  required: ['map'],
  properties: {
    map: { type: 'string', minLength: 2, maxLength: 20, pattern: '^[a-z]+$' },
    seats: { type: 'integer', format: 'int32', minimum: 0, maximum: 64, default: 4 },
    mode: { type: 'string', enum: ['duel', 'team'] },
    ratio: { type: 'number', exclusiveMinimum: true, minimum: 0 },
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', maxItems: 3, items: { type: 'string' } },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, port: { type: 'integer', default: 80 }, protocol: { type: 'string', default: 'TCP' } },
      },
    },
    template: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    any: { 'x-kubernetes-int-or-string': true },
    maybe: { type: 'string', nullable: true, default: 'x' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    nested: { type: 'object', default: {}, properties: { level: { type: 'integer', default: 1 } } },
    when: { type: 'string', format: 'date-time' },
    low: { type: 'integer' },
    high: { type: 'integer' },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed may not change' }] },
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.low) || !has(self.high) || self.low <= self.high',
      message: 'low must not be above high',
      fieldPath: '.low',
      reason: 'FieldValueForbidden',
    },
    { rule: 'has(self.fixed) || !has(oldSelf.fixed)', message: 'fixed may not go' },
    {
      rule: "!has(self.mode) || self.mode != 'duel' || self.seats == 2",
      messageExpression: "'a duel has ' + 'two seats'",
    },
  ],
}
const schema = {
  spec,
  status: {
    type: 'object',
    properties: { seats: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string', default: 'New' } },
  },
}
const room = (name: string, of: object = { map: 'dust' }, metadata: object = {}) => ({
  apiVersion: 'fidelity.example.com/v1',
  kind: 'Room',
  metadata: { name, ...metadata },
  spec: of,
})
const refused = (name: string, of: object): Step => create(name, rooms, room('{step}', of))
const bad = (name: string, body: object): Step => create(name, definitions, body)

export const customResources: Chapter = {
  name: 'custom-resources',
  about: 'objects of a CustomResourceDefinition: schema, defaults, pruning, CEL, status, scale',
  leaves: [`${definitions}/rooms.fidelity.example.com`],
  shared: true,
  steps: [
    create('define', definitions, definition(schema)),
    get('defined', `${definitions}/rooms.fidelity.example.com`, { until: { path: 'status.conditions.1.status', is: 'True' } }),
    get('served', rooms, { until: { code: 200 } }),
    create('create', rooms, room('a')),
    create(
      'create with all',
      rooms,
      room('b', {
        map: 'dust',
        seats: 8,
        tags: ['x'],
        ports: [{ name: 'game', port: 7777 }, { name: 'web' }],
        template: { any: { thing: [1] } },
        any: '5%',
        maybe: null,
        labels: { a: 'b' },
        nested: {},
      }),
    ),
    create('with a status', rooms, { ...room('c'), status: { seats: 3 } }),
    create('unknown fields are pruned', rooms, room('d', { map: 'dust', nope: 1, nested: { no: 1 }, template: { yes: 1 } })),
    create('unknown fields are refused', `${rooms}?fieldValidation=Strict`, room('{step}', { map: 'dust', nope: 1, nested: { no: 1 } })),
    create('unknown fields are warned of', `${rooms}?fieldValidation=Warn`, room('e', { map: 'dust', nope: 1 })),
    create('unknown fields are ignored', `${rooms}?fieldValidation=Ignore`, room('f', { map: 'dust', nope: 1 })),
    create('unknown root', rooms, { ...room('g'), nope: 1 }),
    create('unknown metadata', `${rooms}?fieldValidation=Strict`, { ...room('{step}'), metadata: { name: '{step}', nope: 1 } }),
    create(
      'a field twice',
      `${rooms}?fieldValidation=Strict`,
      '{"apiVersion":"fidelity.example.com/v1","kind":"Room","metadata":{"name":"x"},"spec":{"map":"dust","map":"dust"}}',
    ),
    create('no spec', rooms, { apiVersion: 'fidelity.example.com/v1', kind: 'Room', metadata: { name: 'nospec' } }),
    create('without kind', rooms, { metadata: { name: '{step}' }, spec: { map: 'dust' } }),
    create('another kind', rooms, { ...room('{step}'), kind: 'Hall' }),
    create('another version', rooms, { ...room('{step}'), apiVersion: 'fidelity.example.com/v2' }),
    create('another group', rooms, { ...room('{step}'), apiVersion: 'v1' }),
    create('a bad name', rooms, room('Bad_Name')),
    create('generated', rooms, { ...room('{step}'), metadata: { generateName: 'room-' } }),
    refused('without what is required', {}),
    refused('with null for what is required', { map: null }),
    refused('a wrong type', { map: 5, seats: 'x', tags: {}, labels: { a: 1 } }),
    refused('too short', { map: 'a' }),
    refused('too long', { map: 'a'.repeat(21) }),
    refused('a bad pattern', { map: 'A b' }),
    refused('too small and too large', { map: 'dust', seats: -1, ratio: 0 }),
    refused('beyond the maximum', { map: 'dust', seats: 65 }),
    refused('beyond int32', { map: 'dust', seats: 3000000000 }),
    refused('a fraction', { map: 'dust', seats: 1.5 }),
    refused('not of the enumeration', { map: 'dust', mode: 'war' }),
    refused('twice in a set', { map: 'dust', tags: ['a', 'a'] }),
    refused('too many items', { map: 'dust', tags: ['a', 'b', 'c', 'd'] }),
    refused('twice in a map', { map: 'dust', ports: [{ name: 'a' }, { name: 'a' }] }),
    refused('without a key', { map: 'dust', ports: [{ port: 1 }] }),
    refused('a bad date', { map: 'dust', when: 'yesterday' }),
    refused('int or string', { map: 'dust', any: 1.5 }),
    refused('against a rule', { map: 'dust', low: 2, high: 1 }),
    refused('against a rule with an expression', { map: 'dust', mode: 'duel', seats: 3 }),
    refused('spec that is text', 'text' as unknown as object),

    merge('merge', `${rooms}/a`, { spec: { seats: 5 } }),
    merge('merge nothing', `${rooms}/a`, { spec: { seats: 5 } }),
    merge('metadata leaves the generation', `${rooms}/a`, { metadata: { labels: { a: 'b' } } }),
    merge('merge a default away', `${rooms}/a`, { spec: { seats: null } }),
    merge('merge something bad', `${rooms}/a`, { spec: { seats: 100 } }),
    merge('merge an unknown field strictly', `${rooms}/a?fieldValidation=Strict`, { spec: { nope: 1 } }),
    jsonPatch('json', `${rooms}/a`, [{ op: 'replace', path: '/spec/map', value: 'nuke' }]),
    jsonPatch('json test fails', `${rooms}/a`, [{ op: 'test', path: '/spec/map', value: 'x' }]),
    strategic('strategic', `${rooms}/a`, { spec: { seats: 5 } }),
    update('update without a version', `${rooms}/a`, room('a')),
    update('update', `${rooms}/a`, room('a', { map: 'office', fixed: 'yes' }, { resourceVersion: '{json:metadata.resourceVersion}' })),
    update(
      'update at an old version',
      `${rooms}/a`,
      room('a', { map: 'office' }, { resourceVersion: '{create:metadata.resourceVersion}' }),
    ),
    update('update of nothing', `${rooms}/none`, room('none', { map: 'office' }, { resourceVersion: '1' })),
    merge('a fixed field', `${rooms}/a`, { spec: { fixed: 'no' } }),
    merge('a fixed field goes', `${rooms}/a`, { spec: { fixed: null } }),
    merge('a status through the object', `${rooms}/a`, { status: { phase: 'Old' } }),
    merge('a status', `${rooms}/a/status`, {
      status: { seats: 3, selector: 'app=a' },
      spec: { seats: 9 },
      metadata: { labels: { x: 'y' } },
    }),
    merge('a bad status', `${rooms}/a/status`, { status: { seats: 'x' } }),
    get('get the status', `${rooms}/a/status`),
    get('get the scale', `${rooms}/a/scale`),
    merge('scale', `${rooms}/a/scale`, { spec: { replicas: 7 } }),
    update('scale by update', `${rooms}/a/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'a' },
      spec: { replicas: 8 },
    }),
    update('scale at an old version', `${rooms}/a/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'a', resourceVersion: '{create:metadata.resourceVersion}' },
      spec: { replicas: 9 },
    }),
    merge('scale below zero', `${rooms}/a/scale`, { spec: { replicas: -1 } }),
    merge('scale too far', `${rooms}/a/scale`, { spec: { replicas: 100 } }),
    merge('scale nothing', `${rooms}/none/scale`, { spec: { replicas: 1 } }),
    get('scaled', `${rooms}/a`),
    get('scale of one without status', `${rooms}/b/scale`),
    apply('apply', `${rooms}/applied?fieldManager=alice`, room('applied', { map: 'dust', ports: [{ name: 'a', port: 1 }] })),
    apply(
      'apply of another',
      `${rooms}/applied?fieldManager=bob`,
      room('applied', { map: 'dust', ports: [{ name: 'b', port: 2 }], tags: ['t'] }),
    ),
    apply('apply in conflict', `${rooms}/applied?fieldManager=bob`, room('applied', { map: 'nuke', ports: [{ name: 'a', port: 3 }] })),
    apply('apply gives up', `${rooms}/applied?fieldManager=bob`, room('applied', { map: 'dust' })),
    apply('apply something bad', `${rooms}/applied?fieldManager=bob`, room('applied', { map: 'dust', seats: 'x' })),
    apply('apply something unknown', `${rooms}/applied?fieldManager=bob`, room('applied', { map: 'dust', nope: 'x' })),
    apply('apply a status', `${rooms}/applied/status?fieldManager=carol`, {
      apiVersion: 'fidelity.example.com/v1',
      kind: 'Room',
      metadata: { name: 'applied' },
      status: { seats: 1 },
    }),
    get('by a selectable field', `${rooms}?fieldSelector=spec.map%3Doffice`, { only: ['items.0.metadata.name', 'items.1.metadata.name'] }),
    get('by another field', `${rooms}?fieldSelector=spec.seats%3D4`),
    get('as a table', rooms, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get('one as a table', `${rooms}/a`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get('as metadata', `${rooms}/a`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }),
    get('the group', '/apis/fidelity.example.com'),
    get('the version', '/apis/fidelity.example.com/v1'),
    get('a version that is not there', '/apis/fidelity.example.com/v9/namespaces/{ns}/rooms'),
    get('a kind that is not there', '/apis/fidelity.example.com/v1/namespaces/{ns}/halls'),
    get('at the cluster', '/apis/fidelity.example.com/v1/rooms/a'),

    // Ratcheting: what was stored under other rules stays, as long as it is not touched.
    merge(
      'stricter rules',
      `${definitions}/rooms.fidelity.example.com`,
      {
        spec: {
          versions: definition({
            ...schema,
            spec: { ...spec, properties: { ...spec.properties, map: { type: 'string', enum: ['nuke'] } } },
          }).spec.versions,
        },
      },
      { only: ['metadata.generation', 'status.conditions'] },
    ),
    create('what is refused now', rooms, room('probe'), { until: { code: 422 } }),
    merge('an old value stays', `${rooms}/b`, { spec: { seats: 9 } }, { only: ['spec', 'message', 'reason'] }),
    merge('an old value changes', `${rooms}/b`, { spec: { map: 'other' } }),
    remove('delete', `${rooms}/b`),
    remove('delete all', rooms, undefined, { only: ['kind', 'apiVersion'] }),
    remove('undefine', `${definitions}/rooms.fidelity.example.com`, undefined, {
      only: ['metadata.name', 'metadata.finalizers', 'kind', 'status', 'details'],
    }),
    gone('undefined', `${definitions}/rooms.fidelity.example.com`),
    get('no longer served', rooms, { until: { code: 404 } }),
  ],
}

const names = { plural: 'halls', kind: 'Hall' }
const hall = (more: object, meta = 'halls.fidelity2.example.com') => ({
  metadata: { name: meta },
  spec: {
    group: 'fidelity2.example.com',
    scope: 'Namespaced',
    names,
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    ...more,
  },
})
const ofSchema = (schema: object) => hall({ versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] })
const ofSpec = (spec: object) => ofSchema({ type: 'object', properties: { spec } })

export const definitionsChapter: Chapter = {
  name: 'definitions',
  about: 'what a CustomResourceDefinition may not say',
  leaves: [`${definitions}/halls.fidelity2.example.com`],
  shared: true,
  steps: [
    bad('a wrong name', hall({}, 'hall.fidelity2.example.com')),
    bad('a bad scope', hall({ scope: 'Somewhere' })),
    bad('no versions', hall({ versions: [] })),
    bad('no storage', hall({ versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } }] })),
    bad(
      'two storages',
      hall({
        versions: ['v1', 'v2'].map(name => ({ name, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } })),
      }),
    ),
    bad(
      'two of one name',
      hall({
        versions: ['v1', 'v1'].map((name, i) => ({
          name,
          served: true,
          storage: i === 0,
          schema: { openAPIV3Schema: { type: 'object' } },
        })),
      }),
    ),
    bad('no schema', hall({ versions: [{ name: 'v1', served: true, storage: true }] })),
    bad('bad names', hall({ names: { plural: 'Halls', kind: 'hall x', shortNames: ['A'] } })),
    bad('no names', hall({ names: {} })),
    bad('no group', hall({ group: '' })),
    bad(
      'a bad version name',
      hall({ versions: [{ name: 'V_1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] }),
    ),
    bad('a root that is no object', ofSchema({ type: 'string' })),
    bad('no type', ofSpec({ properties: { a: {} } })),
    bad('an unknown type', ofSpec({ type: 'thing' })),
    bad('an array without items', ofSpec({ type: 'array' })),
    bad(
      'properties and additional ones',
      ofSpec({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } }),
    ),
    bad('a bad default', ofSpec({ type: 'object', properties: { a: { type: 'integer', default: 'x' } } })),
    bad('a default with unknown members', ofSpec({ type: 'object', default: { nope: 1 }, properties: { a: { type: 'integer' } } })),
    bad('a bad pattern', ofSpec({ type: 'string', pattern: '(' })),
    bad(
      'a rule that does not compile',
      ofSpec({ type: 'object', properties: { a: { type: 'integer' } }, 'x-kubernetes-validations': [{ rule: 'self.b > 1' }] }),
    ),
    bad(
      'a rule that is no condition',
      ofSpec({ type: 'object', properties: { a: { type: 'integer' } }, 'x-kubernetes-validations': [{ rule: 'self.a' }] }),
    ),
    remove('what got through goes', `${definitions}/halls.fidelity2.example.com`, undefined, { silent: true }),
    get('it is gone', `${definitions}/halls.fidelity2.example.com`, { silent: true, until: { code: 404 } }),
    bad('an empty rule', ofSpec({ type: 'object', 'x-kubernetes-validations': [{ rule: '' }] })),
    bad(
      'a map list without keys',
      ofSpec({ type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object', properties: { a: { type: 'string' } } } }),
    ),
    bad(
      'a key that is not there',
      ofSpec({
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['b'],
        items: { type: 'object', properties: { a: { type: 'string' } } },
      }),
    ),
    bad('a set of objects', ofSpec({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } })),
    bad('unique items', ofSpec({ type: 'array', uniqueItems: true, items: { type: 'string' } })),
    bad('a reference', ofSpec({ $ref: '#/definitions/x' })),
    bad(
      'a scale without paths',
      hall({
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object' } },
            subresources: { scale: { specReplicasPath: 'x' } },
          },
        ],
      }),
    ),
    bad(
      'a bad column',
      hall({
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object' } },
            additionalPrinterColumns: [{ name: '', type: 'thing', jsonPath: 'x' }],
          },
        ],
      }),
    ),
    bad('preserved at the top', hall({ preserveUnknownFields: true })),
    bad('a conversion without a hook', hall({ conversion: { strategy: 'Webhook' } })),
    bad('a protected group', { ...hall({ group: 'x.k8s.io' }), metadata: { name: 'halls.x.k8s.io' } }),
    create('a good one', definitions, hall({})),
    get('its defaults', `${definitions}/halls.fidelity2.example.com`, { until: { path: 'status.conditions.1.status', is: 'True' } }),
    merge('another scope', `${definitions}/halls.fidelity2.example.com`, { spec: { scope: 'Cluster' } }),
    merge(
      'another kind',
      `${definitions}/halls.fidelity2.example.com`,
      { spec: { names: { kind: 'Aula' } } },
      { only: ['spec.names', 'message'] },
    ),
    merge('a stored version goes', `${definitions}/halls.fidelity2.example.com`, {
      spec: { versions: [{ name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] },
    }),
  ],
}
