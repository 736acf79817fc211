/** The pack of a push: sound, thin, damaged, or put together to break rules. */
import type { ModelType, ObjectModel } from '../../differential/object-model.ts';
import { diffDelta, makeDelta, PackMaker, TYPE, withTrailer } from '../../fixtures/pack-maker.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { makePack } from './made-pack.ts';
import { makeNamedFile, makeObjectBody, OBJECT_VOCABULARY } from './object-body.ts';

export interface PushedContent {
  readonly model: ObjectModel;
  /** Of the repository's objects, hidden and deleted ones too. */
  readonly ids: readonly string[];
  /** What the client may take to be there. */
  readonly stored: ReadonlySet<string>;
  /** What its commits lead to and is not stored. */
  readonly needed: readonly string[];
}

/** @param sound a pack that brings what the commands need */
export function makePushPack(random: Random, content: PushedContent, sound: Buffer): Buffer {
  switch (random.below(10)) {
    case 0:
    case 1:
      return sound;
    case 2:
    case 3:
    case 4:
      return thinPack(random, content);
    case 5:
      return makePack(random, content.model.format);
    case 6: {
      const idBytes = content.model.format === 'sha1' ? 20 : 32;
      const pack = random.oneIn(2) ? sound : thinPack(random, content);
      const damaged = Buffer.concat([pack.subarray(0, 12), mutate(random, pack.subarray(12, -idBytes))]);
      return random.oneIn(4) ? damaged : withTrailer(damaged, idBytes);
    }
    case 7:
      return sound.subarray(0, random.below(sound.length + 1));
    default:
      return hostilePack(random, content);
  }
}

/** Every object once: whole, or as a delta on what is stored, on what came before it, or on what comes after it. */
function thinPack(random: Random, { model, stored, needed }: PushedContent): Buffer {
  const maker = new PackMaker(model.format);
  const places = new Map<string, number>();
  const bases = [...stored];
  const order = random.oneIn(2) ? needed : needed.toReversed();
  for (const id of order) {
    const { type, body } = model.get(id);
    const near = random.pick([bases, order, [...places.keys()]]);
    const baseId = near[random.below(near.length)];
    const place = baseId === undefined ? undefined : places.get(baseId);
    const isFit = baseId !== undefined && baseId !== id && model.get(baseId).type === type;
    if (!isFit || random.oneIn(4)) places.set(id, maker.add(TYPE[type], body));
    else if (place !== undefined && random.oneIn(2)) {
      places.set(id, maker.addOfsDelta(place, diffDelta(model.get(baseId).body, body)));
    } else places.set(id, maker.addRefDelta(baseId, diffDelta(model.get(baseId).body, body)));
  }
  return maker.build();
}

/** Objects that break rules under names that fit, and deltas that stand on what is stored, hidden, deleted or nowhere. */
function hostilePack(random: Random, { model, ids, needed }: PushedContent): Buffer {
  const maker = new PackMaker(model.format);
  const made: { type: ModelType; body: Buffer }[] = [];
  for (let count = 1 + random.size(6); count > 0; count--) {
    const baseId = random.pick(ids);
    const base = model.get(baseId);
    switch (random.below(6)) {
      case 0:
        made.push(makeObjectBody(random));
        break;
      case 1:
        made.push({ type: base.type, body: mutate(random, base.body, OBJECT_VOCABULARY) });
        break;
      case 2:
        maker.addRefDelta(baseId, hostileDelta(random, base.body));
        break;
      case 3:
        maker.add(TYPE[base.type], base.body);
        break;
      case 4: {
        const { blob, tree } = makeNamedFile(random, (body) => model.idOf('blob', body));
        made.push({ type: 'blob', body: blob }, { type: 'tree', body: tree });
        break;
      }
      default: {
        const nowhere = 'ab'.repeat(model.zeroId.length / 2);
        maker.addRefDelta(random.oneIn(6) ? nowhere : baseId, diffDelta(base.body, mutate(random, base.body)));
      }
    }
  }
  for (const { type, body } of made) maker.add(TYPE[type], body);
  if (!random.oneIn(3)) for (const id of needed) maker.add(TYPE[model.get(id).type], model.get(id).body);
  return maker.build(random.oneIn(12) ? maker.count + 1 : maker.count);
}

function hostileDelta(random: Random, base: Buffer): Buffer {
  const size = random.pick([base.length, base.length, base.length + 1, 0, 2 ** 31, 2 ** 52]);
  const copies = Array.from({ length: 1 + random.size(40) }, () => ({
    copy: random.pick([0, random.below(base.length + 1), base.length, 2 ** 31]),
    size: random.pick([base.length, random.below(0xffff), 0xffffff]),
  }));
  const delta = makeDelta(size, copies, random.oneIn(3) ? random.pick([0, 2 ** 31, 2 ** 40]) : undefined);
  return random.oneIn(3) ? mutate(random, delta) : delta;
}
