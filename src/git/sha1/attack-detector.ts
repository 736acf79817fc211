/**
 * Finds objects that are part of a collision attack on SHA-1, as git's sha1dc does: the verdict is the same for every object.
 *
 * Objects are gathered in the kernel's memory until it is full, then hashed four at a time, the longest first, so that the lanes
 * have work until the end; the last one or two by themselves. The verdict comes with that, at the latest when `finish` is called. One object at a time is open.
 */
import { toHex } from '#bytes/hex.ts';
import { CollisionAttackError } from '../errors.ts';
import { CollisionCheck } from './collision-check.ts';
import { assembleKernel, type Sha1Kernel } from './sha1-kernel.ts';
import { BLOCK_BYTES, CHAIN_WORDS, LANES, LAYOUT } from './sha1-layout.ts';

const PAGE_BYTES = 64 * 1024;
/** Sixteen pages of memory stay within the cache of a core. */
const MEMORY_PAGES = 16;
const ARENA_END = MEMORY_PAGES * PAGE_BYTES;
/** What the end of a message needs at most: a bit, zeros and its length. */
const PADDING_MAX_BYTES = 2 * BLOCK_BYTES;
const LENGTH_BYTES = 8;
const INITIAL_CHAIN = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
const TWO_TO_29 = 2 ** 29;
/** With so few messages left, each is faster by itself than they are side by side. */
const ALONE_MAX = 2;

/** An object, or the part of it that is in memory. */
interface Job {
  start: number;
  blocks: number;
  /** Of an object's later parts. */
  chain: Uint32Array | undefined;
  isAttack: boolean;
  /** Whether a block of it was given to the check, whose verdict may come later. */
  isSuspect: boolean;
  isLast: boolean;
  /** Where the object's id is wanted. */
  ids: Uint8Array | undefined;
  idStart: number;
}

let kernel: WebAssembly.Module | undefined;

export class AttackDetector {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #kernel: Sha1Kernel;
  readonly #collisions: CollisionCheck;
  readonly #suspects: 'check' | 'refuse';
  #jobs: Job[] = [];
  /** Where the open object's part begins, and where free memory does. */
  #start: number = LAYOUT.arena;
  #end: number = LAYOUT.arena;
  #totalBytes = 0;
  #chain: Uint32Array | undefined;
  #isAttack = false;

  /** @param suspects what is made of a block that may be part of an attack; tests refuse it, for no object of git was ever attacked */
  constructor(suspects: 'check' | 'refuse' = 'check') {
    this.#suspects = suspects;
    kernel ??= new WebAssembly.Module(assembleKernel(MEMORY_PAGES));
    const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#kernel = new WebAssembly.Instance(kernel, { env: { memory } }).exports as unknown as Sha1Kernel;
    this.#collisions = new CollisionCheck(this.#words, this.#kernel);
  }

  /** Forgets what was begun. */
  reset(): void {
    this.#jobs = [];
    this.#collisions.forget();
    this.#end = LAYOUT.arena;
    this.#openNext();
  }

  /**
   * Checks a whole object, its header included.
   *
   * @param ids where the kernel's result is written, at `idStart`, when it is there: at the latest by `settle` or `finish`
   * @throws {CollisionAttackError} it, or one before it, is part of an attack
   */
  check(message: Uint8Array, ids?: Uint8Array, idStart = 0): void {
    this.update(message);
    this.endObject(ids, idStart);
  }

  /** Checks and names all objects that have ended. @throws {CollisionAttackError} */
  settle(): void {
    this.#hashJobs();
  }

  /** Takes the next bytes of the open object; the first ones are those of its header. @throws {CollisionAttackError} */
  update(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length;
    let at = 0;
    for (;;) {
      // The padding of the object before may have used what is kept free for padding.
      const room = Math.max(0, ARENA_END - PADDING_MAX_BYTES - this.#end);
      const taken = Math.min(room, bytes.length - at);
      this.#bytes.set(at === 0 && taken === bytes.length ? bytes : bytes.subarray(at, at + taken), this.#end);
      this.#end += taken;
      at += taken;
      if (at === bytes.length) return;
      this.#makeRoom();
    }
  }

  endObject(ids?: Uint8Array, idStart = 0): void {
    const last = this.#totalBytes % BLOCK_BYTES;
    const zerosEnd = this.#end + ((2 * BLOCK_BYTES - LENGTH_BYTES - last) % BLOCK_BYTES || BLOCK_BYTES);
    this.#bytes.fill(0, this.#end, zerosEnd);
    this.#bytes[this.#end] = 0x80;
    const length = new DataView(this.#bytes.buffer, zerosEnd);
    length.setUint32(0, Math.floor(this.#totalBytes / TWO_TO_29));
    length.setUint32(4, (this.#totalBytes * 8) % 2 ** 32);
    this.#end = zerosEnd + LENGTH_BYTES;
    this.#jobs.push({ ...this.#openPart((this.#end - this.#start) / BLOCK_BYTES, true), ids, idStart });
    this.#openNext();
  }

  /** Checks what is left. @throws {CollisionAttackError} */
  finish(): void {
    this.#hashJobs();
    this.reset();
  }

  #openNext(): void {
    this.#start = this.#end;
    this.#totalBytes = 0;
    this.#chain = undefined;
    this.#isAttack = false;
  }

  #openPart(blocks: number, isLast: boolean): Job {
    return {
      start: this.#start,
      blocks,
      chain: this.#chain,
      isAttack: this.#isAttack,
      isSuspect: false,
      isLast,
      ids: undefined,
      idStart: 0,
    };
  }

  /** Hashes all that is there, also the open object as far as it goes; what is left of it moves to the front. */
  #makeRoom(): void {
    const blocks = Math.floor((this.#end - this.#start) / BLOCK_BYTES);
    const open = this.#openPart(blocks, false);
    if (blocks > 0) this.#jobs.push(open);
    this.#hashJobs();
    const rest = this.#start + blocks * BLOCK_BYTES;
    this.#bytes.copyWithin(LAYOUT.arena, rest, this.#end);
    this.#end = LAYOUT.arena + this.#end - rest;
    this.#start = LAYOUT.arena;
    this.#chain = open.chain;
    this.#isAttack = open.isAttack;
  }

  /** @throws {CollisionAttackError} */
  #hashJobs(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#hashAll([...jobs].sort((left, right) => left.blocks - right.blocks));
    this.#collisions.settle();
    // In the words of git's sha1dc_git.c.
    const attacked = jobs.find(({ isAttack, isLast }) => isAttack && isLast);
    if (attacked?.chain)
      throw new CollisionAttackError(`SHA-1 appears to be part of a collision attack: ${idOf(attacked.chain)}`);
  }

  /** @param waiting the longest last */
  #hashAll(waiting: Job[]): void {
    const lanes: (Job | undefined)[] = Array.from({ length: LANES }, (_, lane) => this.#load(lane, waiting.pop()));
    for (;;) {
      let blocks = Number.POSITIVE_INFINITY;
      let count = 0;
      for (const job of lanes) {
        if (!job) continue;
        count++;
        if (job.blocks < blocks) blocks = job.blocks;
      }
      if (count === 0) return;
      if (count <= ALONE_MAX && lanes.some((job) => job && job.blocks >= LANES)) this.#hashOneByOne(lanes);
      else this.#hashSideBySide(lanes, blocks);
      for (let lane = 0; lane < LANES; lane++) {
        const job = lanes[lane];
        if (job?.blocks !== 0) continue;
        this.#finishJob(lane, job);
        lanes[lane] = this.#load(lane, waiting.pop());
      }
    }
  }

  #hashSideBySide(lanes: readonly (Job | undefined)[], blocks: number): void {
    const done = this.#kernel.hashFour(blocks);
    for (let lane = 0; lane < LANES; lane++) {
      const job = lanes[lane];
      if (!job) continue;
      job.blocks -= done;
      if (this.#words[LAYOUT.mask / 4 + lane] !== 0) this.#suspect(lane, job);
    }
  }

  /** Leaves less than four blocks of each. */
  #hashOneByOne(lanes: readonly (Job | undefined)[]): void {
    const left = [...lanes.entries()];
    for (const [lane, job] of left) {
      if (!job) continue;
      job.chain = this.#chainOf(lane);
      job.start = this.#words[LAYOUT.pointers / 4 + lane] as number;
    }
    for (const [, job] of left) if (job) this.#hashAlone(job);
    for (const [lane, job] of left) this.#load(lane, job);
  }

  #hashAlone(job: Job): void {
    this.#setChain(LANES - 1, job.chain ?? INITIAL_CHAIN);
    this.#words[LAYOUT.pointers / 4] = job.start;
    while (job.blocks >= LANES) {
      const done = this.#kernel.hashOne(Math.floor(job.blocks / LANES));
      job.blocks -= done * LANES;
      for (let lane = 0; lane < LANES; lane++) if (this.#words[LAYOUT.mask / 4 + lane] !== 0) this.#suspect(lane, job);
    }
    job.chain = this.#chainOf(LANES - 1);
    job.start = this.#words[LAYOUT.pointers / 4] as number;
  }

  #suspect(lane: number, job: Job): void {
    job.isSuspect = true;
    if (this.#suspects === 'refuse') job.isAttack = true;
    else if (!job.isAttack) this.#collisions.add(lane, job);
  }

  /** Without a job, a lane goes over bytes that are there: its result is of no interest. */
  #load(lane: number, job: Job | undefined): Job | undefined {
    this.#words[LAYOUT.pointers / 4 + lane] = job?.start ?? LAYOUT.arena;
    this.#setChain(lane, job?.chain ?? INITIAL_CHAIN);
    return job;
  }

  #setChain(lane: number, chain: Uint32Array): void {
    for (let word = 0; word < CHAIN_WORDS; word++) this.#words[this.#chainWord(lane, word)] = chain[word] as number;
  }

  #chainOf(lane: number): Uint32Array {
    return Uint32Array.from({ length: CHAIN_WORDS }, (_, word) => this.#words[this.#chainWord(lane, word)] as number);
  }

  /** Of most objects the chaining value is of no use any more. */
  #finishJob(lane: number, job: Job): void {
    if (job.ids) this.#writeId(lane, job.ids, job.idStart);
    if (!job.isLast || job.isSuspect || job.isAttack) job.chain = this.#chainOf(lane);
  }

  #writeId(lane: number, ids: Uint8Array, idStart: number): void {
    let at = idStart;
    for (let index = 0; index < CHAIN_WORDS; index++) {
      const word = this.#words[this.#chainWord(lane, index)] as number;
      ids[at++] = word >>> 24;
      ids[at++] = word >>> 16;
      ids[at++] = word >>> 8;
      ids[at++] = word;
    }
  }

  #chainWord(lane: number, word: number): number {
    return LAYOUT.chain / 4 + word * LANES + lane;
  }
}

function idOf(chain: Uint32Array): string {
  const id = new Uint8Array(CHAIN_WORDS * 4);
  const view = new DataView(id.buffer);
  chain.forEach((word, index) => void view.setUint32(index * 4, word));
  return toHex(id);
}
