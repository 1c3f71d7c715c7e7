/** The part of WebAssembly's JavaScript interface used here: TypeScript has it in its browser libraries only. */
export {};

declare global {
  namespace WebAssembly {
    interface MemoryDescriptor {
      initial: number;
      maximum?: number;
      shared?: boolean;
    }
    class Memory {
      constructor(descriptor: MemoryDescriptor);
      readonly buffer: ArrayBuffer;
    }
    class Module {
      constructor(bytes: Uint8Array);
    }
    class Instance {
      constructor(module: Module, imports?: object);
    }
    class RuntimeError extends Error {}
    function compile(bytes: Uint8Array): Promise<Module>;
    function instantiate(source: Uint8Array | Module, imports?: object): Promise<unknown>;
  }
}
