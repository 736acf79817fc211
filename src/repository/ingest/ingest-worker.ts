/** A thread that indexes packs: answers the calls of `ingest-messages.ts`, one at a time, for any number of pushes. */
import { parentPort, workerData } from 'node:worker_threads';
import { checkNamedBlob, type NamedObject } from '#git/fsck/check-object.ts';
import { FsckGate } from '#git/fsck/fsck-gate.ts';
import { type ObjectFormat, objectFormatOf } from '#git/object/object-id.ts';
import { TYPE_NUMBER } from '#git/object/object-type.ts';
import { linkFamilies } from '#git/pack/delta-families.ts';
import { EntryReader } from '#git/pack/entry-reader.ts';
import { EntrySource } from '#git/pack/entry-source.ts';
import type { EntryTable } from '#git/pack/entry-table.ts';
import { FamilyResolver } from '#git/pack/family-resolver.ts';
import { assertInflaterWorks } from '#git/pack/inflater.ts';
import { PackInspector } from '#git/pack/pack-inspector.ts';
import { PackParser } from '#git/pack/pack-parser.ts';
import { reportPack } from '#git/pack/pack-report.ts';
import { IS_GITATTRIBUTES, IS_GITMODULES } from '#git/pack/reference-table.ts';
import { planBatches } from '#git/pack/resolve-plan.ts';
import { AttackDetector } from '#git/sha1/attack-detector.ts';
import { limits } from '#limits.ts';
import { collectGarbage } from './collect-garbage.ts';
import { flattenError } from './ingest-error.ts';
import type { CallMessage, IngestCalls, IngestThreadOptions, ResolveTask, ReturnMessage } from './ingest-messages.ts';

/** Each holds a mebibyte. */
const SPARE_DETECTORS_MAX = 8;

const { sha1 } = workerData as IngestThreadOptions;
const sessions = new Map<
  number,
  { parser: PackParser; inspector: PackInspector; detector: AttackDetector | undefined }
>();
const spareDetectors: AttackDetector[] = [];

const calls: IngestCalls = {
  open(session, { format, fsck, limits: own }) {
    const objectFormat = objectFormatOf(format);
    const inspector = new PackInspector(objectFormat, fsck, own.treeEntriesMax);
    const detector = takeDetector(objectFormat);
    const parser = new PackParser(objectFormat, own, (...object) => inspector.inspect(...object), detector);
    sessions.set(session, { parser, inspector, detector });
  },

  feed(session, bytes) {
    const { parser } = sessionOf(session);
    parser.feed(bytes);
    return parser.isComplete;
  },

  finishParsing(session, plan) {
    const { parser, inspector } = sessionOf(session);
    const parsed = parser.finish();
    const families = linkFamilies(parsed.table);
    const batches = planBatches(parsed.table, families, plan);
    return { ...parsed, families, batches, inspection: inspector.result() };
  },

  close(session) {
    giveBack(sessions.get(session)?.detector);
    sessions.delete(session);
  },

  collectGarbage,

  resolve(task) {
    const detector = takeDetector(task.table.format);
    const settleIds = () => detector?.settle();
    const inspector = new PackInspector(task.table.format, task.fsck, task.limits.treeEntriesMax, settleIds);
    const resolver = new FamilyResolver(
      task.table,
      task.families,
      new EntrySource(task.segments),
      inspector,
      {
        objectInMemoryMaxBytes: task.limits.objectInMemoryMaxBytes,
        deltaDepthMax: task.limits.deltaDepthMax,
        pathMaxBytes: limits.deltaPathMaxBytes,
        inflatedMaxBytes: task.inflatedMaxBytes,
      },
      () => Atomics.load(task.cancel, 0) !== 0,
      detector,
    );
    try {
      if (task.rootKind === 'new') inspectRoots(task, inspector);
      for (const root of task.roots) resolver.resolve(root);
      detector?.finish();
    } finally {
      giveBack(detector);
    }
    return { inspection: inspector.result(), inflatedBytes: resolver.inflatedBytes };
  },

  report: reportPack,

  compare(table, segments, entries, bodies) {
    const reader = new EntryReader(table, new EntrySource(segments), limits.collisionLotBytes);
    return entries.findIndex((entry, index) => Buffer.compare(reader.read(entry), bodies[index] as Uint8Array) !== 0);
  },

  checkNamedBlobs(table, segments, entries, notes, fsck) {
    const gate = new FsckGate(table.format, fsck);
    const reader = new EntryReader(table, new EntrySource(segments));
    entries.forEach((entry, index) => {
      const object = readNamedObject(table, reader, entry);
      for (const name of namesOf(notes[index] as number)) {
        const findings = checkNamedBlob(name, object, fsck);
        gate.judgeFindings('blob', findings, table.id, entry * table.format.idBytes);
      }
    });
    return gate.notices;
  },
};

function inspectRoots({ table, segments, roots }: ResolveTask, inspector: PackInspector): void {
  const reader = new EntryReader(table, new EntrySource(segments));
  for (const root of roots) {
    const body = reader.read(root);
    inspector.inspect(root, table.type[root] as number, body, 0, body.length, table.id, root * table.format.idBytes);
  }
}

function readNamedObject(table: EntryTable, reader: EntryReader, entry: number): NamedObject {
  if (table.type[entry] !== TYPE_NUMBER.blob) return { kind: 'other-type' };
  if ((table.size[entry] as number) > limits.namedBlobMaxBytes) return { kind: 'too-large' };
  return { kind: 'blob', body: reader.read(entry) };
}

function namesOf(note: number): ('gitmodules' | 'gitattributes')[] {
  return [
    ...(note & IS_GITMODULES ? (['gitmodules'] as const) : []),
    ...(note & IS_GITATTRIBUTES ? (['gitattributes'] as const) : []),
  ];
}

/** Objects named by SHA-256 need none. */
function takeDetector(format: ObjectFormat): AttackDetector | undefined {
  if (sha1 === 'fast' || format.name !== 'sha1') return undefined;
  return spareDetectors.pop() ?? new AttackDetector(sha1 === 'suspicious' ? 'refuse' : 'check');
}

function giveBack(detector: AttackDetector | undefined): void {
  if (!detector) return;
  detector.reset();
  if (spareDetectors.length < SPARE_DETECTORS_MAX) spareDetectors.push(detector);
}

function sessionOf(session: number) {
  const found = sessions.get(session);
  if (!found) throw new RangeError(`no session ${session}`);
  return found;
}

assertInflaterWorks();

parentPort?.on('message', ({ call, method, args }: CallMessage) => {
  let answer: ReturnMessage;
  try {
    const result = (calls[method] as (...args: unknown[]) => unknown)(...args);
    answer = { call, result };
  } catch (error) {
    answer = { call, error: flattenError(error) };
  }
  parentPort?.postMessage(answer);
});
