/** Writes numbers one behind the other, the low byte first. */
export class LittleEndian {
  readonly bytes: Buffer;
  #end = 0;

  constructor(lengthBytes: number) {
    this.bytes = Buffer.alloc(lengthBytes);
  }

  u8(value: number): this {
    this.#end = this.bytes.writeUInt8(value, this.#end);
    return this;
  }

  u16(value: number): this {
    this.#end = this.bytes.writeUInt16LE(value, this.#end);
    return this;
  }

  u32(value: number): this {
    this.#end = this.bytes.writeUInt32LE(value, this.#end);
    return this;
  }

  u64(value: number): this {
    this.#end = this.bytes.writeBigUInt64LE(BigInt(value), this.#end);
    return this;
  }
}
