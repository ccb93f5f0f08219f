/** Bytes that wait to be sent, in the pieces in which they came. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** A copy of `bytes` bytes from `offset` on, all of which are there. */
  peek(offset: number, bytes: number): Uint8Array {
    const result = new Uint8Array(bytes);
    let skip = offset;
    let filled = 0;
    for (const piece of this.#pieces) {
      if (filled === bytes) break;
      const part = piece.subarray(skip, skip + bytes - filled);
      result.set(part, filled);
      filled += part.length;
      skip = Math.max(0, skip - piece.length);
    }
    return result;
  }

  /** Forgets the first `bytes` bytes. */
  drop(bytes: number): void {
    this.#length -= bytes;
    let left = bytes;
    let whole = 0;
    while (left > 0 && left >= this.#pieces[whole]!.length) left -= this.#pieces[whole++]!.length;
    this.#pieces.splice(0, whole);
    if (left > 0) this.#pieces[0] = this.#pieces[0]!.subarray(left);
  }
}
