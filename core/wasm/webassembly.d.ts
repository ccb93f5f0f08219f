/** The part of the WebAssembly JavaScript API that Vivarium uses; neither Node's types nor ECMAScript's declare it. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean });
    readonly buffer: SharedArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Table {
    constructor(descriptor: { element: 'anyfunc'; initial: number; maximum?: number });
    readonly length: number;
    set(index: number, value: unknown): void;
  }
  class Global {
    constructor(descriptor: { value: 'i32' | 'i64'; mutable: boolean }, value: number | bigint);
  }
  function validate(bytes: Uint8Array): boolean;
}
